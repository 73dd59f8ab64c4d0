/**
 * The part of a soak test that calls pools, executors and `Parallel` with items that fail in all ways.
 *
 * Each item must come to one end: its answer, or an error that its fault, or that of another item in
 * the same worker or call, explains.
 *
 * @module
 */

import {
  CancelledError,
  MaybeEncodingError,
  Pool,
  ThreadPool,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { BrokenExecutor, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { isBuilt } from "../process_args.ts";
import type { Random } from "../stress/random.ts";
import { faultsIn, poolOptions, rarity, type Runner } from "./runners.ts";
import { type Answer, type Fault, type Item, nested, SoakError, work } from "./tasks.ts";
import type { Tally } from "./tally.ts";

/** Faults that need a time limit. */
const ENDLESS: readonly Fault[] = ["hang", "compute", "compute for ever", "stop process"];
/** Faults after which there is no answer. */
const NO_ANSWER: readonly Fault[] = [
  "throw",
  "exit",
  "hang",
  "fill heap",
  "compute for ever",
  "kill process",
  "kill process, leave subprocess",
];

/** Time limit of a task that may hang, in milliseconds. */
const LIMIT_MS = 200;

let lastId = 0;

/** Draws an item; one in `times` has a fault that is possible where it runs. */
function drawItem(random: Random, tally: Tally, times: number, runner: Runner): Item {
  const fault = random.perhaps(times * rarity[runner], faultsIn[runner]) ?? "none";
  if (fault !== "none") tally.fault(fault);
  tally.sent++;
  return {
    id: ++lastId,
    fault,
    ms: random.perhaps(4, [1, 5]) ?? 0,
    bytes: random.perhaps(8, [1000, 100_000, 4_000_000]) ?? 0,
  };
}

/** Draws an item without a fault. */
function drawCalm(random: Random, tally: Tally): Item {
  return drawItem(random, tally, Infinity, "worker");
}

/** Takes note of the end of one item. */
function settle(
  tally: Tally,
  items: readonly Item[],
  item: Item,
  outcome: Answer | { error: unknown },
) {
  if (!("error" in outcome)) {
    if (outcome.id === item.id && !NO_ANSWER.includes(item.fault)) tally.received++;
    else tally.lost.push(`item ${item.id} (${item.fault}) was answered with ${outcome.id}`);
    return;
  }
  const { error } = outcome;
  const isExpected = error instanceof SoakError || error instanceof WorkerDiedError ||
    error instanceof MaybeEncodingError || error instanceof TimeoutError ||
    error instanceof CancelledError || error instanceof BrokenExecutor ||
    (error as Error)?.name === "AbortError";
  if (!isExpected) {
    tally.lost.push(`item ${item.id} (${item.fault}) failed with ${String(error)}`);
    return;
  }
  tally.failed++;
  if (items.every(({ fault }) => fault === "none")) tally.hit++;
}

/** Draws the options of a call with these items. */
function limits(items: readonly Item[], random: Random) {
  const isEndless = items.some(({ fault }) => ENDLESS.includes(fault));
  return {
    ...isEndless || random.oneIn(4) ? { timeoutMs: LIMIT_MS } : {},
    ...random.oneIn(4) ? { retries: random.int(0, 2) } : {},
  };
}

/** Calls a pool once. */
async function callOnce(
  pool: Pool,
  random: Random,
  tally: Tally,
  runner: Runner,
): Promise<void> {
  const draw = () => drawItem(random, tally, 5, runner);
  const way = random.int(0, 5);
  const items = Array.from({ length: way < 2 ? 1 : random.int(1, 20) }, draw);
  const options = limits(items, random);
  const chunkSize = random.pick([1, 2, 7]);
  const settleAll = (outcome: Answer[] | { error: unknown }) => {
    items.forEach((item, at) => {
      settle(tally, items, item, "error" in outcome ? outcome : outcome[at]);
    });
  };
  const all = (promise: PromiseLike<Answer[]>) =>
    promise.then(settleAll, (error) => settleAll({ error }));
  const what = `${["apply", "applyAsync", "map", "mapAsync", "imap", "imapUnordered"][way]} of ` +
    `${items.map(({ id, fault }) => `${id} ${fault}`)} in a ${runner}`;
  await tally.watch(what, async () => {
    if (way === 0) await all(pool.apply(work, [items[0]], options).then((answer) => [answer]));
    else if (way === 1) {
      const result = pool.applyAsync(work, [items[0]], options);
      if (random.oneIn(4)) {
        tally.fault("cancel");
        setTimeout(() => result.cancel(), random.int(0, 5));
      }
      await all(result.then((answer) => [answer]));
    } else if (way === 2) {
      const aborting = new AbortController();
      if (random.oneIn(4)) {
        tally.fault("abort");
        setTimeout(() => aborting.abort(), random.int(0, 20));
      }
      await all(pool.map(work, items, { ...options, chunkSize, signal: aborting.signal }));
    } else if (way === 3) await all(pool.mapAsync(work, items, { ...options, chunkSize }));
    else await iterate(pool, items, { ...options, chunkSize }, way === 4, random, tally);
  });
}

async function iterate(
  pool: Pool,
  items: Item[],
  options: object,
  ordered: boolean,
  random: Random,
  tally: Tally,
): Promise<void> {
  const iterator = ordered
    ? pool.imap(work, items, options)
    : pool.imapUnordered(work, items, options);
  const leaveAt = random.oneIn(8) ? random.int(0, items.length) : Infinity;
  let count = 0;
  for (; count < leaveAt; count++) {
    let outcome: Answer | { error: unknown };
    try {
      const next = await iterator.next();
      if (next.done) break;
      outcome = next.value;
    } catch (error) {
      outcome = { error };
    }
    const id = "error" in outcome ? undefined : outcome.id;
    settle(
      tally,
      items,
      ordered || id === undefined ? items[count] : items.find((it) => it.id === id)!,
      outcome,
    );
  }
  if (count < leaveAt && count < items.length) {
    tally.lost.push(
      `${items.length - count} items of an iteration over ${items.map(({ id }) => id)}`,
    );
  } else if (count < items.length) {
    tally.fault("left iteration");
    tally.failed += items.length - count;
    await iterator.return?.();
  }
}

/** Calls one pool until the end. */
export async function callPool(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
  runner: Runner,
): Promise<void> {
  const Kind = runner === "thread" ? ThreadPool : Pool;
  const options = { processes: random.int(1, 3), graceMs: 50, ...poolOptions[runner] };
  let pool = new Kind(options) as Pool;
  while (!isOver()) {
    await Promise.all(
      Array.from({ length: random.int(1, 4) }, () => callOnce(pool, random, tally, runner)),
    );
    if (runner === "process" && await isBroken(pool)) {
      tally.fault("broken pool");
      pool.terminate();
      pool = new Kind(options) as Pool;
    }
  }
  await tally.watch("the map after all faults", async () => {
    const items = Array.from({ length: 50 }, () => drawCalm(random, tally));
    for (let tries = 0;; tries++) {
      try {
        const answers = await pool.map(work, items);
        items.forEach((item, at) => settle(tally, items, item, answers[at]));
        return;
      } catch (error) { // a late error of the last task
        if (tries === 3 || !(error instanceof WorkerDiedError)) throw error;
      }
    }
  });
  await tally.watch("close and join", async () => {
    pool.close();
    await pool.join();
  });
}

/** Whether a pool has been given up, because three processes in a row were killed before they ran anything. */
function isBroken(pool: Pool): Promise<boolean> {
  return pool.apply(Math.sqrt, [1]).then(
    () => false,
    (error) => (error as Error).message.includes("The workers of the pool do not start"),
  );
}

/** Makes pools, and ends them in every way, with calls that have not ended. */
export async function churnPools(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
  runner: Runner,
): Promise<void> {
  while (!isOver()) {
    const pool = new Pool({
      processes: random.int(1, 3),
      graceMs: 50,
      ...random.oneIn(4) ? { maxTasksPerChild: random.int(1, 3) } : {},
      ...random.oneIn(4) && runner === "worker" ? { startMethod: "forkserver" as const } : {},
      ...poolOptions[runner],
    });
    const draw = () => drawItem(random, tally, 8, runner);
    const items = Array.from({ length: random.int(1, 10) }, draw);
    const options = { ...limits(items, random), timeoutMs: LIMIT_MS };
    const way = random.int(0, 2);
    const result = pool.map(work, items, options).then(
      (answers) => items.forEach((item, at) => settle(tally, items, item, answers[at])),
      (error) => {
        if (way === 1 && (error as Error).name === "TerminatedError") tally.failed += items.length;
        else items.forEach((item) => settle(tally, items, item, { error }));
      },
    );
    await tally.watch(`the end of a pool, way ${way}`, async () => {
      if (way === 0) {
        pool.close();
        await pool.join();
      } else if (way === 1) {
        tally.fault("terminate pool");
        pool.terminate();
        await pool.join();
      } // else it is forgotten
      await result;
    });
  }
}

/** Calls executors and `Parallel`, and pools in pools. */
export async function callOthers(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
  runner: Runner,
): Promise<void> {
  const options = { maxWorkers: 2, timeoutMs: LIMIT_MS, graceMs: 50, ...poolOptions[runner] };
  let executor = new ProcessPoolExecutor(options);
  const submit = async <T, R>(target: (item: T) => R, item: T) => {
    try {
      return await executor.submit(target, item);
    } catch (error) {
      return { error };
    }
  };
  while (!isOver()) {
    const draw = () => drawItem(random, tally, 6, runner);
    const items = Array.from({ length: random.int(1, 10) }, draw);
    await tally.watch(
      `an executor with ${items.map(({ id, fault }) => `${id} ${fault}`)}`,
      async () => {
        const ends = await Promise.all(items.map((item) => submit(work, item)));
        items.forEach((item, at) => settle(tally, items, item, ends[at]));
        if (!ends.some((end) => "error" in end && end.error instanceof BrokenExecutor)) return;
        tally.fault("broken executor");
        executor = new ProcessPoolExecutor(options);
      },
    );
    // `Parallel` passes no arguments to Deno, which processes would need to find the build.
    if (runner !== "process" || !isBuilt) await callParallel(random, tally);
    const inner = Array.from({ length: 4 }, () => drawCalm(random, tally));
    await tally.watch("a pool in a pool", async () => {
      const ids = await submit(nested, inner);
      inner.forEach((item, at) => {
        settle(tally, inner, item, "error" in ids ? ids : { id: ids[at], bytes: new Uint8Array() });
      });
    });
  }
  await tally.watch("the end of the executor", () => executor.shutdown());
}

/** Calls `Parallel`, which has no time limits. */
async function callParallel(random: Random, tally: Tally): Promise<void> {
  const calm = Array.from({ length: random.int(1, 20) }, () => ({
    ...drawCalm(random, tally),
    fault: random.perhaps<Fault>(10, ["throw", "exit", "error outside"]) ?? "none" as const,
  }));
  await tally.watch("Parallel", async () => {
    try {
      const answers = await Parallel({ nJobs: 2 })(calm.map((item) => delayed(work)(item)));
      calm.forEach((item, at) => settle(tally, calm, item, answers[at]));
    } catch (error) {
      calm.forEach((item) => settle(tally, calm, item, { error }));
    }
  });
}
