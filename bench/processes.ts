/**
 * Processes of the operating system beside workers: what it costs to have the one or the other.
 *
 * @module
 */

import { Event, Pool, Process } from "@sauropod/multiprocessing";
import { denoArgs } from "../scripts/process_args.ts";
import { type Contender, median, type Scenario, timed } from "./measure.ts";
import { compute, integrand, poll, same, square } from "./tasks.ts";

/** The options of both kinds. */
const kinds = [
  ["worker", {}],
  ["process", { startMethod: "process", denoArgs }],
] as const;

/** Returns the scenarios of workers and processes; a `scale` below 1 makes them smaller. */
export function processes(scale: number, repeats: number): Scenario[] {
  const awaited = Math.round(1000 * scale);
  const together = Math.round(20_000 * scale);
  const items = Math.round(1_000_000 * scale);
  const bytes = Math.round(64 * 2 ** 20 * scale);
  const numbers = Array.from({ length: items }, (_, i) => i / items);
  return [{
    name: "a worker or process, start to first result",
    unit: "ms",
    repeats,
    contenders: kinds.map(([kind, options]): Contender => [
      `Pool(1), ${kind}`,
      async () => {
        const start = performance.now();
        await using pool = new Pool({ processes: 1, ...options });
        await pool.apply(square, [1]);
        return (performance.now() - start) * 1000;
      },
    ]),
  }, {
    name: `one trivial task awaited, by a worker or process, p50 of ${awaited}`,
    unit: "us",
    repeats,
    contenders: inPools("Pool.apply", 1, async (pool) => {
      const times = [];
      for (let x = 0; x < awaited; x++) times.push(await timed(() => pool.apply(square, [x])));
      return median(times);
    }),
  }, {
    name: `${together} trivial tasks together, by 2 workers or processes`,
    unit: "ms",
    repeats,
    contenders: inPools("Pool.apply", 2, (pool) =>
      timed(() => {
        const answers = [];
        for (let x = 0; x < together; x++) answers.push(pool.apply(square, [x]));
        return Promise.all(answers);
      })),
  }, {
    name: `map over ${items} numbers, by 2 workers or processes`,
    unit: "ms",
    repeats,
    contenders: inPools("Pool.map", 2, (pool) => timed(() => pool.map(integrand, numbers))),
  }, {
    name: `${(bytes / 2 ** 20).toFixed()} MiB there and back, to a worker or process`,
    unit: "ms",
    repeats,
    contenders: inPools("Pool.apply", 1, async (pool) => {
      const array = new Uint8Array(bytes).fill(1);
      await pool.apply(same, [array]); // the first call needs new memory for each copy
      return await timed(() => pool.apply(same, [array]));
    }),
  }, {
    name: "kill of a worker or process, until it has ended",
    unit: "ms",
    repeats,
    contenders: [
      ["worker that polls", () => killed(poll)],
      ["process that computes", () => killed(compute, kinds[1][1])],
    ],
  }];
}

/** Returns contenders that run in a pool of each kind, whose workers have started. */
function inPools(
  what: string,
  processes: number,
  run: (pool: Pool) => Promise<number>,
): Contender[] {
  return kinds.map(([kind, options]) => [`${what}, ${kind}`, async () => {
    await using pool = new Pool({ processes, ...options });
    await pool.map(square, Array(processes * 4).fill(1), { chunkSize: 1 });
    return await run(pool);
  }]);
}

/** Returns how long it takes to kill a process that is busy, in microseconds. */
async function killed(target: (begun: Event) => unknown, options: object = {}): Promise<number> {
  const begun = new Event();
  const process = new Process({ target, args: [begun], ...options });
  process.start();
  await begun.wait();
  return await timed(() => {
    process.kill();
    return process.join();
  });
}
