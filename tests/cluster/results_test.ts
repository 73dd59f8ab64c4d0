/**
 * The results of a caller, which it takes one after the other.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import type { Deliveries, Delivery, Taker } from "../../lib/cluster/deliveries.ts";
import type { Link } from "../../lib/cluster/link.ts";
import { Results } from "../../lib/cluster/results.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

/** Results that the test delivers, and takes when it likes. */
async function played() {
  const log: string[] = [];
  let taker!: Taker;
  const deliveries = {
    asked: 0,
    ask(batch: number) {
      log.push(`ask ${batch}`);
      deliveries.asked += batch;
    },
    stop: () => log.push("stop"),
  };
  const link = {
    results: (owner: string, given: Taker) => {
      log.push(`results of ${owner}`);
      taker = given;
      return Promise.resolve(deliveries as unknown as Deliveries);
    },
  } as unknown as Link;
  const taken: PromiseWithResolvers<void>[] = [];
  const results = await Results.receive(link, "me", async ({ subject }) => {
    log.push(`take ${subject}`);
    const one = Promise.withResolvers<void>();
    taken.push(one);
    await one.promise;
  });
  return {
    ...{ log, results, deliveries, taken },
    expires: () => taker.expired(),
    deliver(name: string) {
      deliveries.asked--;
      taker.received({ subject: name, ack: () => log.push(`ack ${name}`) } as unknown as Delivery);
    },
  };
}

Deno.test("Results takes one result after the other, and forgets each when it was taken", async () => {
  const { log, deliver, taken, results } = await played();
  assertEquals(log.splice(0), ["results of me", "ask 1000"]);
  for (const name of ["a", "b"]) deliver(name);
  await turnsOfAnyClock();
  assertEquals(log.splice(0), ["take a"]);
  taken[0].resolve();
  await turnsOfAnyClock();
  assertEquals(log.splice(0), ["ack a", "take b"]);
  let hasStopped = false;
  const stopped = results.stop().then(() => hasStopped = true);
  await turnsOfAnyClock();
  assertEquals([log.splice(0), hasStopped], [["stop"], false]);
  taken[1].resolve();
  await stopped;
  assertEquals(log.splice(0), ["ack b"]);
  deliver("c"); // was on its way
  await turnsOfAnyClock();
  assertEquals(log, ["take c"]);
});

Deno.test("Results asks for more once not half of those are on the way or waiting", async () => {
  const { log, deliver, deliveries, expires, taken } = await played();
  log.length = 0;
  deliver("first"); // is being taken, the others wait
  await turnsOfAnyClock();
  assertEquals(log.splice(0), ["take first"]);
  for (let at = 0; at < 600; at++) deliver(`${at}`);
  deliveries.asked = 0;
  expires(); // 600 wait, which is more than half
  assertEquals(log, []);
  for (let at = 0; at < 99; at++) {
    taken[at].resolve();
    await turnsOfAnyClock();
  }
  assertEquals(log.filter((text) => text.startsWith("ask")), []); // 501 wait
  taken[99].resolve();
  await turnsOfAnyClock();
  assertEquals(log.filter((text) => text.startsWith("ask")), ["ask 500"]); // of 1000
});

Deno.test("Results says which results it cannot take, and goes on", async () => {
  using print = stub(console, "error");
  const { log, deliver, taken } = await played();
  const failure = new RangeError("no");
  deliver("a");
  await turnsOfAnyClock();
  taken[0].reject(failure);
  await turnsOfAnyClock();
  deliver("b");
  await turnsOfAnyClock();
  assertEquals(log.slice(2), ["take a", "ack a", "take b"]);
  assertEquals(print.calls.map(({ args }) => args), [["A result was refused:", failure]]);
});
