/**
 * What a connection publishes, and when.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import type { NatsConnection } from "../../lib/cluster/nats.ts";
import { Outbox } from "../../lib/cluster/outbox.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

/** A connection that collects what is published in each turn of the event loop. */
function connection() {
  const turns: string[][] = [[]];
  let isClosed = false;
  const publish = (subject: string) => turns.at(-1)!.push(subject);
  const fake = { isClosed: () => isClosed, publish } as unknown as NatsConnection;
  return {
    turns,
    outbox: new Outbox(fake),
    close: () => isClosed = true,
    async endTurn() {
      turns.push([]);
      await turnsOfAnyClock();
    },
  };
}

Deno.test("Outbox.publish() publishes the first message at once, and the others at the end of the turn", async () => {
  const { turns, outbox, endTurn } = connection();
  outbox.publish("1", "");
  await Promise.resolve();
  outbox.publish("2", "");
  outbox.publish("3", "");
  assertEquals(turns, [["1"]]);
  await endTurn();
  assertEquals(turns, [["1"], ["2", "3"]]);
  outbox.publish("4", "");
  await endTurn();
  await endTurn();
  outbox.publish("5", "");
  assertEquals(turns, [["1"], ["2", "3"], ["4"], ["5"]]);
  await endTurn();
});

Deno.test("Outbox.publishLater() publishes with the next message, or after a while", async () => {
  const { turns, outbox, endTurn } = connection();
  outbox.publishLater("1", "");
  outbox.publishLater("2", "");
  await endTurn();
  outbox.publish("3", "");
  outbox.publishLater("4", "");
  await endTurn();
  assertEquals(turns, [[], ["1", "2", "3"], []]);
  while (turns.flat().length < 4) await endTurn();
  assertEquals(turns.flat(), ["1", "2", "3", "4"]);
});

Deno.test("Outbox.publish() and flush() do nothing once the connection is closed", async () => {
  const { turns, outbox, endTurn, close } = connection();
  outbox.publishLater("1", "");
  close();
  outbox.publish("2", "");
  await endTurn();
  outbox.flush();
  assertEquals(turns.flat(), []);
});

Deno.test("Outbox says what the connection does not take, and publishes the rest", async () => {
  using print = stub(console, "error");
  const published: string[] = [];
  const failure = new RangeError("too long");
  const publish = (subject: string) => {
    if (subject === "2") throw failure;
    published.push(subject);
  };
  const outbox = new Outbox({ isClosed: () => false, publish } as unknown as NatsConnection);
  for (const subject of ["1", "2", "3"]) outbox.publishLater(subject, "");
  outbox.flush();
  assertEquals(published, ["1", "3"]);
  assertEquals(print.calls.map(({ args }) => args), [["Cannot publish 2:", failure]]);
  await turnsOfAnyClock();
  assertEquals(published.length, 2);
});
