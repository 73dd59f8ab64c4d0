/**
 * Array expressions: elementwise operations on shared arrays that run on all cores, in one pass.
 *
 * One class, however long, since every operation must be callable on every result.
 *
 * @module
 */

import { type AnyClass, task } from "../codec/task.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { isInstance, wrongType } from "../arguments/values.ts";
import {
  type DataOf,
  kindOf,
  type NumberTypecode,
  type NumericTypecode,
} from "../memory/typecodes.ts";
import type { LoopExplanation } from "./explain.ts";
import {
  explainExpression,
  foldLoops,
  type Loops,
  newArray,
  reduceLoops,
  runLoops,
  runLoopsSync,
  scanLoops,
  storeLoops,
} from "./expression_loops.ts";
import {
  asyncOptionNames,
  asyncScanOptionNames,
  type DefaultArray,
  type ExpressionOptions,
  type Operand,
  type PrefixSumOptions,
  syncOptionNames,
  syncScanOptionNames,
} from "./expression_options.ts";
import {
  type BigintTypedArray,
  type Binary,
  callNode,
  type Cast,
  type Comparison,
  type ElementKind,
  lengthOf,
  type Node,
  type NumberTypedArray,
  operandNode,
  type TypedArrayOf,
  type TypedNode,
  type Unary,
} from "./expression_tree.ts";
import type { AbortOptions } from "./parallel_for.ts";
import type { Range } from "./range.ts";

/** What an expression can begin with, beside a typed array. */
const SOURCES = "a range or ";

/**
 * A computation on the elements of shared arrays that has not run yet. {@linkcode lazy} makes one.
 *
 * Operations extend the expression and compute nothing. Methods that return a promise, and those
 * called `…Sync`, run it: as one loop on all cores, for any number of operations, without arrays for
 * intermediate results.
 *
 * - An operand is one value for all elements, or an array, a range or an expression of the same length.
 * - Numbers are computed in double precision, as in JavaScript, for arrays of any type. Elements of
 *   64-bit arrays are bigints, which do not mix with numbers: see
 *   {@linkcode ArrayExpression.toNumbers}.
 * - Results are the same, bit for bit, for any number of isolates. A sum may differ in the last digits
 *   from that of a plain loop: it is added up in pieces, in a fixed order, and has a smaller error.
 * - `minimum`, `maximum`, `min` and `max` return NaN if an element is NaN, and treat -0 as less than 0,
 *   as `Math.min` does.
 * - Functions are tasks, built-in functions, or functions that use nothing outside themselves. Their
 *   results must not depend on the order or the number of calls.
 * - The loop is WebAssembly with vectors, except for bigints, `astype("float16")`, `reduce`, `cumsum` and
 *   functions that are more than plain arithmetic: see {@linkcode ArrayExpression.explain}. Results are the
 *   same either way, bit for bit.
 * - Methods that run the expression throw a `TypeError` if an option is unknown.
 * - An expression can run several times, each time with the present elements of its arrays. It crosses
 *   to workers.
 *
 * Follows the array expressions of `numba`'s `parallel=True`, with NumPy's names.
 */
export class ArrayExpression<T extends number | bigint = number> {
  private constructor(private readonly root: Node, private readonly kind: ElementKind) {}

  /** Makes an expression, unchecked by the compiler: {@linkcode lazy} infers `T` from the source. */
  static from<T extends number | bigint>(source: unknown): ArrayExpression<T> {
    const { root, kind } = operandNode(source, "make expression", "source", SOURCES);
    if (root.op !== "constant") return new ArrayExpression<T>(root, kind);
    throw wrongType(
      "make expression",
      "source",
      `${SOURCES}a typed array on shared memory`,
      source,
    );
  }

  /** Number of elements. */
  get length(): number {
    return lengthOf(this.root, "compute with")!;
  }

  /** Adds the operand to each element. */
  add(other: Operand<T>): ArrayExpression<T> {
    return this.binary("add", other);
  }

  /** Subtracts the operand from each element. */
  sub(other: Operand<T>): ArrayExpression<T> {
    return this.binary("sub", other);
  }

  /** Multiplies each element by the operand. */
  mul(other: Operand<T>): ArrayExpression<T> {
    return this.binary("mul", other);
  }

  /**
   * Divides each element by the operand. Quotients of bigints are truncated, and running the expression
   * throws a `RangeError` if the operand is 0n.
   */
  div(other: Operand<T>): ArrayExpression<T> {
    return this.binary("div", other);
  }

  /**
   * Raises each element to the power of the operand. Powers of 2 and 3 are computed as products, which
   * is faster than `**`, and more accurate in the last digit.
   */
  pow(other: Operand<T>): ArrayExpression<T> {
    const type = typeof other;
    const power = type === this.kind ? Number(other) : undefined;
    if (power === 2) return this.unary("square");
    if (power === 3) return this.unary("cube");
    return this.binary("pow", other);
  }

  /** Takes the smaller of each element and the operand. */
  minimum(other: Operand<T>): ArrayExpression<T> {
    return this.binary("minimum", other);
  }

  /** Takes the larger of each element and the operand. */
  maximum(other: Operand<T>): ArrayExpression<T> {
    return this.binary("maximum", other);
  }

  /** Negates each element. */
  neg(): ArrayExpression<T> {
    return this.unary("neg");
  }

  /** Takes the absolute value of each element. */
  abs(): ArrayExpression<T> {
    return this.unary("abs");
  }

  /** Takes the square root of each element; NaN if it is negative. */
  sqrt(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("sqrt");
  }

  /** Raises e to the power of each element. */
  exp(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("exp");
  }

  /** Takes the natural logarithm of each element; NaN if it is negative. */
  log(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("log");
  }

  /** Takes the sine of each element, an angle in radians. */
  sin(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("sin");
  }

  /** Takes the cosine of each element, an angle in radians. */
  cos(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("cos");
  }

  /** Takes the hyperbolic tangent of each element. */
  tanh(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("tanh");
  }

  /** Rounds each element down to an integer. */
  floor(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("floor");
  }

  /** Rounds each element up to an integer. */
  ceil(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("ceil");
  }

  /** Removes the fraction of each element. */
  trunc(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("trunc");
  }

  /** Rounds each element to the nearest integer, halves up, as `Math.round` does. NumPy rounds halves to even. */
  round(this: ArrayExpression<number>): ArrayExpression<number> {
    return this.unaryOfNumbers("round");
  }

  /**
   * Converts each element as an assignment to an array of a type does: integers wrap, fractions are dropped,
   * numbers of fewer bits are rounded. The elements remain numbers.
   *
   * @throws {TypeError} if there is no such type of numbers
   */
  astype(this: ArrayExpression<number>, dtype: NumberTypecode): ArrayExpression<number> {
    this.checkNumbers("astype");
    const { name, type } = kindOf(dtype, "expression", "dtype");
    if (type !== "number") {
      const types = '"float64", "int32" or another type of numbers';
      throw wrongType("convert elements", "dtype", types, dtype);
    }
    return name === "float64" ? this : this.unaryOfNumbers(name as Cast);
  }

  /** Compares each element with the operand: 1 if it is less, else 0. */
  lt(other: Operand<T>): ArrayExpression<number> {
    return this.compare("lt", other);
  }

  /** Compares each element with the operand: 1 if it is less or equal, else 0. */
  le(other: Operand<T>): ArrayExpression<number> {
    return this.compare("le", other);
  }

  /** Compares each element with the operand: 1 if it is greater, else 0. */
  gt(other: Operand<T>): ArrayExpression<number> {
    return this.compare("gt", other);
  }

  /** Compares each element with the operand: 1 if it is greater or equal, else 0. */
  ge(other: Operand<T>): ArrayExpression<number> {
    return this.compare("ge", other);
  }

  /** Compares each element with the operand: 1 if they are equal, else 0. NaN equals nothing. */
  eq(other: Operand<T>): ArrayExpression<number> {
    return this.compare("eq", other);
  }

  /** Compares each element with the operand: 0 if they are equal, else 1. */
  ne(other: Operand<T>): ArrayExpression<number> {
    return this.compare("ne", other);
  }

  /**
   * Chooses between two operands, element by element: `then` where this expression is not 0, else `otherwise`.
   *
   * Follows `numpy.where`.
   */
  where(
    this: ArrayExpression<number>,
    then: Operand<number>,
    otherwise: Operand<number>,
  ): ArrayExpression<number> {
    this.checkNumbers("where");
    const args = Object.entries({ then, otherwise }).map(([name, operand]) =>
      this.operand("choose", operand, name)
    );
    return this.checked("choose", { op: "where", args: [this.root, ...args] });
  }

  /**
   * Applies a function to each element.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  map(fn: (element: T) => T): ArrayExpression<T> {
    return new ArrayExpression(callNode(fn, "map", [this.root]), this.kind);
  }

  /**
   * Applies a function to each element and the operand.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  zip(other: Operand<T>, fn: (element: T, other: T) => T): ArrayExpression<T> {
    const operand = this.operand("zip", other);
    return this.checked("zip", callNode(fn, "zip", [this.root, operand]));
  }

  /** Converts each element to a number; bigints beyond 2 ** 53 are rounded. */
  toNumbers(): ArrayExpression<number> {
    if (this.kind === "number") return this as unknown as ArrayExpression<number>;
    return new ArrayExpression({ op: "numbers", args: [this.root] }, "number");
  }

  /** Returns the sum of the elements; 0 or 0n if there are none. */
  async sum(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("sum", options);
  }

  /** Computes {@linkcode ArrayExpression.sum}, blocking the isolate, which runs chunks too. */
  sumSync(options: ExpressionOptions = {}): T {
    return this.foldSync("sum", options);
  }

  /** Returns the product of the elements; 1 or 1n if there are none. */
  async prod(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("prod", options);
  }

  /** Computes {@linkcode ArrayExpression.prod}, blocking the isolate, which runs chunks too. */
  prodSync(options: ExpressionOptions = {}): T {
    return this.foldSync("prod", options);
  }

  /**
   * Returns the smallest element.
   *
   * @throws {RangeError} if there are no elements
   */
  async min(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("min", options);
  }

  /** Computes {@linkcode ArrayExpression.min}, blocking the isolate, which runs chunks too. */
  minSync(options: ExpressionOptions = {}): T {
    return this.foldSync("min", options);
  }

  /**
   * Returns the largest element.
   *
   * @throws {RangeError} if there are no elements
   */
  async max(options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.fold("max", options);
  }

  /** Computes {@linkcode ArrayExpression.max}, blocking the isolate, which runs chunks too. */
  maxSync(options: ExpressionOptions = {}): T {
    return this.foldSync("max", options);
  }

  /** Returns the mean of the elements; NaN if there are none. */
  async mean(
    this: ArrayExpression<number>,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<number> {
    this.checkNumbers("mean");
    return await this.sum(options) / this.length;
  }

  /** Computes {@linkcode ArrayExpression.mean}, blocking the isolate, which runs chunks too. */
  meanSync(this: ArrayExpression<number>, options: ExpressionOptions = {}): number {
    this.checkNumbers("mean");
    return this.sumSync(options) / this.length;
  }

  /**
   * Returns the sum of the products of the elements with those of the operand.
   *
   * Follows `numpy.dot`.
   */
  async dot(other: Operand<T>, options: ExpressionOptions & AbortOptions = {}): Promise<T> {
    return await this.mul(other).sum(options);
  }

  /** Computes {@linkcode ArrayExpression.dot}, blocking the isolate, which runs chunks too. */
  dotSync(other: Operand<T>, options: ExpressionOptions = {}): T {
    return this.mul(other).sumSync(options);
  }

  /**
   * Combines all elements by a function.
   *
   * @param fn combines two values; it must be associative, since pieces are combined with each other
   * @param initial the first value to combine; the result if there are no elements
   * @throws {DataCloneError} if the function cannot cross
   */
  async reduce(
    fn: (left: T, right: T) => T,
    initial: T,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<T> {
    const loops = reduceLoops(this.typed(), fn, initial, options);
    return await this.run("reduce", loops, options, asyncOptionNames) as T;
  }

  /** Computes {@linkcode ArrayExpression.reduce}, blocking the isolate, which runs chunks too. */
  reduceSync(fn: (left: T, right: T) => T, initial: T, options: ExpressionOptions = {}): T {
    const loops = reduceLoops(this.typed(), fn, initial, options);
    return this.runSync("reduce", loops, options, syncOptionNames) as T;
  }

  /**
   * Stores the elements in an array, converted as by an assignment.
   *
   * @param target an array on shared memory of the same length; it may be one that the expression reads
   * @returns `target`
   * @throws {TypeError} if `target` is not on shared memory, or only one of it and the expression has
   * bigints
   * @throws {RangeError} if `target` has another length, or overlaps an array of the expression at
   * another offset
   */
  async into<Target extends TypedArrayOf<T>>(
    target: Target,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<Target> {
    const loops = storeLoops(this.typed(), target, options);
    return await this.run("store elements", loops, options, asyncOptionNames) as Target;
  }

  /** Computes {@linkcode ArrayExpression.into}, blocking the isolate, which runs chunks too. */
  intoSync<Target extends TypedArrayOf<T>>(
    target: Target,
    options: ExpressionOptions = {},
  ): Target {
    const loops = storeLoops(this.typed(), target, options);
    return this.runSync("store elements", loops, options, syncOptionNames) as Target;
  }

  /**
   * Stores the elements in a new array on shared memory.
   *
   * @param dtype the type of the array; `"float64"`, or `"int64"` for bigints, if omitted
   */
  async toArray<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options: ExpressionOptions & AbortOptions = {},
  ): Promise<DataOf<Code>> {
    const target = newArray(this.typed(), dtype) as TypedArrayOf<T>;
    return await this.into(target, options) as DataOf<Code>;
  }

  /** Computes {@linkcode ArrayExpression.toArray}, blocking the isolate, which runs chunks too. */
  toArraySync<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options: ExpressionOptions = {},
  ): DataOf<Code> {
    return this.intoSync(newArray(this.typed(), dtype) as TypedArrayOf<T>, options) as DataOf<Code>;
  }

  /**
   * Stores the running sums: of all elements up to and including each. Computes each element twice.
   *
   * @throws as {@linkcode ArrayExpression.into}
   */
  async cumsum<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options: PrefixSumOptions<Target> & AbortOptions = {},
  ): Promise<Target> {
    const loops = scanLoops(this.typed(), options);
    return await this.run("sum up", loops, options, asyncScanOptionNames) as Target;
  }

  /** Computes {@linkcode ArrayExpression.cumsum}, blocking the isolate, which runs chunks too. */
  cumsumSync<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options: PrefixSumOptions<Target> = {},
  ): Target {
    const loops = scanLoops(this.typed(), options);
    return this.runSync("sum up", loops, options, syncScanOptionNames) as Target;
  }

  /**
   * Says how the expression runs: as WebAssembly with vectors, or what stands in the way. Does not run it.
   *
   * @example A function that calls another
   * ```ts
   * import { lazy, prange } from "@sauropod/multiprocessing/loops";
   * import { assert, assertMatch } from "@std/assert";
   *
   * const x = lazy(prange(1_000_000));
   * assert(x.map((x) => x * x - x).explain().isVectorized);
   * assertMatch(String(x.map((x) => parseInt(`${x}`)).explain()), /JavaScript: the body .*parseInt/);
   * ```
   */
  explain(): LoopExplanation {
    return explainExpression(this.typed());
  }

  /** The tree with the type of its elements. */
  private typed(): TypedNode {
    return { root: this.root, kind: this.kind };
  }

  /** Applies an operation to each element. */
  private unary(op: Unary): ArrayExpression<T> {
    return new ArrayExpression({ op, args: [this.root] }, this.kind);
  }

  /** Applies an operation of numbers to each element. */
  private unaryOfNumbers(op: Unary): ArrayExpression<number> {
    this.checkNumbers(op);
    return new ArrayExpression({ op, args: [this.root] }, "number");
  }

  /** Throws unless the elements are numbers. */
  private checkNumbers(verb: string): void {
    if (this.kind === "number") return;
    throw new TypeError(`Cannot take ${verb} of bigints: use toNumbers() first`);
  }

  /** Applies an operation to each element and the operand. */
  private binary(op: Binary, other: Operand<T>): ArrayExpression<T> {
    return this.checked(op, { op, args: [this.root, this.operand(op, other)] });
  }

  /** Compares each element with the operand. */
  private compare(op: Comparison, other: Operand<T>): ArrayExpression<number> {
    const node: Node = { op, args: [this.root, this.operand("compare", other)] };
    lengthOf(node, "compare");
    return new ArrayExpression(node, "number");
  }

  /** Returns the node of an operand, which must have elements of the same type. */
  private operand(verb: string, other: Operand<T>, name = "other"): Node {
    const { root, kind } = isInstance(other, ArrayExpression as never)
      ? (other as ArrayExpression<T>).typed()
      : operandNode(other, "use operand", name, "a number, a range, an expression or ");
    if (kind === this.kind) return root;
    throw new TypeError(
      `Cannot ${verb} ${this.kind}s and ${kind}s: convert ${
        kind === "bigint" ? "the operand" : "the elements"
      } by ${root.op === "constant" ? "Number() or BigInt()" : "toNumbers()"}`,
    );
  }

  /** Makes an expression of a node, whose arrays must have the same length. */
  private checked(verb: string, node: Node): ArrayExpression<T> {
    lengthOf(node, verb);
    return new ArrayExpression(node, this.kind);
  }

  /** Reduces all elements to one. */
  private async fold(
    fold: "sum" | "prod" | "min" | "max",
    options: ExpressionOptions & AbortOptions,
  ): Promise<T> {
    const loops = foldLoops(this.typed(), fold, options);
    return await this.run(`compute ${fold}`, loops, options, asyncOptionNames) as T;
  }

  /** As `fold`, blocking the isolate. */
  private foldSync(fold: "sum" | "prod" | "min" | "max", options: ExpressionOptions): T {
    const loops = foldLoops(this.typed(), fold, options);
    return this.runSync(`compute ${fold}`, loops, options, syncOptionNames) as T;
  }

  /** Checks the options, then runs the loops, which read them only now: generators start lazily. */
  private async run<R, Options extends AbortOptions>(
    verb: string,
    loops: Loops<R>,
    options: Options,
    names: OptionNames<Options>,
  ): Promise<R> {
    checkOptions(verb, options, names);
    return await runLoops(loops, options.signal);
  }

  /** As `run`, blocking. */
  private runSync<R, Options extends object>(
    verb: string,
    loops: Loops<R>,
    options: Options,
    names: OptionNames<Options>,
  ): R {
    checkOptions(verb, options, names);
    return runLoopsSync(loops);
  }
}

/**
 * Starts an expression with the elements of an array: see {@linkcode ArrayExpression}.
 *
 * @param source a typed array on shared memory, or a range, which needs no memory
 * @throws {TypeError} if `source` is an array that is not on shared memory, or anything else
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
 * await stopTeam(); // only tests need it: the team does not keep a program alive
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
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export function lazy(source: NumberTypedArray | Range): ArrayExpression<number>;
/** Starts an expression with the elements of a 64-bit array. */
export function lazy(source: BigintTypedArray): ArrayExpression<bigint>;
export function lazy(
  source: NumberTypedArray | BigintTypedArray | Range,
): ArrayExpression<number> | ArrayExpression<bigint> {
  return ArrayExpression.from<number>(source);
}

task(import.meta, ArrayExpression as unknown as AnyClass);
