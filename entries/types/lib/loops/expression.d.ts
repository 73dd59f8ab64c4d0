// The declarations of lib/loops/expression.ts

import type { DataOf, NumberTypecode, NumericTypecode } from "../memory/typecodes.d.ts";
import type { LoopExplanation } from "./explain.d.ts";
import type {
  DefaultArray,
  ExpressionOptions,
  Operand,
  PrefixSumOptions,
} from "./expression_options.d.ts";
import type { BigintTypedArray, NumberTypedArray, TypedArrayOf } from "./expression_tree.d.ts";
import type { AbortOptions } from "./parallel_for.d.ts";
import type { Range } from "./range.d.ts";

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
export declare class ArrayExpression<T extends number | bigint = number> {
  private readonly root;
  private readonly kind;
  private constructor();
  /** Makes an expression, unchecked by the compiler: {@linkcode lazy} infers `T` from the source. */
  static from<T extends number | bigint>(source: unknown): ArrayExpression<T>;
  /** Number of elements. */
  get length(): number;
  /** Adds the operand to each element. */
  add(other: Operand<T>): ArrayExpression<T>;
  /** Subtracts the operand from each element. */
  sub(other: Operand<T>): ArrayExpression<T>;
  /** Multiplies each element by the operand. */
  mul(other: Operand<T>): ArrayExpression<T>;
  /**
   * Divides each element by the operand. Quotients of bigints are truncated, and running the expression
   * throws a `RangeError` if the operand is 0n.
   */
  div(other: Operand<T>): ArrayExpression<T>;
  /**
   * Raises each element to the power of the operand. Powers of 2 and 3 are computed as products, which
   * is faster than `**`, and more accurate in the last digit.
   */
  pow(other: Operand<T>): ArrayExpression<T>;
  /** Takes the smaller of each element and the operand. */
  minimum(other: Operand<T>): ArrayExpression<T>;
  /** Takes the larger of each element and the operand. */
  maximum(other: Operand<T>): ArrayExpression<T>;
  /** Negates each element. */
  neg(): ArrayExpression<T>;
  /** Takes the absolute value of each element. */
  abs(): ArrayExpression<T>;
  /** Takes the square root of each element; NaN if it is negative. */
  sqrt(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Raises e to the power of each element. */
  exp(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Takes the natural logarithm of each element; NaN if it is negative. */
  log(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Takes the sine of each element, an angle in radians. */
  sin(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Takes the cosine of each element, an angle in radians. */
  cos(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Takes the hyperbolic tangent of each element. */
  tanh(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Rounds each element down to an integer. */
  floor(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Rounds each element up to an integer. */
  ceil(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Removes the fraction of each element. */
  trunc(this: ArrayExpression<number>): ArrayExpression<number>;
  /** Rounds each element to the nearest integer, halves up, as `Math.round` does. NumPy rounds halves to even. */
  round(this: ArrayExpression<number>): ArrayExpression<number>;
  /**
   * Converts each element as an assignment to an array of a type does: integers wrap, fractions are dropped,
   * numbers of fewer bits are rounded. The elements remain numbers.
   *
   * @throws {TypeError} if there is no such type of numbers
   */
  astype(this: ArrayExpression<number>, dtype: NumberTypecode): ArrayExpression<number>;
  /** Compares each element with the operand: 1 if it is less, else 0. */
  lt(other: Operand<T>): ArrayExpression<number>;
  /** Compares each element with the operand: 1 if it is less or equal, else 0. */
  le(other: Operand<T>): ArrayExpression<number>;
  /** Compares each element with the operand: 1 if it is greater, else 0. */
  gt(other: Operand<T>): ArrayExpression<number>;
  /** Compares each element with the operand: 1 if it is greater or equal, else 0. */
  ge(other: Operand<T>): ArrayExpression<number>;
  /** Compares each element with the operand: 1 if they are equal, else 0. NaN equals nothing. */
  eq(other: Operand<T>): ArrayExpression<number>;
  /** Compares each element with the operand: 0 if they are equal, else 1. */
  ne(other: Operand<T>): ArrayExpression<number>;
  /**
   * Chooses between two operands, element by element: `then` where this expression is not 0, else `otherwise`.
   *
   * Follows `numpy.where`.
   */
  where(
    this: ArrayExpression<number>,
    then: Operand<number>,
    otherwise: Operand<number>,
  ): ArrayExpression<number>;
  /**
   * Applies a function to each element.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  map(fn: (element: T) => T): ArrayExpression<T>;
  /**
   * Applies a function to each element and the operand.
   *
   * @throws {DataCloneError} if the function cannot cross
   */
  zip(other: Operand<T>, fn: (element: T, other: T) => T): ArrayExpression<T>;
  /** Converts each element to a number; bigints beyond 2 ** 53 are rounded. */
  toNumbers(): ArrayExpression<number>;
  /** Returns the sum of the elements; 0 or 0n if there are none. */
  sum(options?: ExpressionOptions & AbortOptions): Promise<T>;
  /** Computes {@linkcode ArrayExpression.sum}, blocking the isolate, which runs chunks too. */
  sumSync(options?: ExpressionOptions): T;
  /** Returns the product of the elements; 1 or 1n if there are none. */
  prod(options?: ExpressionOptions & AbortOptions): Promise<T>;
  /** Computes {@linkcode ArrayExpression.prod}, blocking the isolate, which runs chunks too. */
  prodSync(options?: ExpressionOptions): T;
  /**
   * Returns the smallest element.
   *
   * @throws {RangeError} if there are no elements
   */
  min(options?: ExpressionOptions & AbortOptions): Promise<T>;
  /** Computes {@linkcode ArrayExpression.min}, blocking the isolate, which runs chunks too. */
  minSync(options?: ExpressionOptions): T;
  /**
   * Returns the largest element.
   *
   * @throws {RangeError} if there are no elements
   */
  max(options?: ExpressionOptions & AbortOptions): Promise<T>;
  /** Computes {@linkcode ArrayExpression.max}, blocking the isolate, which runs chunks too. */
  maxSync(options?: ExpressionOptions): T;
  /** Returns the mean of the elements; NaN if there are none. */
  mean(this: ArrayExpression<number>, options?: ExpressionOptions & AbortOptions): Promise<number>;
  /** Computes {@linkcode ArrayExpression.mean}, blocking the isolate, which runs chunks too. */
  meanSync(this: ArrayExpression<number>, options?: ExpressionOptions): number;
  /**
   * Returns the sum of the products of the elements with those of the operand.
   *
   * Follows `numpy.dot`.
   */
  dot(other: Operand<T>, options?: ExpressionOptions & AbortOptions): Promise<T>;
  /** Computes {@linkcode ArrayExpression.dot}, blocking the isolate, which runs chunks too. */
  dotSync(other: Operand<T>, options?: ExpressionOptions): T;
  /**
   * Combines all elements by a function.
   *
   * @param fn combines two values; it must be associative, since pieces are combined with each other
   * @param initial the first value to combine; the result if there are no elements
   * @throws {DataCloneError} if the function cannot cross
   */
  reduce(
    fn: (left: T, right: T) => T,
    initial: T,
    options?: ExpressionOptions & AbortOptions,
  ): Promise<T>;
  /** Computes {@linkcode ArrayExpression.reduce}, blocking the isolate, which runs chunks too. */
  reduceSync(fn: (left: T, right: T) => T, initial: T, options?: ExpressionOptions): T;
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
  into<Target extends TypedArrayOf<T>>(
    target: Target,
    options?: ExpressionOptions & AbortOptions,
  ): Promise<Target>;
  /** Computes {@linkcode ArrayExpression.into}, blocking the isolate, which runs chunks too. */
  intoSync<Target extends TypedArrayOf<T>>(target: Target, options?: ExpressionOptions): Target;
  /**
   * Stores the elements in a new array on shared memory.
   *
   * @param dtype the type of the array; `"float64"`, or `"int64"` for bigints, if omitted
   */
  toArray<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options?: ExpressionOptions & AbortOptions,
  ): Promise<DataOf<Code>>;
  /** Computes {@linkcode ArrayExpression.toArray}, blocking the isolate, which runs chunks too. */
  toArraySync<Code extends NumericTypecode = T extends bigint ? "int64" : "float64">(
    dtype?: Code,
    options?: ExpressionOptions,
  ): DataOf<Code>;
  /**
   * Stores the running sums: of all elements up to and including each. Computes each element twice.
   *
   * @throws as {@linkcode ArrayExpression.into}
   */
  cumsum<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options?: PrefixSumOptions<Target> & AbortOptions,
  ): Promise<Target>;
  /** Computes {@linkcode ArrayExpression.cumsum}, blocking the isolate, which runs chunks too. */
  cumsumSync<Target extends TypedArrayOf<T> = DefaultArray<T>>(
    options?: PrefixSumOptions<Target>,
  ): Target;
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
  explain(): LoopExplanation;
  /** The tree with the type of its elements. */
  private typed;
  /** Applies an operation to each element. */
  private unary;
  /** Applies an operation of numbers to each element. */
  private unaryOfNumbers;
  /** Throws unless the elements are numbers. */
  private checkNumbers;
  /** Applies an operation to each element and the operand. */
  private binary;
  /** Compares each element with the operand. */
  private compare;
  /** Returns the node of an operand, which must have elements of the same type. */
  private operand;
  /** Makes an expression of a node, whose arrays must have the same length. */
  private checked;
  /** Reduces all elements to one. */
  private fold;
  /** As `fold`, blocking the isolate. */
  private foldSync;
  /** Checks the options, then runs the loops, which read them only now: generators start lazily. */
  private run;
  /** As `run`, blocking. */
  private runSync;
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
export declare function lazy(source: NumberTypedArray | Range): ArrayExpression<number>;

/** Starts an expression with the elements of a 64-bit array. */
export declare function lazy(source: BigintTypedArray): ArrayExpression<bigint>;

export {};
