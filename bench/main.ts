/**
 * Compares the package with plain loops, two hand-written workers with `postMessage`, and Python, in one
 * run.
 *
 *     deno task bench [--quick] [--only=name] [--python=python3]
 *
 * Each scenario runs its contenders in turn, several times. The table shows medians, and the median of
 * the ratios of neighbouring runs, which remains valid when the speed of the machine drifts.
 *
 * @module
 */

import { constant, Lock, Pool, Process, Queue } from "@sauropod/multiprocessing";
import { parseArgs } from "@std/cli/parse-args";
import { loops } from "./loops.ts";
import { measure, median, type Scenario, timed, timedNow } from "./measure.ts";
import { processes } from "./processes.ts";
import { Peer, pythonContender } from "./python_peer.ts";
import { RawWorkers } from "./raw.ts";
import { consume, elementAt, integrand, produce, same, square } from "./tasks.ts";
import { texts } from "./texts.ts";

const HELP = `
Compares the package with plain loops, two hand-written workers, and Python.

deno task bench [--quick] [--only=name] [--python=python3]

--quick   small sizes and few repeats: whether it runs, not how fast
--only    only the scenarios whose name contains this
--python  a Python with numpy and numba, to compare with`;

async function main(): Promise<void> {
  const { help, quick, only, python: executable } = parseArgs(Deno.args, {
    boolean: ["help", "quick"],
    string: ["only", "python"],
    default: { python: "python3" },
  });
  if (help) return console.log(HELP.trim());
  const scale = quick ? 0.02 : 1;
  console.log(`Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores`);
  if (quick) console.log("--quick: the sizes are tiny, and the times say nothing about the speed");
  await using python = await Peer.start(executable);
  if (python === undefined) console.log(`${executable} is not a Python with numpy and numba`);
  using raw = new RawWorkers(2);
  await using pool = new Pool(2);
  await askBoth(raw);
  await pool.map(square, Array(1000).fill(1), { chunkSize: 1 });

  const scenarios = [
    ...starting(quick ? 2 : 9),
    ...tasks(raw, pool, Math.round(2000 * scale), Math.round(100_000 * scale), quick ? 2 : 7),
    ...data(
      raw,
      pool,
      python,
      Math.round(1_000_000 * scale),
      Math.round(8_388_608 * scale),
      quick ? 2 : 9,
    ),
    ...streams(raw, Math.round(300_000 * scale), quick ? 2 : 7),
    ...texts(raw, pool, scale, quick ? 2 : 7),
    ...processes(scale, quick ? 2 : 5),
    lockAlone(Math.round(2_000_000 * scale), quick ? 2 : 7),
    ...loops(raw, python, scale, quick ? 2 : 9),
  ];
  for (const scenario of scenarios) {
    if (only === undefined || scenario.name.includes(only)) await measure(scenario);
  }
}

/** Waits for a trivial task on each of two workers. */
async function askBoth(raw: RawWorkers): Promise<void> {
  await Promise.all([1, 2].map((x) => raw.request((id) => ({ kind: "task", id, x }))));
}

function starting(repeats: number): Scenario[] {
  return [{
    name: "2 workers, start to first result",
    unit: "ms",
    repeats,
    contenders: [
      ["postMessage, both workers", async () => {
        const start = performance.now();
        using raw = new RawWorkers(2);
        await askBoth(raw);
        return (performance.now() - start) * 1000;
      }],
      ["Pool, first result", async () => {
        const start = performance.now();
        await using pool = new Pool(2);
        await pool.apply(square, [1]);
        return (performance.now() - start) * 1000;
      }],
      ["Pool, both workers", async () => {
        const start = performance.now();
        await using pool = new Pool(2);
        await pool.map(square, [1, 2], { chunkSize: 1 });
        return (performance.now() - start) * 1000;
      }],
    ],
  }];
}

function tasks(
  raw: RawWorkers,
  pool: Pool,
  roundTrips: number,
  together: number,
  repeats: number,
): Scenario[] {
  return [{
    name: `one trivial task awaited, p50 of ${roundTrips}`,
    unit: "us",
    repeats,
    contenders: [
      ["postMessage", async () => {
        const times = [];
        for (let x = 0; x < roundTrips; x++) {
          times.push(await timed(() => raw.request((id) => ({ kind: "task", id, x }))));
        }
        return median(times);
      }],
      ["Pool.apply", async () => {
        const times = [];
        for (let x = 0; x < roundTrips; x++) {
          times.push(await timed(() => pool.apply(square, [x])));
        }
        return median(times);
      }],
      ["Pool.applySync", () => {
        const times = [];
        for (let x = 0; x < roundTrips; x++) {
          times.push(timedNow(() => pool.applySync(square, [x])));
        }
        return median(times);
      }],
    ],
  }, {
    name: `${together} trivial tasks together`,
    unit: "ms",
    repeats,
    contenders: [
      ["postMessage", () =>
        timed(() => {
          const answers = [];
          for (let x = 0; x < together; x++) {
            answers.push(raw.request((id) => ({ kind: "task", id, x })));
          }
          return Promise.all(answers);
        })],
      ["Pool.apply", () =>
        timed(() => {
          const answers = [];
          for (let x = 0; x < together; x++) answers.push(pool.apply(square, [x]));
          return Promise.all(answers);
        })],
    ],
  }];
}

function data(
  raw: RawWorkers,
  pool: Pool,
  python: Peer | undefined,
  items: number,
  floats: number,
  repeats: number,
): Scenario[] {
  const numbers = Array.from({ length: items }, (_, i) => i / items);
  const array = new Float64Array(floats).fill(1);
  const shared = new Float64Array(new SharedArrayBuffer(floats * 8));
  const each = async (run: () => Promise<unknown>) =>
    await timed(async () => {
      for (let time = 0; time < 20; time++) await run();
    }) / 20;
  const mebibytes = Math.round(floats / 131_072);
  return [{
    name: `map over ${items} numbers`,
    unit: "ms",
    repeats,
    contenders: [
      ["postMessage, 8 chunks", () =>
        timed(async () => {
          const size = Math.ceil(items / 8);
          const answers = [];
          for (let at = 0; at < items; at += size) {
            const chunk = numbers.slice(at, at + size);
            answers.push(raw.request((id) => ({ kind: "chunk", id, items: chunk })));
          }
          return (await Promise.all(answers) as number[][]).flat();
        })],
      ["Pool.map", () => timed(() => pool.map(integrand, numbers))],
      ["Pool.mapSync", () => timed(() => pool.mapSync(integrand, numbers))],
      ["Array.map", () => timed(() => numbers.map((x) => x * x - x))],
      ...pythonContender(python, "Python, Pool.map", "map", items),
    ],
  }, {
    name: `Float64Array of ${mebibytes} MiB there and back`,
    unit: "ms",
    repeats,
    contenders: [
      [
        "postMessage, copied",
        () => timed(() => raw.request((id) => ({ kind: "array", id, array }))),
      ],
      ["Pool.apply, copied", () => timed(() => pool.apply(same, [array]))],
      [
        "postMessage, shared",
        () => each(() => raw.request((id) => ({ kind: "array", id, array: shared }))),
      ],
      ["Pool.apply, shared", () => each(() => pool.apply(same, [shared]))],
      ...pythonContender(python, "Python, Pool.apply", "array", floats),
    ],
  }, tasksWithArray(pool, Math.round(floats / 8), repeats)];
}

/** Tasks that take the same array. */
function tasksWithArray(pool: Pool, floats: number, repeats: number): Scenario {
  const run = (array: Float64Array) => {
    const calls = Array.from({ length: 32 }, (_, at) => [at, array] as const);
    return timed(() => pool.starmap(elementAt, calls, { chunkSize: 1 }));
  };
  const array = new Float64Array(floats).fill(1);
  const once = constant(array.slice());
  return {
    name: `32 tasks with an array of ${floats} numbers`,
    unit: "ms",
    repeats,
    contenders: [
      ["copied for each", () => run(array)],
      ["constant, the first time", () => run(constant(array.slice()))],
      ["constant, later", () => run(once)],
    ],
  };
}

function streams(raw: RawWorkers, count: number, repeats: number): Scenario[] {
  const producer = async (take: (queue: Queue<number>) => Promise<number> | number) => {
    const queue = new Queue<number>();
    const process = new Process({ target: produce, args: [queue, count] });
    process.start();
    await queue.get();
    const time = await take(queue);
    await process.join();
    return time;
  };
  return [{
    name: `${count} numbers from one worker to the main isolate, per number`,
    unit: "us",
    repeats,
    contenders: [
      ["postMessage", async () => await timed(() => raw.stream(count)) / count],
      ["Queue, blocking", () =>
        producer((queue) =>
          timedNow(() => {
            for (let i = 1; i < count; i++) queue.getSync();
          }) / count
        )],
      ["Queue, async", () =>
        producer(async (queue) =>
          await timed(async () => {
            for (let i = 1; i < count; i++) await queue.get();
          }) / count
        )],
      ["Queue, worker to worker", async () => {
        const [queue, done] = [new Queue<number>(), new Queue<number>()];
        const consumer = new Process({ target: consume, args: [queue, done, count] });
        const sender = new Process({ target: produce, args: [queue, count] });
        consumer.start();
        sender.start();
        const time = await done.get() * 1000 / count;
        await Promise.all([consumer.join(), sender.join()]);
        return time;
      }],
    ],
  }];
}

function lockAlone(count: number, repeats: number): Scenario {
  const lock = new Lock();
  const word = new Int32Array(new SharedArrayBuffer(4));
  return {
    name: `Lock without contention, acquire and release, ${count} times`,
    unit: "us",
    repeats,
    contenders: [
      ["two compare-exchanges", () =>
        timedNow(() => {
          for (let i = 0; i < count; i++) {
            Atomics.compareExchange(word, 0, 0, 1);
            Atomics.compareExchange(word, 0, 1, 0);
          }
        }) / count],
      ["acquireSync, release", () =>
        timedNow(() => {
          for (let i = 0; i < count; i++) {
            lock.acquireSync();
            lock.release();
          }
        }) / count],
    ],
  };
}

if (import.meta.main) await main();
