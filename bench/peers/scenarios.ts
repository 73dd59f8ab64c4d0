/**
 * What is measured of each pool. `python/pools.py` has the same scenarios for Python.
 *
 * @module
 */

import { median, timed } from "../measure.ts";
import type { Movable, Pool, StartPool } from "./pool.ts";

/** What a run of a scenario measures, in the unit of the scenario. */
export interface Measurement {
  value: number;
  note?: string;
}

/** A scenario. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  readonly size: number;
  readonly quickSize: number;
  /** Runs it in a process of its own. Returns undefined if the pool does not offer this. */
  run(start: StartPool, size: number): Promise<Measurement | undefined>;
}

/** The number of workers. */
const WORKERS = 2;
/** Repeated runs in one process stop after so many, or as soon as so much time has passed. */
const MAX_RUNS = 7;
const MAX_RUNS_MS = 1000;
/** How long an aborted call, and the call after it, may take. */
const ABORT_LIMIT_MS = 5000;
/** How often the loop of one of the long tasks runs: about 40 ms. */
const WORK = 36_000_000;
const MIB = 2 ** 20;

/** All scenarios, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  {
    id: "start",
    title: "start to first result",
    unit: "ms",
    better: "less",
    size: 1,
    quickSize: 1,
    run: async (start) => ({ value: await milliseconds(async () => call(await start(WORKERS))) }),
  },
  {
    id: "awaited",
    title: "one trivial task awaited",
    unit: "µs",
    better: "less",
    size: 2000,
    quickSize: 20,
    run: withPool(async (pool, size) => {
      const times = [];
      for (let at = 0; at < size; at++) times.push(await timed(() => call(pool)));
      return { value: median(times) };
    }),
  },
  {
    id: "together",
    title: "100,000 trivial tasks together",
    unit: "tasks/s",
    better: "more",
    size: 100_000,
    quickSize: 500,
    run: withPool(async (pool, size) => {
      await together(pool, size / 10);
      return { value: size / await milliseconds(() => together(pool, size)) * 1000 };
    }),
  },
  {
    id: "map",
    title: "map over 1,000,000 numbers",
    unit: "ms",
    better: "less",
    size: 1_000_000,
    quickSize: 1000,
    run: withPool((pool, size) => {
      const numbers = Array.from({ length: size }, (_, at) => at / size);
      return repeated(async () => {
        const results = await (pool.map?.("integrand", numbers) ?? mapInChunks(pool, numbers));
        if (results.length !== size) throw new Error("wrong results");
      });
    }),
  },
  thereAndBack(
    "copied",
    "64 MiB of numbers there and back, copied",
    8 * MIB,
    (size) => new Float64Array(size).fill(1),
  ),
  {
    id: "moved",
    title: "64 MiB of numbers there and back, moved",
    unit: "ms",
    better: "less",
    size: 8 * MIB,
    quickSize: 1000,
    run: withPool((pool, size) => moved(pool, new Float64Array(size).fill(1))),
  },
  thereAndBack(
    "shared",
    "64 MiB of numbers there and back, shared",
    8 * MIB,
    (size) => new Float64Array(new SharedArrayBuffer(size * 8)),
  ),
  {
    id: "bytes",
    title: "8 MiB of bytes there and back, moved if possible",
    unit: "ms",
    better: "less",
    size: 8 * MIB,
    quickSize: 1000,
    run: withPool(async (pool, size) => {
      const array = new Uint8Array(size).fill(1);
      return await moved(pool, array) ??
        { ...await repeated(() => pool.call("same", array)), note: "copied" };
    }),
  },
  thereAndBack(
    "strings",
    "200,000 strings of 100 characters there and back",
    200_000,
    (size) => Array.from({ length: size }, (_, at) => String(at).padEnd(100, "x")),
  ),
  thereAndBack(
    "objects",
    "100,000 small objects there and back",
    100_000,
    (size) =>
      Array.from({ length: size }, (_, id) => ({
        id,
        name: `item ${id}`,
        price: id / 3,
        isNew: id % 2 === 0,
      })),
  ),
  {
    id: "abort",
    title: "abort a task that computes, until the next result",
    unit: "ms",
    better: "less",
    size: 1,
    quickSize: 1,
    run: async (start) => {
      const pool = await start(1);
      await call(pool);
      if (pool.callUntil === undefined) return undefined;
      const stop = new AbortController();
      const aborted = pool.callUntil("endless", null, stop.signal).then(() => {}, () => {});
      await new Promise((resolve) => setTimeout(resolve, 50)); // it computes
      return {
        value: await milliseconds(async () => {
          stop.abort();
          await limited(aborted, "the aborted call");
          await limited(call(pool), "the next call");
        }),
      };
    },
  },
  {
    id: "efficiency",
    title: "100 tasks of 40 ms: share of two cores that computes",
    unit: "",
    better: "more",
    size: 100,
    quickSize: 4,
    run: withPool(async (pool, size) => {
      let sum = 0;
      const wall = await milliseconds(async () => {
        const tasks = Array.from({ length: size }, () => pool.call("work", WORK));
        for (const time of await Promise.all(tasks) as number[]) sum += time;
      });
      return { value: sum / (WORKERS * wall) };
    }),
  },
];

/** Returns how long it takes, in milliseconds. */
async function milliseconds(run: () => unknown): Promise<number> {
  return await timed(run) / 1000;
}

/** Calls a trivial task. */
async function call(pool: Pool): Promise<void> {
  if (await pool.call("square", 3) !== 10) throw new Error("wrong result");
}

/** Calls trivial tasks at once, and compares the results. */
async function together(pool: Pool, size: number): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: size }, (_, x) => pool.call("square", x)),
  );
  if (results.some((result, x) => result !== x * x + 1)) throw new Error("wrong results");
}

/** Maps with four chunks for each worker. */
async function mapInChunks(pool: Pool, items: number[]): Promise<unknown[]> {
  const size = Math.ceil(items.length / (4 * WORKERS));
  const chunks = [];
  for (let from = 0; from < items.length; from += size) {
    chunks.push(pool.call("integrands", items.slice(from, from + size)));
  }
  return (await Promise.all(chunks) as unknown[][]).flat();
}

/** Returns a run in a pool whose workers have started. */
function withPool(
  run: (pool: Pool, size: number) => Promise<Measurement | undefined>,
): Scenario["run"] {
  return async (start, size) => {
    const pool = await start(WORKERS);
    await pool.warmUp?.();
    for (let round = 0; round < 100; round++) {
      await Promise.all(Array.from({ length: 2 * WORKERS }, () => call(pool)));
    }
    return await run(pool, size);
  };
}

/** Repeats a run, after one to warm up, and returns the median time. */
async function repeated(run: () => Promise<unknown>): Promise<Measurement> {
  await run();
  const times = [];
  const end = performance.now() + MAX_RUNS_MS;
  while (times.length === 0 || (times.length < MAX_RUNS && performance.now() < end)) {
    times.push(await milliseconds(run));
  }
  return { value: median(times) };
}

/** Returns the scenario of a value that goes to a worker and back. */
function thereAndBack(
  id: string,
  title: string,
  size: number,
  make: (size: number) => { length: number },
): Scenario {
  return {
    id,
    title,
    unit: "ms",
    better: "less",
    size,
    quickSize: 1000,
    run: withPool(async (pool, size) => {
      const value = make(size);
      const back = await pool.call("same", value) as typeof value;
      if (value.length === 0) return undefined; // it was moved: the pool does not copy
      if (back.length !== size) throw new Error("wrong result");
      return await repeated(() => pool.call("same", value));
    }),
  };
}

/** Moves an array to a worker and back. Returns undefined if the pool does not move. */
async function moved(pool: Pool, array: Movable): Promise<Measurement | undefined> {
  if (pool.move === undefined) return undefined;
  const { length } = array;
  const measurement = await repeated(async () => array = await pool.move!(array));
  if (array.length !== length) throw new Error("wrong result");
  return pool.moveNote === undefined ? measurement : { ...measurement, note: pool.moveNote };
}

/** Waits, but not for ever. */
async function limited(wait: Promise<unknown>, what: string): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const hung = new Error(`hung: ${what} did not end within ${ABORT_LIMIT_MS / 1000} s`);
  const timer = setTimeout(() => reject(hung), ABORT_LIMIT_MS);
  await Promise.race([wait, promise]);
  clearTimeout(timer);
}
