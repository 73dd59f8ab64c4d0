// The declarations of lib/loops/reduction.ts

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

export {};
