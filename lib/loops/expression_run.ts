/**
 * Array expressions on the team: one loop for most, two for a prefix sum.
 *
 * How the elements are cut up depends on their number alone, and what the pieces give is put
 * together in their order. So results are the same, bit for bit, whatever the number of threads.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { compileLoop, type Fold, type Goal } from "./expression_code.ts";
import {
  type AnyArray,
  checkSharedArray,
  type ElementKind,
  elementKind,
  lengthOf,
  type Node,
  nodesOf,
} from "./expression_tree.ts";
import { combineInPairs, valuesByChunk } from "./parallel_reduce.ts";
import { isInLoop, type LoopOutcome, type LoopPlan } from "./run_chunks.ts";
import { partition } from "./schedule.ts";
import { runOnTeam, runOnTeamSync, threadsFor } from "./team.ts";

/** Most pieces of an expression. */
const MAX_PIECES = 256;
/** Fewest elements of a piece, if nobody's functions are called: fewer take no time. */
const MIN_PIECE_ELEMENTS = 4096;

/** A loop for the team. */
interface Run {
  plan: Omit<LoopPlan, "control">;
  threads: number;
}

/** Loops one after the other, each given what the last one's threads brought back; and the result. */
export type Loops<R> = Generator<Run, R, LoopOutcome[]>;

/** Runs loops while the thread is free for others. */
export async function runLoops<R>(loops: Loops<R>, signal: AbortSignal | undefined): Promise<R> {
  let next = loops.next();
  while (!next.done) {
    next = loops.next(await runOnTeam(next.value.plan, next.value.threads, signal));
  }
  return next.value;
}

/** Runs loops, blocking the thread, which takes part. */
export function runLoopsSync<R>(loops: Loops<R>): R {
  let next = loops.next();
  while (!next.done) next = loops.next(runOnTeamSync(next.value.plan, next.value.threads));
  return next.value;
}

/** An expression, how many elements it has and what they are. */
export interface TypedNode {
  root: Node;
  kind: ElementKind;
}

/** The elements as one; `undefined` if there are none. */
export function* foldLoops(
  whole: TypedNode,
  fold: Fold,
  combine: (left: never, right: never) => unknown,
  numThreads: number | undefined,
): Loops<unknown> {
  const { length, size } = pieceSize(whole);
  const outcomes = yield teamLoop(whole, { kind: "fold", fold }, length, size, numThreads);
  if (length === 0) return undefined;
  return combineInPairs(
    valuesByChunk(outcomes),
    combine as (left: unknown, right: unknown) => unknown,
  );
}

/** Stores the elements. */
export function* storeLoops(
  whole: TypedNode,
  target: unknown,
  numThreads: number | undefined,
): Loops<void> {
  const { length, size } = pieceSize(whole);
  const out = checkTarget(target, whole, length);
  yield teamLoop(whole, { kind: "store", out }, length, size, numThreads);
}

/**
 * Stores the sum of all elements up to each.
 *
 * The first loop adds up each piece, the second stores the sums within each piece, with what came
 * before it added to each. One thread needs no first loop, and adds in the same order.
 */
export function* scanLoops(
  whole: TypedNode,
  target: unknown,
  numThreads: number | undefined,
): Loops<void> {
  const { length, size } = pieceSize(whole);
  const out = checkTarget(target, whole, length);
  const zero = whole.kind === "bigint" ? 0n : 0;
  if (Math.min(threadsFor(numThreads), Math.ceil(length / size)) <= 1 || isInLoop()) {
    yield teamLoop(whole, { kind: "scan", out, offsets: [zero], size }, length, length, 1);
    return;
  }
  const sums = yield teamLoop(whole, { kind: "total" }, length, size, numThreads);
  let before: number | bigint = zero;
  const offsets = valuesByChunk(sums).map((sum) => {
    const here = before;
    before = (before as number) + (sum as number);
    return here;
  });
  yield teamLoop(whole, { kind: "scan", out, offsets, size }, length, size, numThreads);
}

function pieceSize({ root }: TypedNode): { length: number; size: number } {
  const length = lengthOf(root, "compute with")!;
  const calls = [...nodesOf(root)].some(({ op }) => op === "call");
  return { length, size: Math.max(Math.ceil(length / MAX_PIECES), calls ? 1 : MIN_PIECE_ELEMENTS) };
}

function teamLoop(
  { root, kind }: TypedNode,
  goal: Goal,
  length: number,
  size: number,
  numThreads: number | undefined,
): Run {
  const { run, context } = compileLoop(root, kind, goal, length < 2 ** 31);
  const wanted = threadsFor(numThreads);
  const threads = Math.max(Math.min(wanted, Math.ceil(length / size)), 1);
  return {
    threads,
    plan: {
      body: run,
      isCompiled: true,
      context,
      start: 0,
      step: 1,
      length,
      partition: partition(length, threads, "dynamic", Math.max(size, 1)),
      keepsChunks: goal.kind === "fold" || goal.kind === "total",
    },
  };
}

function checkTarget(target: unknown, { root, kind }: TypedNode, length: number): AnyArray {
  const out = checkSharedArray(target, "write to");
  if (elementKind(out) !== kind) {
    throw new TypeError(
      `Cannot write to array: its elements are ${elementKind(out)}s, those of the expression ` +
        `${kind}s. ${kind === "bigint" ? "Use toNumbers(), or" : "Use"} an array of ${kind}s`,
    );
  }
  if (out.length !== length) {
    throw new RangeError(
      `Cannot write to array: it has ${out.length} elements, the expression ${length}`,
    );
  }
  for (const node of nodesOf(root)) {
    if (node.op !== "array" || !isShifted(node.data, out)) continue;
    throw new RangeError(
      "Cannot write to array: it shares memory with an array of the expression, at another place, " +
        "so elements would be overwritten before they are read. Use an array of its own",
    );
  }
  return out;
}

/** Whether two arrays overlap, and not element by element. */
function isShifted(a: AnyArray, b: AnyArray): boolean {
  if (a.buffer !== b.buffer) return false;
  const apart = a.byteOffset + a.byteLength <= b.byteOffset ||
    b.byteOffset + b.byteLength <= a.byteOffset;
  const alike = a.byteOffset === b.byteOffset && a.BYTES_PER_ELEMENT === b.BYTES_PER_ELEMENT;
  return !apart && !alike;
}

/** Refuses a result that is no element. */
export function checkElement(value: unknown, kind: ElementKind): unknown {
  const type = typeof value;
  if (type === kind) return value;
  throw new TypeError(
    `Cannot reduce: the function must return a ${kind}, not ${describe(value)}`,
  );
}
