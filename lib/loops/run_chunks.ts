/**
 * What one thread does of a loop: it takes units until none is left.
 *
 * | word of a loop | meaning | written by |
 * |---|---|---|
 * | `STOP` | 1: take no more, the loop has failed or was given up | whoever ends it |
 * | `NEXT` | the next unit that nobody has taken | threads, one each |
 * | `BEGUN` | number of threads that have begun; with `CLOSED`: no others may | threads, the caller |
 *
 * Nobody sleeps on them. `BEGUN` lets the caller go on without threads that have not started when all
 * is done: it sets `CLOSED` and waits only for those that had begun by then; a thread that comes
 * later sees the bit and does nothing. One word, so that none can slip in between.
 *
 * @module
 */

import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, stopRequested } from "../heap/isolate_record.ts";
import { serveRequests } from "../parking/wait.ts";
import { definitionAt } from "../codec/definition.ts";
import { functionAddress } from "../codec/functions.ts";
import { task } from "../codec/task.ts";
import { freeze } from "../memory/frozen.ts";
import { isPromiseLike } from "../pool/runner/run_chunk.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { chunkEnd, chunkStart, type Partition } from "./schedule.ts";

const STOP = 0;
const NEXT = 1;
const BEGUN = 2;
const CLOSED = 1 << 30;

/** Makes the words of a loop. */
export function allocateControl(): number {
  ensureIsolate();
  const control = allocate(12);
  for (let at = 0; at < 3; at++) Atomics.store(i32, control + at, 0);
  return control;
}

/** Frees the words of a loop that no thread can reach any more. */
export function freeControl(control: number): void {
  free(control);
}

/** Has all threads stop after the chunk that they are at. */
export function stopLoop(control: number): void {
  Atomics.store(i32, control + STOP, 1);
}

/** Lets no more threads begin; how many have. */
export function closeLoop(control: number): number {
  return Atomics.or(i32, control + BEGUN, CLOSED) & ~CLOSED;
}

/** Operators by name, as OpenMP and numba have them. */
export type LoopOperator = "+" | "*" | "min" | "max";

/** How the values of a loop become one. */
export type Reduction =
  /** The body returns numbers. */
  | { kind: "numbers"; name: LoopOperator; identity: number }
  /** The body adds to an array of numbers that it is given. */
  | { kind: "arrays"; name: LoopOperator; identity: AccumulatorArray }
  /** The body returns anything. */
  | { kind: "values"; combine: (left: never, right: never) => unknown; identity: unknown };

/** Arrays that a loop can add to. */
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

/** What a thread is told of a loop. */
export interface LoopPlan {
  control: number;
  // deno-lint-ignore no-explicit-any -- its parameters are what the caller says they are
  body: (...args: any[]) => unknown;
  /** Whether the body is a {@linkcode ChunkLoop}: the loop over a chunk itself. */
  isCompiled?: boolean;
  context: object;
  start: number;
  step: number;
  length: number;
  partition: Partition;
  reduction?: Reduction;
  /** Whether to keep the value of each chunk apart. */
  keepsChunks: boolean;
}

/** What a thread brings back. */
export interface LoopOutcome {
  /** The value of all its chunks; none if it had none. */
  values: unknown[];
  /** The chunk that each value is of, if they are kept apart. */
  chunks: number[];
  /** Whether the loop was closed before the thread began. */
  late?: boolean;
  /** What went wrong, and at which index. */
  failure?: { error: unknown; index: number; worker: string };
}

/** Whether this isolate is at a loop: one inside it runs on this thread alone. */
let inLoop = false;

/** Whether this isolate is at a loop. */
export function isInLoop(): boolean {
  return inLoop;
}

/** Runs what is left of a loop on this thread. */
export function runChunks(plan: LoopPlan): LoopOutcome {
  const { control, partition, length } = plan;
  const outcome: LoopOutcome = { values: [], chunks: [] };
  if ((Atomics.add(i32, control + BEGUN, 1) & CLOSED) !== 0) return { ...outcome, late: true };
  const run = chunkLoopFor(plan);
  const outer = inLoop;
  inLoop = true;
  let index = plan.start;
  const at = (failed: number) => index = failed;
  try {
    for (;;) {
      const unit = Atomics.add(i32, control + NEXT, 1);
      if (unit >= partition.units) return outcome;
      for (let chunk = unit; chunk < partition.chunks; chunk += partition.units) {
        if (Atomics.load(i32, control + STOP) !== 0 || stopRequested()) return outcome;
        serveRequests(); // a worker may wait for an array that only this thread can send it
        const from = chunkStart(partition, chunk);
        const count = chunkEnd(partition, chunk, length) - from;
        const value = run(
          plan.start + from * plan.step,
          count,
          plan.step,
          plan.context,
          plan.reduction?.identity,
          at,
        );
        if (plan.reduction !== undefined || plan.keepsChunks) collect(outcome, plan, chunk, value);
      }
    }
  } catch (error) {
    stopLoop(control);
    adviseOnContext(error, plan);
    outcome.failure = { error, index, worker: currentIdentity().name };
    return outcome;
  } finally {
    inLoop = outer;
  }
}

/**
 * Runs a part in a worker, on a context whose plain parts cannot be written to: what the body changed
 * in a copy would be lost without a word.
 */
export const runChunksInWorker: (plan: LoopPlan) => LoopOutcome = task(
  import.meta,
  (plan: LoopPlan) => {
    freeze(plan.context);
    return runChunks(plan);
  },
);

function collect(outcome: LoopOutcome, plan: LoopPlan, chunk: number, value: unknown): void {
  if (plan.keepsChunks || outcome.values.length === 0) {
    outcome.values.push(value);
    outcome.chunks.push(chunk);
  } else {
    outcome.values[0] = combine(plan.reduction!, outcome.values[0], value);
  }
}

/** The two values as one. */
export function combine(reduction: Reduction, left: unknown, right: unknown): unknown {
  if (reduction.kind === "values") return reduction.combine(left as never, right as never);
  const operate = operations[reduction.name];
  if (reduction.kind === "numbers") return operate(left as number, right as number);
  const into = left as AccumulatorArray;
  const from = right as AccumulatorArray;
  for (let at = 0; at < into.length; at++) into[at] = operate(into[at], from[at]);
  return into;
}

const operations: Record<LoopOperator, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "*": (left, right) => left * right,
  min: Math.min,
  max: Math.max,
};

function adviseOnContext(error: unknown, { body, isCompiled, context }: LoopPlan): void {
  if (error instanceof TypeError && /read only property|not extensible/.test(error.message)) {
    error.message +=
      ". What is no array on shared memory is a copy in each thread, which cannot be " +
      "written to: make it with sharedArray(), use a Value, or combine results with parallelReduce()";
  }
  if (!(error instanceof ReferenceError)) return;
  if (isCompiled) {
    if (!Object.values(context).some(isSource)) return;
    error.message +=
      ". A function of an array expression sees nothing outside itself: register it " +
      "with task(import.meta, fn) at the top level of its module";
  } else if (isSource(body)) {
    error.message +=
      ". The body of a parallel loop sees nothing outside itself: put what it needs " +
      "into context, or register it with task(import.meta, fn) at the top level of its module";
  }
}

/** Whether it is a function that is sent as its text. */
function isSource(value: unknown): boolean {
  if (typeof value !== "function") return false;
  return definitionAt(functionAddress(value as LoopPlan["body"])).kind === "source";
}

// The loop itself, compiled for each body, so that the engine can build the body into it.

/** A loop over a chunk; it tells `at` where it failed. */
export type ChunkLoop = (
  first: number,
  count: number,
  step: number,
  context: object,
  identity: unknown,
  at: (index: number) => void,
) => unknown;

/** How a value of the body is taken in, and what the loop gives. */
interface ReductionCode {
  /** Where the loop's value begins. */
  initial: string;
  /** What is passed to the body besides the index and the context. */
  extra: string;
  /** Takes in `v`, a value of the body. */
  take(v: string): string;
}

function reductionCode(reduction: Reduction | undefined): ReductionCode {
  if (reduction === undefined) return { initial: "undefined", extra: "", take: (v) => v };
  if (reduction.kind === "arrays") {
    return { initial: "identity.slice()", extra: ", value", take: (v) => v };
  }
  if (reduction.kind === "values") {
    return { initial: "identity", extra: "", take: (v) => `value = combine(value, ${v})` };
  }
  const take = {
    "+": (v: string) => `value += ${v}`,
    "*": (v: string) => `value *= ${v}`,
    min: (v: string) => `value = Math.min(value, ${v})`,
    max: (v: string) => `value = Math.max(value, ${v})`,
  };
  return { initial: "identity", extra: "", take: take[reduction.name] };
}

interface Compiled {
  source: string;
  combine: unknown;
  driver: ChunkLoop;
}

const compiled = new WeakMap<LoopPlan["body"], Compiled>();
/**
 * What makes the loops around bodies of one text, by the text of both. A body that is written in the
 * call is another function each time, and the engine goes on with what it learnt of the last.
 */
const factories = new Map<string, (...parts: unknown[]) => ChunkLoop>();

function chunkLoopFor(plan: LoopPlan): ChunkLoop {
  const { body, isCompiled, reduction, step } = plan;
  if (isCompiled) return body;
  const { initial, extra, take } = reductionCode(reduction);
  const call = `body(i, context${extra})`;
  // Told that the index has 32 bits, the engine makes a loop that is as fast as one by hand.
  const whole = isWithin32Bits(plan) ? "| 0" : "";
  const isLeft = step > 0 ? "i < end" : "i > end";
  const next = `i = (i + ${step}) ${whole}`;
  const source = `"use strict";
    return (first, count, _step, context, identity, at) => {
      let i = first;
      try {
        let value = ${initial};
        if (count > 0) {
          const v = ${call};
          check(v);
          ${take("v")};
          const end = (first + count * ${step}) ${whole};
          for (${next}; ${isLeft}; ${next}) {
            ${take(call)};
          }
        }
        return value;
      } catch (error) {
        at(i);
        throw error;
      }
    };`;
  const combine = reduction?.kind === "values" ? reduction.combine : undefined;
  const known = compiled.get(body);
  if (known?.source === source && known.combine === combine) return known.driver;
  const check = reduction?.kind === "numbers" ? checkNumber : checkNoPromise;
  const text = `${source}\n${body}`;
  let make = factories.get(text);
  if (make === undefined) {
    // The engine keeps what it learnt for one text: another body in the same text would be slow.
    make = new Function("body", "check", "combine", `${source} // ${factories.size}`) as () =>
      ChunkLoop;
    factories.set(text, make);
  }
  const driver = make(body, check, combine);
  compiled.set(body, { source, combine, driver });
  return driver;
}

/** Whether no index, nor the one behind the last, needs more than 32 bits. */
function isWithin32Bits({ start, step, length }: LoopPlan): boolean {
  const end = start + length * step;
  return (start | 0) === start && (end | 0) === end;
}

/** Looks at the first value of a chunk. */
function checkNumber(value: unknown): void {
  checkNoPromise(value);
  if (typeof value === "number") return;
  throw new TypeError(
    `Cannot reduce: the body must return a number, not ${value === null ? "null" : typeof value}`,
  );
}

function checkNoPromise(value: unknown): void {
  if (!isPromiseLike(value)) return;
  value.then(undefined, () => {}); // it is this error that ends the loop
  throw new TypeError(
    "Cannot run loop: its body returns a promise. Use Pool.map() for work that waits",
  );
}
