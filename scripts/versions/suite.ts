/**
 * A short program that uses the package in its main ways, for the versions of Deno that it supports. It
 * imports by relative paths, because older versions do not read everything in `deno.json`.
 *
 * @module
 */

import { Event, Lock, Pool, Process, Queue, task, ThreadPool, Value } from "../../mod.ts";
import { parallelReduce, parallelReduceSync, stopTeam } from "../../lib/loops/mod.ts";

const square = task(import.meta, (x: number) => x * x);
const failing = task(import.meta, (_: number): number => {
  throw new RangeError("on purpose");
});
const count = task(import.meta, (total: Value<"int32">, lock: Lock, queue: Queue<string>) => {
  for (let times = 0; times < 100; times++) {
    using _ = lock.acquireSync();
    total.value++;
  }
  queue.putSync("done");
});
const waitForEvent = task(import.meta, async (event: Event) => await event.wait());

function expect(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`);
}

async function suite(): Promise<void> {
  {
    await using pool = new Pool(2);
    expect("map", await pool.map(square, [1, 2, 3]), [1, 4, 9]);
    expect("mapSync", pool.mapSync(square, [1, 2, 3]), [1, 4, 9]);
    expect("a function of its own", await pool.apply((x: number) => x + 1, [1]), 2);
    const iterated: number[] = [];
    for await (const value of pool.imap(square, [1, 2, 3])) iterated.push(value);
    expect("imap", iterated, [1, 4, 9]);
    const error = await pool.apply(failing, [1]).then(() => undefined, (error) => error);
    expect("an error", [error instanceof RangeError, error.message], [true, "on purpose"]);
  }
  const [total, lock, queue] = [new Value("int32", 0), new Lock(), new Queue<string>()];
  const processes = [1, 2].map(() => new Process({ target: count, args: [total, lock, queue] }));
  for (const process of processes) process.start();
  expect("a queue", [await queue.get(), queue.getSync()], ["done", "done"]);
  for (const process of processes) await process.join();
  expect("a lock", total.value, 200);
  const event = new Event();
  const waiting = new Process({ target: waitForEvent, args: [event] });
  waiting.start();
  event.set();
  await waiting.join();
  expect("an exit code", waiting.exitCode, 0);
  const options = { combine: "+" } as const;
  expect("a loop", await parallelReduce(1000, (i: number) => i, options), 499_500);
  expect("a blocking loop", parallelReduceSync(1000, (i: number) => i, options), 499_500);
  await stopTeam();
  await using threads = new ThreadPool(2);
  expect("threads", await threads.map(async (x: number) => await x + 1, [1, 2]), [2, 3]);
}

if (import.meta.main) {
  await suite();
  console.log("all works"); // and the program must end by itself
}
