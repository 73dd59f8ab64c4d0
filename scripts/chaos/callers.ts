/**
 * The part of the chaos that calls: maps, iterations, single tasks and jobs, whose results are all checked.
 *
 * @module
 */

import { Pool } from "@sauropod/multiprocessing";
import type { Cluster } from "@sauropod/multiprocessing/cluster";
import type { Tally } from "../soak/tally.ts";
import type { Random } from "../stress/random.ts";
import { sumOf, work } from "./tasks.ts";

/** A task may be lost with each fault: they are many. */
const RETRIES = 1000;

/** Calls until the time is over. `other` is another program that finds the jobs of this one. */
export async function callCluster(
  caller: string,
  engine: Cluster,
  other: Cluster,
  random: Random,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  await using pool = new Pool({ engine, retries: RETRIES });
  const calls = { map, imap, apply, large, submit };
  let last = 0;
  while (!isOver()) {
    const kind = random.pick(Object.keys(calls) as (keyof typeof calls)[]);
    const items = Array.from(
      { length: random.int(1, 60) },
      (_, at) => [last + at, random.int(0, 40)] as const,
    );
    last += items.length;
    const what = `${kind} of ${caller}, items ${items[0][0]} to ${last - 1}`;
    tally.sent += items.length;
    await tally.watch(what, async () => {
      try {
        await calls[kind](items, what);
      } catch (error) {
        tally.lost.push(`${what}: ${error}`);
      }
    });
  }
  if (tally.hasFailed) pool.terminate(); // something may hang

  type Items = readonly (readonly [x: number, ms: number])[];

  /** Checks that each item has come, once, with its result. */
  function check(items: Items, results: readonly [at: number, result: unknown][], what: string) {
    const times = items.map(() => 0);
    for (const [at, result] of results) {
      times[at]++;
      const x = items[at]?.[0];
      if (result !== x * x + 1) tally.lost.push(`${what}: ${result} in place of that of ${x}`);
    }
    times.forEach((count, at) => {
      if (count === 1) tally.received++;
      else tally.lost.push(`${what}: item ${items[at][0]} came ${count} times`);
    });
  }

  async function map(items: Items, what: string) {
    let done = 0;
    const onProgress = (progress: { done: number }) => done = progress.done;
    const chunkSize = random.int(1, 10);
    const results = await pool.map(work, items, { chunkSize, onProgress });
    if (done !== items.length) tally.lost.push(`${what}: ${done} of ${items.length} were reported`);
    check(items, [...results.entries()], what);
  }

  async function imap(items: Items, what: string) {
    const results = await Array.fromAsync(pool.imap(work, items, { chunkSize: random.int(1, 5) }));
    check(items, [...results.entries()], what);
  }

  async function apply(items: Items, what: string) {
    const results = await Promise.all(items.map((item) => pool.apply(work, [item])));
    check(items, [...results.entries()], what);
  }

  /** Two items that are longer than a message may be. */
  async function large(items: Items, what: string) {
    const numbers = [1, 2].map((x) => new Float64Array(random.int(1, 3) << 18).fill(x));
    const sums = await pool.map(sumOf, numbers, { chunkSize: 1 });
    const wanted = numbers.map((list, at) => list.length * (at + 1));
    if (sums.join() !== wanted.join()) tally.lost.push(`${what}: ${sums} in place of ${wanted}`);
    await apply(items, what);
  }

  /** A job, whose results another program finds. */
  async function submit(items: Items, what: string) {
    const { id } = await engine.submit(work, items, { retries: RETRIES });
    const job = await other.attach<number>(id);
    const results: [number, unknown][] = [];
    for await (const result of job.arrivals()) {
      results.push([result.index, "value" in result ? result.value : result.error]);
    }
    check(items, results, what);
    await job.remove();
  }
}
