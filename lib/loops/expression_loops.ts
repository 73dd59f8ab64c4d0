/**
 * The loops that run an array expression on the team: one for most, two for running sums.
 *
 * The pieces of an expression depend on its number of elements alone, and their results are combined
 * in their order. So a result is the same, bit for bit, for any number of isolates.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { wrongType } from "../arguments/values.ts";
import { task } from "../codec/task.ts";
import { sharedArray } from "../memory/typed_arrays.ts";
import type { NumericTypecode } from "../memory/typecodes.ts";
import { explain, type LoopExplanation } from "./explain.ts";
import { compileLoop, type Fold, type Goal } from "./expression_code.ts";
import { expressionKernel } from "./expression_kernel.ts";
import type { ExpressionOptions, PrefixSumOptions } from "./expression_options.ts";
import {
  addressOfFunction,
  type AnyArray,
  checkSharedArray,
  elementKind,
  lengthOf,
  nodesOf,
  type TypedNode,
} from "./expression_tree.ts";
import { type LoopOutcome, type LoopPlan, valuesByChunk } from "./loop_plan.ts";
import { threadsFor } from "./num_threads.ts";
import { combineInPairs } from "./reduction.ts";
import { isInLoop } from "./run_chunks.ts";
import { partition } from "./schedule.ts";
import { runOnTeam, runOnTeamSync } from "./team.ts";

/** Maximum number of pieces of an expression. */
const MAX_PIECES = 256;
/** Minimum size of a piece of an expression without functions: smaller ones cost more than they gain. */
const MIN_PIECE_ELEMENTS = 4096;

/** A loop for the team. */
interface TeamLoop {
  plan: LoopPlan;
  threads: number;
}

/** Consecutive loops, each resumed with what its participants returned; returns the result. */
export type Loops<R> = Generator<TeamLoop, R, LoopOutcome[]>;

/** Runs loops without blocking the isolate. */
export async function runLoops<R>(loops: Loops<R>, signal: AbortSignal | undefined): Promise<R> {
  let next = loops.next();
  while (!next.done) {
    next = loops.next(await runOnTeam(next.value.plan, next.value.threads, signal));
  }
  return next.value;
}

/** Runs loops, blocking the isolate, which runs chunks too. */
export function runLoopsSync<R>(loops: Loops<R>): R {
  let next = loops.next();
  while (!next.done) next = loops.next(runOnTeamSync(next.value.plan, next.value.threads));
  return next.value;
}

/** Combines two results of a named fold. At run time they are bigints if the elements are. */
const combiners = {
  sum: (left: number, right: number) => left + right,
  prod: (left: number, right: number) => left * right,
  min: (left: number, right: number) =>
    typeof left === "number" ? Math.min(left, right) : right < left ? right : left,
  max: (left: number, right: number) =>
    typeof left === "number" ? Math.max(left, right) : right > left ? right : left,
};

/** The values of empty folds; `min` and `max` have none. */
const emptyFolds: Partial<Record<keyof typeof combiners, number>> = { sum: 0, prod: 1 };

/**
 * Folds the elements, by name.
 *
 * @throws {RangeError} if there are no elements, and the fold has no value for none
 */
export function* foldLoops(
  typed: TypedNode,
  fold: keyof typeof combiners,
  options: ExpressionOptions,
): Loops<unknown> {
  const folded = yield* foldPieces(typed, fold, combiners[fold], options.numThreads);
  if (folded !== undefined) return folded;
  const empty = emptyFolds[fold];
  if (empty !== undefined) return typed.kind === "bigint" ? BigInt(empty) : empty;
  throw new RangeError(`Cannot take ${fold}: there are no elements`);
}

/**
 * Folds the elements by a function, `initial` first.
 *
 * @throws {TypeError} if `fn` is not a function, or a value has another type than the elements
 * @throws {DataCloneError} if `fn` cannot cross
 */
export function* reduceLoops(
  typed: TypedNode,
  fn: (left: never, right: never) => unknown,
  initial: unknown,
  options: ExpressionOptions,
): Loops<unknown> {
  const { kind } = typed;
  const address = addressOfFunction(fn, "reduce expression");
  const type = typeof initial;
  if (type !== kind) {
    throw wrongType("reduce expression", "initial", `a ${kind}`, initial);
  }
  const folded = yield* foldPieces(typed, { fn, address }, fn, options.numThreads);
  if (folded === undefined && lengthOf(typed.root, "compute with") === 0) return initial;
  checkResult(folded, typed);
  return checkResult(fn(initial as never, folded as never), typed);
}

function checkResult(value: unknown, { kind }: TypedNode): unknown {
  const type = typeof value;
  if (type === kind) return value;
  throw new TypeError(
    `Cannot reduce: the function must return a ${kind}, not ${describe(value)}`,
  );
}

/** Folds the elements; returns `undefined` if there are none. */
function* foldPieces(
  typed: TypedNode,
  fold: Fold,
  combine: (left: never, right: never) => unknown,
  numThreads: number | undefined,
): Loops<unknown> {
  const { length, size } = pieceSize(typed);
  const outcomes = yield teamLoop(typed, { kind: "fold", fold }, length, size, numThreads);
  if (length === 0) return undefined;
  return combineInPairs(
    valuesByChunk(outcomes),
    combine as (left: unknown, right: unknown) => unknown,
  );
}

/** Stores the elements in `target`. */
export function* storeLoops(
  typed: TypedNode,
  target: unknown,
  options: ExpressionOptions,
): Loops<unknown> {
  const { length, size } = pieceSize(typed);
  const out = checkTarget(target, "target", typed, length);
  yield teamLoop(typed, { kind: "store", out }, length, size, options.numThreads);
  return target;
}

/**
 * Stores the running sums.
 *
 * The first loop adds up each piece; the second stores the running sums of each piece, starting from
 * the sum of the pieces before it. One isolate needs no first loop, and adds in the same order.
 */
export function* scanLoops(
  typed: TypedNode,
  options: PrefixSumOptions<unknown>,
): Loops<unknown> {
  const { numThreads } = options;
  const target = options.into === undefined ? newArray(typed) : options.into;
  const { length, size } = pieceSize(typed);
  const out = checkTarget(target, "into", typed, length);
  const zero = typed.kind === "bigint" ? 0n : 0;
  if (Math.min(threadsFor(numThreads), Math.ceil(length / size)) <= 1 || isInLoop()) {
    const whole = Math.max(length, 1);
    yield teamLoop(typed, { kind: "scan", out, offsets: [zero], size }, length, whole, 1);
    return target;
  }
  const sums = yield teamLoop(typed, { kind: "total" }, length, size, numThreads);
  let before: number | bigint = zero;
  const offsets = valuesByChunk(sums).map((sum) => {
    const offset = before;
    before = (before as number) + (sum as number);
    return offset;
  });
  yield teamLoop(typed, { kind: "scan", out, offsets, size }, length, size, numThreads);
  return target;
}

/** Says how an expression runs that stores its elements. */
export function explainExpression(typed: TypedNode): LoopExplanation {
  const { length, size } = pieceSize(typed);
  const found = expressionKernel(typed, { kind: "store", out: NO_ELEMENTS });
  const threads = Math.max(Math.min(threadsFor(undefined), Math.ceil(length / size)), 1);
  const plan = { numThreads: undefined, threads, chunkSize: size };
  return explain({ found, isReduction: false, ...plan });
}

/** Stands for the array that elements are stored in. */
const NO_ELEMENTS = new Float64Array(new SharedArrayBuffer(0));

/** Makes a shared array for the elements. */
export function newArray({ root, kind }: TypedNode, dtype?: NumericTypecode): unknown {
  const length = lengthOf(root, "compute with")!;
  return sharedArray(dtype === undefined ? kind === "bigint" ? "int64" : "float64" : dtype, length);
}

/** Returns the number of elements of an expression, and how many a piece has. */
function pieceSize({ root }: TypedNode): { length: number; size: number } {
  const length = lengthOf(root, "compute with")!;
  const hasCalls = [...nodesOf(root)].some(({ op }) => op === "call");
  const minSize = hasCalls ? 1 : MIN_PIECE_ELEMENTS;
  return { length, size: Math.max(Math.ceil(length / MAX_PIECES), minSize) };
}

/** Stands for the loop of an expression that has a kernel. */
const arrayExpression = task(import.meta, function arrayExpression(): void {});

/** Compiles the loop of an expression to JavaScript. */
function codeOf(typed: TypedNode, goal: Goal, length: number): Pick<LoopPlan, "body" | "context"> {
  const { loop, context } = compileLoop(typed, goal, length < 2 ** 31);
  return { body: loop, context };
}

function teamLoop(
  typed: TypedNode,
  goal: Goal,
  length: number,
  size: number,
  numThreads: number | undefined,
): TeamLoop {
  const found = expressionKernel(typed, goal);
  const hasKernel = "kernel" in found;
  const code = hasKernel
    ? { body: arrayExpression, kernel: found.kernel, context: {} }
    : codeOf(typed, goal, length);
  const isShort = hasKernel && found.isShort && numThreads === undefined;
  const wanted = isShort ? 1 : threadsFor(numThreads);
  const threads = Math.max(Math.min(wanted, Math.ceil(length / size)), 1);
  return {
    threads,
    plan: {
      ...code,
      isCompiled: true,
      start: 0,
      step: 1,
      length,
      partition: partition(length, threads, "dynamic", size),
      keepsChunks: goal.kind === "fold" || goal.kind === "total",
    },
  };
}

function checkTarget(
  target: unknown,
  name: string,
  { root, kind }: TypedNode,
  length: number,
): AnyArray {
  const out = checkSharedArray(target, "write elements", name);
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
      "Cannot write to array: it overlaps an array of the expression at another offset, so elements " +
        "would be overwritten before they are read. Use an array with separate memory",
    );
  }
  return out;
}

/** Returns whether two arrays overlap, but not element by element. */
function isShifted(a: AnyArray, b: AnyArray): boolean {
  if (a.buffer !== b.buffer) return false;
  const isApart = a.byteOffset + a.byteLength <= b.byteOffset ||
    b.byteOffset + b.byteLength <= a.byteOffset;
  const isAligned = a.byteOffset === b.byteOffset && a.BYTES_PER_ELEMENT === b.BYTES_PER_ELEMENT;
  return !isApart && !isAligned;
}
