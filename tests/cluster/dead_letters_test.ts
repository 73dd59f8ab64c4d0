/**
 * Chunks that were given up, as nodes store them and callers read them.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import {
  deathHeader,
  deathsIn,
  readDeadLetters,
  withDeath,
} from "../../lib/cluster/dead_letters.ts";
import type { Link } from "../../lib/cluster/link.ts";
import { type Header, open, seal } from "../../lib/cluster/protocol.ts";

const key = new TextEncoder().encode("a key");

/** A link with these dead letters, by subject. */
function linkWith(letters: [subject: string, header: Header, secret?: Uint8Array][]): Link {
  return {
    async *dead() {
      for (const [subject, header, secret = key] of letters) {
        yield await Promise.resolve({ subject, data: seal(secret, subject, header) });
      }
    },
    open: (subject: string, data: Uint8Array) => open(key, subject, data),
  } as unknown as Link;
}

Deno.test("deaths in a header are the last hundred", () => {
  using time = new FakeTime(1000);
  const first = deathHeader("one", 3);
  assertEquals(first, { node: "one", exitCode: 3, at: 1000 });
  let deaths: Header[] = [first];
  for (let at = 0; at < 99; at++) deaths = withDeath(deaths, deathHeader(`node ${at}`, -9));
  assertEquals([deaths.length, deaths[0], deaths.at(-1)!.node], [100, first, "node 98"]);
  time.tick(1);
  deaths = withDeath(deaths, deathHeader("last", 1));
  assertEquals([deaths.length, deaths[0].node, deaths.at(-1)], [100, "node 0", {
    ...{ node: "last", exitCode: 1, at: 1001 },
  }]);
  assertEquals(deathsIn({ deaths }), deaths);
  assertEquals(deathsIn({}), []);
});

Deno.test("deathsIn() refuses what is no list of deaths, or too long a one", () => {
  const death = deathHeader("one", 1);
  assertEquals(deathsIn({ deaths: Array(100).fill(death) }).length, 100);
  for (const deaths of [5, {}, [null], [death, 1], ["x"], Array(101).fill(death)]) {
    assertThrows(() => deathsIn({ deaths }), CorruptMessageError, "its deaths are no list");
  }
});

Deno.test("readDeadLetters() returns who has lost which chunk, and when", async () => {
  const death = { node: "one", exitCode: -9, at: 2000 };
  const letters = await readDeadLetters(linkWith([
    ["mp.x.dead.me.7.3", { task: "fit", deaths: [death], lostNodes: 1, at: 3000 }],
    ["mp.x.dead.jobs.night=12.0", { task: "fit", deaths: [], lostNodes: 2, at: 4000 }],
  ]));
  assertEquals(letters, [
    {
      ...{ task: "fit", owner: "me", job: "7", chunk: 3, lostNodes: 1, at: new Date(3000) },
      deaths: [{ node: "one", exitCode: -9, at: new Date(2000) }],
    },
    {
      ...{ task: "fit", owner: "jobs", job: "night", chunk: 0, lostNodes: 2, at: new Date(4000) },
      deaths: [],
    },
  ]);
});

Deno.test("readDeadLetters() takes exit codes of all systems, and dates up to the last", async () => {
  const read = (death: Header) =>
    readDeadLetters(linkWith([
      ["mp.x.dead.me.7.3", { task: "fit", deaths: [death], lostNodes: 0, at: 1 }],
    ]));
  for (const exitCode of [-(2 ** 31), 0, 2 ** 32]) {
    const [{ deaths }] = await read({ node: "one", exitCode, at: 8.64e15 });
    assertEquals(deaths, [{ node: "one", exitCode, at: new Date(8.64e15) }]);
  }
  using print = stub(console, "error");
  const bad = [{ exitCode: 2 ** 32 + 1 }, { exitCode: -(2 ** 31) - 1 }, { at: 8.64e15 + 1 }];
  for (const wrong of bad) {
    assertEquals(await read({ node: "one", exitCode: 1, at: 1, ...wrong }), []);
  }
  assertEquals(print.calls.length, bad.length);
});

Deno.test("readDeadLetters() says which it refuses, and returns the others", async () => {
  using print = stub(console, "error");
  const letter = { task: "fit", deaths: [], lostNodes: 0, at: 1 };
  const letters = await readDeadLetters(linkWith([
    ["mp.x.dead.me.7.0", letter, new TextEncoder().encode("another key")],
    ["mp.x.dead.me.7.1", letter],
    ["mp.x.dead.me.7.2", { ...letter, task: 5 }],
  ]));
  assertEquals(letters.map(({ chunk }) => chunk), [1]);
  const said = print.calls.map(({ args: [text, error] }) => `${text} ${error.name}`);
  assertEquals(said, [
    "A dead letter was refused: AuthenticationError",
    "A dead letter was refused: CorruptMessageError",
  ]);
});

Deno.test("readDeadLetters() throws what is no matter of a letter", async () => {
  const link = linkWith([["mp.x.dead.me.7.0", { task: "fit", deaths: [], lostNodes: 0, at: 1 }]]);
  Object.assign(link, {
    open() {
      throw new RangeError("no memory");
    },
  });
  await assertRejects(() => readDeadLetters(link), RangeError, "no memory");
});
