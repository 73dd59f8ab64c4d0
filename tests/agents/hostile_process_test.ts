import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CorruptMessageError, Pool, WorkerDiedError } from "@sauropod/multiprocessing";
import { ChunkStatus } from "../../lib/pool/chunks/chunk.ts";
import { test } from "../fixtures/guarded.ts";
import { refused } from "./hostile_process.ts";
import { square } from "./process_tasks.ts";

/** A pool of one process that may only read what it runs, and in which a hostile program runs instead. */
function attacked(name: string, ...args: unknown[]): Pool {
  const root = new URL("../../", import.meta.url);
  return new Pool({
    processes: 1,
    startMethod: "process",
    permissions: { read: [root], env: ["ATTACK"] },
    env: { ATTACK: JSON.stringify([name, ...args]) },
    denoArgs: [`--preload=${new URL("hostile_process.ts", import.meta.url)}`],
  });
}

for (const name of Object.keys(refused)) {
  test(`an agent ends a process that sends ${name}`, async () => {
    await using pool = attacked(name);
    const error = await assertRejects(() => pool.apply(square, [3]), WorkerDiedError);
    assertInstanceOf(error.cause, CorruptMessageError);
  });
}

test("a result of random bytes settles its call, and changes nothing else", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const keys = Reflect.ownKeys(Object.prototype);
  for (let times = 0; times < 10; times++) {
    await using pool = attacked("random", seed + times);
    await Promise.allSettled([pool.apply(square, [3], { timeoutMs: 2000 })]);
    assertEquals(Reflect.ownKeys(Object.prototype), keys);
  }
});

test("a process can give its own call any result", async () => {
  await using pool = attacked("forge", ChunkStatus.DONE, "forged");
  assertEquals(await pool.apply<[number], unknown>(square, [3]), "forged");
});

for (const payload of [5, null, {}, { error: 1, index: -1 }, { error: 1, index: "0" }]) {
  test(`a failure that is none fails its call: ${JSON.stringify(payload)}`, async () => {
    await using pool = attacked("forge", ChunkStatus.FAILED, payload);
    await assertRejects(() => pool.apply(square, [3]), CorruptMessageError, "Cannot read result");
  });
}

test("a map fails if its results are too few, too many, or none", async () => {
  for (const forged of [[], [1], [1, 2, 3], "no array", { length: 2 }]) {
    await using pool = attacked("forge", ChunkStatus.DONE, forged);
    await assertRejects(() => pool.map(square, [1, 2], { chunkSize: 2 }), CorruptMessageError);
  }
});

test("an iteration fails if its outcomes are none", async () => {
  const failure = { error: 1, index: 2 ** 31 };
  const all = [
    [1, 2],
    { results: [1], failures: [] },
    { results: [1, 2], failures: 5 },
    { results: [1, 2], failures: [failure] },
    { results: [1, 2], failures: [{ ...failure, index: 0, by: 5 }] },
  ];
  for (const forged of all) {
    await using pool = attacked("forge", ChunkStatus.DONE, forged);
    const iterator = pool.imap(square, [1, 2], { chunkSize: 2 });
    await assertRejects(() => Array.fromAsync(iterator), CorruptMessageError);
  }
});

test("a process that names an item that its chunk does not have loses its own items only", async () => {
  await using pool = attacked("item", 2 ** 31 - 1);
  const iterator = pool.imap(square, [1, 2], { chunkSize: 2 });
  for (let item = 0; item < 2; item++) {
    await assertRejects(() => iterator.next(), WorkerDiedError);
  }
  assertEquals((await iterator.next()).done, true);
});

test("a process cannot break its pool once it has answered", async () => {
  await using pool = attacked("failedInitializer");
  assertEquals(await pool.apply<[number], unknown>(square, [3]), 1);
  assertEquals(await pool.apply<[number], unknown>(square, [3]).catch(() => "failed"), "failed");
  await assertRejects(() => pool.apply(square, ["no" as never]), WorkerDiedError); // not InitializerError
});

test("a process that goes on when it has no more to do is ended", async () => {
  const pool = attacked("stay");
  assertEquals(await pool.apply<[number], unknown>(square, [3]), 1);
  pool.close();
  await pool.join();
});

test("a process that keeps chunks which are recalled is ended, and they are run elsewhere", async () => {
  await using pool = attacked("keep", 200);
  const calls = Array.from({ length: 300 }, () => pool.apply<[number], unknown>(square, [3]));
  const results = await Promise.all(calls.map((call) => call.catch((error: Error) => error.name)));
  const lost = results.filter((result) => result !== "answered");
  assertEquals(lost, ["WorkerDiedError"]);
});
