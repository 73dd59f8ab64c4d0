/**
 * Curves of workers: how many there are, on the cores of this machine.
 *
 * @module
 */

import { Barrier, Pool, task } from "@sauropod/multiprocessing";
import { parallelReduceSync, stopTeam } from "@sauropod/multiprocessing/loops";
import * as tasks from "../tasks.ts";
import { type Curve, type Patience, timeOf, timeOfNow } from "./curve.ts";

const SIZES = [1, 2, 4, 8, 16, 32, 64];
/** Tasks at once. */
const TASKS = 20_000;
/** Indices of the short loop and of the long one. */
const [SHORT, LONG] = [1000, 10_000_000];
const MIB = 2 ** 20;

/** Waits until all workers have come here. */
const meet = task(import.meta, (barrier: Barrier) => void barrier.waitSync());

/** The curves of workers. */
export const WORKER_CURVES: readonly Curve[] = [
  {
    id: "workers_tasks",
    title: "a trivial task, of many at once",
    unit: "µs",
    plot: "workers",
    sizes: SIZES,
    async measure(size, patience) {
      await using pool = await startedPool(size);
      const run = () =>
        Promise.all(Array.from({ length: TASKS }, (_, x) => pool.apply(tasks.square, [x])));
      return await timeOf(run, forEach(size, patience)) / TASKS;
    },
  },
  {
    id: "workers_map",
    title: "`map` over 100,000 numbers",
    unit: "ms",
    plot: "workers",
    sizes: SIZES,
    async measure(size, patience) {
      await using pool = await startedPool(size);
      const numbers = Array.from({ length: 100_000 }, (_, at) => at);
      const run = () => pool.map(tasks.integrand, numbers);
      return await timeOf(run, forEach(size, patience)) / 1000;
    },
  },
  {
    id: "workers_start",
    title: "starting a worker",
    unit: "ms",
    plot: "start",
    sizes: SIZES,
    async measure(size) {
      const start = performance.now();
      await using _pool = await startedPool(size);
      return (performance.now() - start) / size;
    },
  },
  {
    id: "workers_memory",
    title: "memory of a worker",
    unit: "MiB",
    plot: "start",
    sizes: SIZES,
    async measure(size) {
      const before = Deno.memoryUsage().rss;
      await using _pool = await startedPool(size);
      return (Deno.memoryUsage().rss - before) / size / MIB;
    },
  },
  loopOf("threads_short", SHORT, "µs", 1),
  loopOf("threads_long", LONG, "ms", 1000),
];

/** Returns the patience for so many workers: each has to start, and to compile. */
function forEach(workers: number, { warmUpMs, repeatMs }: Patience): Patience {
  return { warmUpMs: warmUpMs * workers, repeatMs };
}

/** Starts a pool, and waits until each worker has run a task. */
async function startedPool(workers: number): Promise<Pool> {
  const pool = new Pool(workers);
  const barrier = new Barrier(workers);
  await pool.map(meet, Array(workers).fill(barrier), { chunkSize: 1 });
  return pool;
}

function loopOf(id: string, length: number, unit: string, microseconds: number): Curve {
  return {
    id,
    title: `\`parallelReduceSync\` over ${length.toLocaleString("en")} indices`,
    unit,
    plot: "threads",
    sizes: SIZES,
    async measure(size, patience) {
      const options = { combine: "+", numThreads: size } as const;
      const run = () => void parallelReduceSync(length, (i) => i * i - i, options);
      const time = timeOfNow(run, forEach(size, patience));
      await stopTeam();
      return time / microseconds;
    },
  };
}
