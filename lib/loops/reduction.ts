/**
 * How the values of a loop become one: the kinds of reductions, and combining in a fixed order.
 *
 * @module
 */

/** Operators by name, as OpenMP and numba have them. */
export type LoopOperator = "+" | "*" | "min" | "max";

/** Typed arrays that a loop can reduce into, element by element. */
export type AccumulatorArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** How the values of a loop become one. */
export type Reduction =
  /** The body returns numbers. */
  | { kind: "numbers"; name: LoopOperator; identity: number }
  /** The body updates an array of numbers that is passed to it. */
  | { kind: "arrays"; name: LoopOperator; identity: AccumulatorArray }
  /** The body returns values of any kind. */
  | { kind: "values"; combine: (left: never, right: never) => unknown; identity: unknown };

/** The identity of each operator. */
export const identities: Record<LoopOperator, number> = {
  "+": 0,
  "*": 1,
  min: Infinity,
  max: -Infinity,
};

const operations: Record<LoopOperator, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "*": (left, right) => left * right,
  min: Math.min,
  max: Math.max,
};

/** Combines two values; an array on the left is updated in place. */
export function combine(reduction: Reduction, left: unknown, right: unknown): unknown {
  if (reduction.kind === "values") return reduction.combine(left as never, right as never);
  const operate = operations[reduction.name];
  if (reduction.kind === "numbers") return operate(left as number, right as number);
  const into = left as AccumulatorArray;
  const from = right as AccumulatorArray;
  for (let at = 0; at < into.length; at++) into[at] = operate(into[at], from[at]);
  return into;
}

/**
 * Combines the values from index `from` to `to`, which are at least one, in a tree whose shape depends
 * on nothing but their number.
 */
export function combineInPairs<V>(
  values: readonly V[],
  combine: (left: V, right: V) => V,
  from = 0,
  to = values.length,
): V {
  if (to - from === 1) return values[from];
  const middle = (from + to) >> 1;
  return combine(
    combineInPairs(values, combine, from, middle),
    combineInPairs(values, combine, middle, to),
  );
}
