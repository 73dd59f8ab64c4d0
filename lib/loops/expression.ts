/**
 * Array expressions: elementwise operations on shared arrays that run on all cores, in one pass.
 *
 * @module
 */

import { type AnyClass, task } from "../codec/task.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import type { DataOf, NumericTypecode } from "../memory/typecodes.ts";
import { sharedArray } from "../memory/typed_arrays.ts";
import {
  checkElement,
  foldLoops,
  type Loops,
  runLoops,
  runLoopsSync,
  scanLoops,
  storeLoops,
  type TypedNode,
} from "./expression_run.ts";
import {
  addressOfFunction,
  type BigintTypedArray,
  type Binary,
  callNode,
  type ElementKind,
  lengthOf,
  type Node,
  type NumberTypedArray,
  operandNode,
  type TypedArrayOf,
  type Unary,
} from "./expression_tree.ts";
import type { AbortOptions } from "./parallel_for.ts";
import type { Range } from "./range.ts";

/** What an expression can be combined with: one value for all elements, or as many elements. */
export type Operand<T extends number | bigint> =
  | T
  | ArrayExpression<T>
  | TypedArrayOf<T>
  | (T extends number ? Range : never);

/** Options of what computes an expression. */
export interface ExpressionOptions {
  /**
   * Number of threads: 1 for a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number;
}

const optionNames: OptionNames<ExpressionOptions> = { numThreads: true };
const awaitedNames: OptionNames<ExpressionOptions & AbortOptions> = {
  ...optionNames,
  signal: true,
};

/** Options of a prefix sum. */
export interface PrefixSumOptions<Target> extends ExpressionOptions {
  /**
   * Where the sums are stored: an array on shared memory, which may be the one that is read.
   *
   * @default {a new array of type "float64", for bigints "int64"}
   */
  into?: Target;
}

const scanNames: OptionNames<PrefixSumOptions<unknown>> = { ...optionNames, into: true };
const awaitedScanNames: OptionNames<PrefixSumOptions<unknown> & AbortOptions> = {
  ...scanNames,
  signal: true,
};

/**
 * A computation on the elements of shared arrays that has not run yet; {@linkcode lazy} begins one.
 *
 * Operations add to it and compute nothing. What has a promise, or is called `…Sync`, runs it: as one
 * loop on all cores, whatever the number of operations, without arrays for what is in between.
 *
 * - An operand is one value for all elements, or an array, a range or an expression with as many.
 * - Numbers are computed as JavaScript's, in double precision, whatever the arrays' types. Elements of
 *   64-bit arrays are bigints; they do not mix with numbers: see
 *   {@linkcode ArrayExpression.toNumbers}.
 * - Results are the same, bit for bit, whatever the number of threads. A sum may differ in the last
 *   digits from that of a plain loop: it is added up in pieces, in a fixed order, and errs less.
 * - `minimum`, `maximum`, `min` and `max` give NaN if one is NaN, and take -0 as less than 0, as
 *   `Math.min` does.
 * - Functions see nothing outside themselves, or are tasks or the language's own. They must not depend
 *   on the order in which they are called, nor on how often.
 * - What runs it refuses options that do not exist, by a `TypeError`.
 * - An expression can be run again, with what the arrays hold then. It crosses to workers.
 *
 * Follows the array expressions of `numba`'s `parallel=True`, with NumPy's names.
 */
export class ArrayExpression<T extends number | bigint = number> {
  /** Made by {@linkcode lazy}. */
  private constructor(private readonly root: Node, private readonly kind: ElementKind) {}

  /** What {@linkcode lazy} makes. */
  private static from<T extends number | bigint>(source: unknown): ArrayExpression<T> {
    const { node, kind } = operandNode(source, "compute with");
    if (node.op !== "constant") return new ArrayExpression(node, kind);
    throw new TypeError(
      `Cannot compute with ${describe(source)}: it must be a typed array on shared memory`,
    );
  }

  /** Number of elements. */
  get length(): number {
    return lengthOf(this.root, "compute with")!;
  }

  /** The sums of elements and operand. */
  add(other: Operand<T>): ArrayExpression<T> {
    return this.with("add", other);
  }

  /** The differences of elements and operand. */
  sub(other: Operand<T>): ArrayExpression<T> {
    return this.with("sub", other);
  }

  /** The products of elements and operand. */
  mul(other: Operand<T>): ArrayExpression<T> {
    return this.with("mul", other);
  }

  /** The elements divided by the operand; for bigints the whole part, and 0n is a `RangeError`. */
  div(other: Operand<T>): ArrayExpression<T> {
    return this.with("div", other);
  }

  /**
   * The elements raised to the power of the operand. With 2 and 3 they are multiplied, which is
   * faster than `**` and, in the last digit, closer.
   */
  pow(other: Operand<T>): ArrayExpression<T> {
    if (other === 2 || other === 2n) return this.of("square");
    if (other === 3 || other === 3n) return this.of("cube");
    return this.with("pow", other);
  }

  /** The smaller one of each element and operand. */
  minimum(other: Operand<T>): ArrayExpression<T> {
    return this.with("minimum", other);
  }

  /** The larger one of each element and operand. */
  maximum(other: Operand<T>): ArrayExpression<T> {
    return this.with("maximum", other);
  }

  /** The elements with the other sign. */
  neg(): ArrayExpression<T> {
    return this.of("neg");
  }

  /** The elements without their sign. */
  abs(): ArrayExpression<T> {
    return this.of("abs");
  }

  /** The square roots; NaN for what is below 0. */
  sqrt(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.ofNumbers("sqrt");
  }

  /** The powers of e. */
  exp(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.ofNumbers("exp");
  }

  /** The natural logarithms; NaN for what is below 0. */
  log(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.ofNumbers("log");
  }

  /** The sines of angles in radians. */
  sin(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.ofNumbers("sin");
  }

  /** The cosines of angles in radians. */
  cos(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.ofNumbers("cos");
  }

  /**
   * What a function makes of each element.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  map(fn: (element: T) => T): ArrayExpression<T> {
    return new ArrayExpression(callNode(fn, "map", [this.root]), this.kind);
  }

  /**
   * What a function makes of each element and the operand's.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  zip(other: Operand<T>, fn: (element: T, other: T) => T): ArrayExpression<T> {
    const operand = this.operand("zip", other);
    return this.checked("zip", callNode(fn, "zip", [this.root, operand]));
  }

  /** The elements as numbers: bigints beyond 2 ** 53 are rounded. */
  toNumbers(): ArrayExpression<number> {
    if (this.kind === "number") return this as unknown as ArrayExpression<number>;
    return new ArrayExpression({ op: "numbers", args: [this.root] }, "number");
  }

  /** The sum; 0 or 0n of no elements. */
  async sum(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("sum", this.identity(0), options);
  }

  /** As {@linkcode ArrayExpression.sum}, blocking the thread, which does its share. */
  sumSync(options: ExpressionOptions = {}): T {
    return this.foldSync("sum", this.identity(0), options);
  }

  /** The product; 1 or 1n of no elements. */
  async prod(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("prod", this.identity(1), options);
  }

  /** As {@linkcode ArrayExpression.prod}, blocking the thread, which does its share. */
  prodSync(options: ExpressionOptions = {}): T {
    return this.foldSync("prod", this.identity(1), options);
  }

  /**
   * The smallest element.
   *
   * @throws {RangeError} if there are none
   */
  async min(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("min", undefined, options);
  }

  /** As {@linkcode ArrayExpression.min}, blocking the thread, which does its share. */
  minSync(options: ExpressionOptions = {}): T {
    return this.foldSync("min", undefined, options);
  }

  /**
   * The largest element.
   *
   * @throws {RangeError} if there are none
   */
  async max(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("max", undefined, options);
  }

  /** As {@linkcode ArrayExpression.max}, blocking the thread, which does its share. */
  maxSync(options: ExpressionOptions = {}): T {
    return this.foldSync("max", undefined, options);
  }

  /** The mean; NaN of no elements. */
  async mean(
    this: ArrayExpression<number>,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<number> {
    this.checkNumbers("mean");
    return await this.sum(options) / this.length;
  }

  /** As {@linkcode ArrayExpression.mean}, blocking the thread, which does its share. */
  meanSync(this: ArrayExpression<number>, options: ExpressionOptions = {}): number {
    this.checkNumbers("mean");
    return this.sumSync(options) / this.length;
  }

  /**
   * The elements as one.
   *
   * @param fn makes one of two; associative, since pieces are combined with each other
   * @param initial what is combined with the others, once and first; the result if there are none
   * @throws {DataCloneError} if the function cannot cross
   */
  async reduce(
    fn: (left: T, right: T) => T,
    initial: T,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<T> {
    checkOptions("reduce", options, awaitedNames);
    const loops = this.foldBy(fn, initial, options);
    return this.withInitial(fn, initial, await runLoops(loops, options.signal));
  }

  /** As {@linkcode ArrayExpression.reduce}, blocking the thread, which does its share. */
  reduceSync(fn: (left: T, right: T) => T, initial: T, options: ExpressionOptions = {}): T {
    checkOptions("reduce", options, optionNames);
    return this.withInitial(fn, initial, runLoopsSync(this.foldBy(fn, initial, options)));
  }

  /**
   * Stores the elements in an array, converted as an assignment converts them.
   *
   * @param target an array on shared memory with as many elements; it may be one that is read
   * @returns `target`
   * @throws {TypeError} if it is not on shared memory, or of bigints and the elements are not
   * @throws {RangeError} if it has not as many elements, or overlaps an array of the expression
   */
  async into<Target extends TypedArrayOf<T>>(
    target: Target,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<Target> {
    checkOptions("store elements", options, awaitedNames);
    await runLoops(storeLoops(this.whole(), target, options.numThreads), options.signal);
    return target;
  }

  /** As {@linkcode ArrayExpression.into}, blocking the thread, which does its share. */
  intoSync<Target extends TypedArrayOf<T>>(
    target: Target,
    options: ExpressionOptions = {},
  ): Target {
    checkOptions("store elements", options, optionNames);
    runLoopsSync(storeLoops(this.whole(), target, options.numThreads));
    return target;
  }

  /**
   * Stores the elements in a new array on shared memory.
   *
   * @param dtype its type; `"float64"`, or `"int64"` for bigints, if it is left away
   */
  async toArray<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<DataOf<Code>> {
    return await this.into(this.newArray(dtype) as TypedArrayOf<T>, options) as DataOf<Code>;
  }

  /** As {@linkcode ArrayExpression.toArray}, blocking the thread, which does its share. */
  toArraySync<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options: ExpressionOptions = {},
  ): DataOf<Code> {
    return this.intoSync(this.newArray(dtype) as TypedArrayOf<T>, options) as DataOf<Code>;
  }

  /**
   * Stores the sum of all elements up to each. Each element is computed twice.
   *
   * @throws as {@linkcode ArrayExpression.into}
   */
  async cumsum<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options: PrefixSumOptions<Target> & AbortOptions = {},
  ): Promise<Target> {
    checkOptions("sum up", options, awaitedScanNames);
    const target = options.into ?? this.newArray() as Target;
    await runLoops(scanLoops(this.whole(), target, options.numThreads), options.signal);
    return target;
  }

  /** As {@linkcode ArrayExpression.cumsum}, blocking the thread, which does its share. */
  cumsumSync<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options: PrefixSumOptions<Target> = {},
  ): Target {
    checkOptions("sum up", options, scanNames);
    const target = options.into ?? this.newArray() as Target;
    runLoopsSync(scanLoops(this.whole(), target, options.numThreads));
    return target;
  }

  /** What the loops are made of. */
  private whole(): TypedNode {
    return { root: this.root, kind: this.kind };
  }

  /** An operation on the elements alone. */
  private of(op: Unary): ArrayExpression<T> {
    return new ArrayExpression({ op, args: [this.root] }, this.kind);
  }

  /** The same, of numbers only. */
  private ofNumbers(op: Unary): ArrayExpression<number> {
    this.checkNumbers(op);
    return new ArrayExpression({ op, args: [this.root] }, "number");
  }

  /** Refuses bigints. */
  private checkNumbers(verb: string): void {
    if (this.kind === "number") return;
    throw new TypeError(`Cannot take ${verb} of bigints: use toNumbers() before`);
  }

  /** An operation on the elements and an operand. */
  private with(op: Binary, other: Operand<T>): ArrayExpression<T> {
    return this.checked(op, { op, args: [this.root, this.operand(op, other)] });
  }

  /** An operand, checked. */
  private operand(verb: string, other: Operand<T>): Node {
    const { node, kind } = other instanceof ArrayExpression
      ? { node: other.root, kind: other.kind }
      : operandNode(other, verb);
    if (kind === this.kind) return node;
    throw new TypeError(
      `Cannot ${verb} ${this.kind}s and ${kind}s: convert ${
        kind === "bigint" ? "the operand" : "the elements"
      } by ${node.op === "constant" ? "Number() or BigInt()" : "toNumbers()"}`,
    );
  }

  /** An expression whose arrays have the same length. */
  private checked(verb: string, node: Node): ArrayExpression<T> {
    lengthOf(node, verb);
    return new ArrayExpression(node, this.kind);
  }

  /** An array for the elements. */
  private newArray(dtype?: NumericTypecode): unknown {
    return sharedArray(dtype ?? (this.kind === "bigint" ? "int64" : "float64"), this.length);
  }

  /** A whole number in the type of the elements. */
  private identity(value: number): T {
    return (this.kind === "bigint" ? BigInt(value) : value) as T;
  }

  /** The elements as one, by name. */
  private async fold(
    fold: keyof typeof combiners,
    empty: T | undefined,
    options: ExpressionOptions & AbortOptions,
  ): Promise<T> {
    checkOptions(`compute ${fold}`, options, awaitedNames);
    const { numThreads, signal } = options;
    const loops = foldLoops(this.whole(), fold, combiners[fold], numThreads);
    return orEmpty(await runLoops(loops, signal) as T | undefined, empty, fold);
  }

  /** As `fold`, blocking. */
  private foldSync(
    fold: keyof typeof combiners,
    empty: T | undefined,
    options: ExpressionOptions,
  ): T {
    checkOptions(`compute ${fold}`, options, optionNames);
    const { numThreads } = options;
    const loops = foldLoops(this.whole(), fold, combiners[fold], numThreads);
    return orEmpty(runLoopsSync(loops) as T | undefined, empty, fold);
  }

  /** The loops of a reduction by a function. */
  private foldBy(
    fn: (left: T, right: T) => T,
    initial: T,
    { numThreads }: ExpressionOptions,
  ): Loops<unknown> {
    const address = addressOfFunction(fn, "reduce");
    const type = typeof initial;
    if (type !== this.kind) {
      throw new TypeError(
        `Cannot reduce expression: initial must be a ${this.kind}, not ${describe(initial)}`,
      );
    }
    return foldLoops(this.whole(), { fn, address }, fn, numThreads);
  }

  /** The result of a reduction by a function. */
  private withInitial(fn: (left: T, right: T) => T, initial: T, folded: unknown): T {
    if (folded === undefined && this.length === 0) return initial;
    const checked = checkElement(folded, this.kind) as T;
    return checkElement(fn(initial, checked), this.kind) as T;
  }
}

/** The type of arrays that are made where none is given. */
export type DefaultArray<T extends number | bigint> = T extends bigint
  ? BigInt64Array<SharedArrayBuffer>
  : Float64Array<SharedArrayBuffer>;

/** Two results as one; also of bigints, which look like numbers to the compiler here. */
const combiners = {
  sum: (left: number, right: number) => left + right,
  prod: (left: number, right: number) => left * right,
  min: (left: number, right: number) =>
    typeof left === "number" ? Math.min(left, right) : right < left ? right : left,
  max: (left: number, right: number) =>
    typeof left === "number" ? Math.max(left, right) : right > left ? right : left,
};

function orEmpty<T>(value: T | undefined, empty: T | undefined, what: string): T {
  const result = value ?? empty;
  if (result !== undefined) return result;
  throw new RangeError(`Cannot take ${what}: there are no elements`);
}

/**
 * Begins a computation on the elements of an array: see {@linkcode ArrayExpression}.
 *
 * @param source a typed array on shared memory; or a range, which needs no memory
 * @throws {TypeError} if it is an array that is not on shared memory
 *
 * @example An integral, in one pass
 * ```ts
 * import { lazy, prange, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = 100_000;
 * const dx = 2 / points;
 * const x = lazy(prange(points)).mul(dx);
 * const integral = await x.pow(2).sub(x).sum() * dx;
 * assertAlmostEquals(integral, 2 / 3, 1e-4);
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 *
 * @example Two arrays
 * ```ts
 * import { lazy, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const a = sharedArray("float64", [3, 5, 8]);
 * const b = sharedArray("float64", [4, 12, 15]);
 * const lengths = await lazy(a).zip(b, Math.hypot).toArray();
 * assertEquals([...lengths], [5, 13, 17]);
 * assertEquals(await lazy(a).sub(b).abs().max(), 7);
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 */
export function lazy(source: NumberTypedArray | Range): ArrayExpression<number>;
/** As above, for the elements of 64-bit arrays. */
export function lazy(source: BigintTypedArray): ArrayExpression<bigint>;
export function lazy(
  source: NumberTypedArray | BigintTypedArray | Range,
): ArrayExpression<number> | ArrayExpression<bigint> {
  return ArrayExpression["from"]<number>(source);
}

task(import.meta, ArrayExpression as unknown as AnyClass);
