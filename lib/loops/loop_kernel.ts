/**
 * Kernels of loops: the body of a loop that is plain arithmetic on numbers and typed arrays runs as WebAssembly
 * with vectors. Every other body runs as it is.
 *
 * @module
 */

import { LaneObstacle } from "../kernels/lanes.ts";
import { Memo } from "../kernels/memo.ts";
import { type MemberKind, type Obstacle, parseBody } from "../kernels/parse_body.ts";
import {
  orWithout,
  planKernel,
  type PlannedKernel,
  SHORT_NS,
  writtenArrays,
} from "../kernels/plan_kernel.ts";
import type { Expression, Program, Statement } from "../kernels/program.ts";
import { isKernelArray, type KernelArray, viewLike } from "../kernels/typed_arrays.ts";
import { sharedBuffer } from "../memory/shared_buffer.ts";
import { isWithin32Bits, type LoopPlan } from "./loop_plan.ts";
import { alignChunks } from "./schedule.ts";

/** The kernel of a loop, and its program. */
export interface LoopKernel extends PlannedKernel {
  readonly program: Program;
}

/** Multiples of so many indices are computed by vectors alone. */
const LANES = 8;

type Parsed = ReturnType<typeof parseBody>;
/** Programs by the kinds of the members of their context and their text. */
const parsed = new Memo<string, Parsed>();

/** A loop, and how many isolates run it. */
interface SizedLoop {
  readonly plan: LoopPlan;
  readonly threads: number;
}

/**
 * Gives a loop its kernel, if its body can be compiled to one.
 *
 * @param numThreads the number of isolates that the caller wants; else a short loop runs in the caller alone. If
 * it is not known whether a member of the context crosses, it does not: then sending the loop checks that
 */
export function withKernel<Loop extends SizedLoop>(loop: Loop, numThreads?: number): Loop {
  const { plan } = loop;
  const found = kernelOf(plan);
  const unchecked = uncheckedOf(plan.context);
  const mayBeAlone = numThreads === undefined && Object.keys(unchecked).length === 0;
  if (!("kernel" in found)) {
    const isShort = found instanceof LaneObstacle && found.time < SHORT_NS;
    return isShort && mayBeAlone ? { ...loop, threads: 1 } : loop;
  }
  const { kernel, isShort } = found;
  const partition = found.lanes.loop === undefined
    ? alignChunks(plan.partition, plan.length, LANES)
    : plan.partition;
  return {
    ...loop,
    threads: isShort && mayBeAlone ? 1 : loop.threads,
    plan: { ...plan, kernel, partition, context: unchecked },
  };
}

/** Returns the members of a context that a kernel does not use, and of which it is not known that they cross. */
function uncheckedOf(context: object): object {
  return Object.fromEntries(
    Object.entries(context).filter(([, value]) => kindOf(value) === "other"),
  );
}

/** Returns the kernel of a loop, or why it has none. */
export function kernelOf(plan: LoopPlan): LoopKernel | Obstacle | LaneObstacle {
  return orWithout(() => planLoop(plan));
}

function planLoop(plan: LoopPlan): LoopKernel | Obstacle | LaneObstacle {
  const { body, context, start, step, length, reduction } = plan;
  if (reduction !== undefined && reduction.kind !== "numbers") {
    return new LaneObstacle("values are combined that are not numbers");
  }
  if (!isWithin32Bits(plan)) return new LaneObstacle("the indices do not fit in 32 bits");
  const result = programOf(body, context);
  if ("obstacle" in result) return result.obstacle;
  const program = step === 1 ? result.program : programInSteps(result.program, start, step);
  const planned = planKernel({
    program,
    ...membersOf(program, context),
    first: step === 1 ? start : 0,
    turns: length,
    operator: reduction?.name,
    isElementwise: false,
  });
  return planned instanceof LaneObstacle ? planned : { ...planned, program };
}

function programOf(body: LoopPlan["body"], context: object): Parsed {
  const kinds: Record<string, MemberKind> = {};
  for (const [name, value] of Object.entries(context)) kinds[name] = kindOf(value);
  const source = Function.prototype.toString.call(body);
  return parsed.get(`${JSON.stringify(kinds)} ${source}`, () => parseBody(source, kinds));
}

function kindOf(value: unknown): MemberKind {
  if (typeof value === "number") return "number";
  if (isKernelArray(value)) return "array";
  return isNdArray(value) ? { axes: value.shape.length } : "other";
}

/** An array of npm:ndarray. */
interface NdArrayLike {
  readonly data: KernelArray;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Returns whether a value is an array of npm:ndarray, whose classes have names such as `View2dfloat64`. */
function isNdArray(value: unknown): value is NdArrayLike {
  if (typeof value !== "object" || value === null || !("data" in value)) return false;
  return /^View[1-9]\d*d[a-z]/.test(value.constructor?.name ?? "") && isKernelArray(value.data);
}

/** Programs of loops in steps other than 1, by the program of the body. */
const inSteps = new WeakMap<Program, Map<string, Program>>();

/** Returns a program that takes the position of an index in its range. */
function programInSteps(program: Program, start: number, step: number): Program {
  let programs = inSteps.get(program);
  if (programs === undefined) inSteps.set(program, programs = new Map());
  const key = `${start} ${step}`;
  let result = programs.get(key);
  if (result === undefined) {
    const position = { name: program.index.name };
    const number = (value: number): Expression => ({ op: "number", value });
    // A product of 0 and a negative number would be -0.
    const distance: Expression = {
      op: "mul",
      args: [{ op: "variable", variable: position }, number(Math.abs(step))],
    };
    const value: Expression = { op: step < 0 ? "sub" : "add", args: [number(start), distance] };
    const set: Statement = { op: "set", variable: program.index, value };
    result = { ...program, index: position, statements: [set, ...program.statements] };
    programs.set(key, result);
  }
  return result;
}

/** Returns the arrays and numbers of a context that a program uses. */
function membersOf(program: Program, context: object) {
  const members = context as Record<string, unknown>;
  const written = writtenArrays(program);
  const arrays: Record<string, KernelArray> = {};
  for (const { name } of program.arrays) {
    const array = memberAt(members, name) as KernelArray;
    const isCopied = !(array.buffer instanceof SharedArrayBuffer) && !written.has(name);
    arrays[name] = isCopied ? sharedCopy(array) : array;
  }
  const numbers = Object.fromEntries(
    program.numbers.map((name) => [name, memberAt(members, name) as number]),
  );
  return { arrays, numbers };
}

/** Returns a member of a context, or a part of an ndarray, such as `x.stride.0`. */
function memberAt(members: Record<string, unknown>, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (holder, name) => (holder as Record<string, unknown>)[name],
    members,
  );
}

/** Copies an array to shared memory: isolates get copies of other arrays in any case. */
function sharedCopy(array: KernelArray): KernelArray {
  const copy = viewLike(array, sharedBuffer("run loop", array.byteLength), 0, array.length);
  copy.set(array);
  return copy;
}
