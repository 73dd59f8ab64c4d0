/**
 * A loop as its participants get it, and what each of them returns.
 *
 * @module
 */

import type { AnyFunction } from "../codec/task.ts";
import type { Kernel } from "../kernels/kernel.ts";
import type { Reduction } from "./reduction.ts";
import type { Partition } from "./schedule.ts";

/** A loop that has not been started. */
export interface LoopPlan {
  // deno-lint-ignore no-explicit-any -- its parameters are what the caller says they are
  body: (...args: any[]) => unknown;
  /** Whether the body is a {@linkcode ChunkLoop} already: it runs a whole chunk. */
  isCompiled?: boolean;
  /** The caller's function, if the body is the package's and calls it: errors name this one. */
  callee?: AnyFunction | undefined;
  context: object;
  /** The body with its context, compiled to WebAssembly: runs in place of the body. */
  kernel?: Kernel;
  start: number;
  step: number;
  length: number;
  partition: Partition;
  reduction?: Reduction | undefined;
  /** Whether each chunk's value is kept apart, for a deterministic result. */
  keepsChunks: boolean;
  /** Whether participants count the indices that are done. */
  countsDone?: boolean;
}

/** Returns whether all indices, and the one after the last, fit in 32 bits. */
export function isWithin32Bits({ start, step, length }: LoopPlan): boolean {
  const end = start + length * step;
  return (start | 0) === start && (end | 0) === end;
}

/** Returns how many indices are counted as one in the control words, so that all fit in one word. */
export function doneUnit(length: number): number {
  return Math.max(Math.ceil(length / 2 ** 30), 1);
}

/** A loop as a participant gets it. Crosses. */
export interface StartedLoop extends LoopPlan {
  /** Address of the control words. */
  control: number;
}

/** What a participant returns. */
export interface LoopOutcome {
  /** The combined value of its chunks, or the value of each; empty if it ran no chunk. */
  values: unknown[];
  /** The chunk of each value, if they are kept apart. */
  chunks: number[];
  /** Whether the loop was closed before the participant started. */
  late?: boolean;
  /** The error that its body threw, and at which index. */
  failure?: { error: unknown; index: number; worker: string };
}

/** Returns the values of chunks that were kept apart, in the order of the chunks. */
export function valuesByChunk(outcomes: LoopOutcome[]): unknown[] {
  const ordered: unknown[] = [];
  for (const { chunks, values } of outcomes) {
    chunks.forEach((chunk, at) => ordered[chunk] = values[at]);
  }
  return ordered;
}
