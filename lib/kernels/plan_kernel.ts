/**
 * Makes kernels of programs: finds out what is known of the arrays and numbers of a call, and compiles the
 * program for it, unless that has been done before.
 *
 * @module
 */

import { compileKernel } from "./compile_kernel.ts";
import { isOutside, type Kernel, memoryOfArray } from "./kernel.ts";
import { type ArrayIdentity, type FoldOperator, LaneObstacle, type LanePlan } from "./lanes.ts";
import { Memo } from "./memo.ts";
import { integers, isInt } from "./number_range.ts";
import type { ArrayName, Program } from "./program.ts";
import type { ArrayFacts, Facts } from "./ranges.ts";
import { elementTypeOf, type KernelArray } from "./typed_arrays.ts";
import { eachStatement } from "./visit.ts";

/** What a kernel is to do. */
export interface KernelRequest {
  readonly program: Program;
  /** The arrays and numbers of the context, by the names in the program. */
  readonly arrays: Readonly<Record<string, KernelArray>>;
  readonly numbers: Readonly<Record<string, number>>;
  /** The first index of the loop, and the number of turns. */
  readonly first: number;
  readonly turns: number;
  /** How the values of the turns are combined, if they have values. */
  readonly operator: FoldOperator | undefined;
  /** Whether the program uses each array at the index of the loop only. */
  readonly isElementwise: boolean;
}

/** A kernel, and what is known of it. */
export interface PlannedKernel {
  readonly kernel: Kernel;
  /** Which loop runs in lanes. */
  readonly lanes: LanePlan;
  /** Whether workers would wake too late to be of use. */
  readonly isShort: boolean;
}

/** A compiled program. */
type Compiled = Pick<Kernel, "module" | "functions" | "turnsPerCall"> & {
  lanes: LanePlan;
  time: number;
};

/** Loops that take less time on one core, in nanoseconds, run in the caller alone. */
export const SHORT_NS = 750_000;
/** Number of elements of an array that 32-bit integers count. */
const MAX_LENGTH = 2 ** 31 - 1;
/** Arrays outside of WebAssembly up to this number of bytes are copied for each chunk. */
const MAX_COPIED_BYTES = 1 << 16;

/** Compiled programs and obstacles, by what they were compiled for. */
const compiled = new Memo<string, Compiled | LaneObstacle>();
const programIds = new WeakMap<Program, number>();
let lastId = 0;

/**
 * Returns what `plan` returns, or an obstacle if it throws: whatever keeps a kernel from being made, the loop
 * can run without it.
 */
export function orWithout<R>(plan: () => R): R | LaneObstacle {
  try {
    return plan();
  } catch (error) {
    return new LaneObstacle(`no kernel could be made of it: ${(error as Error).message}`);
  }
}

/** Makes a kernel, or returns why the program gains nothing from vectors. */
export function planKernel(request: KernelRequest): PlannedKernel | LaneObstacle {
  const { program, numbers, operator, isElementwise } = request;
  const arrays = program.arrays.map(({ name }) => request.arrays[name]);
  const obstacle = findLengthObstacle(request) ??
    (isElementwise ? undefined : findCopyObstacle(request));
  if (obstacle !== undefined) return obstacle;
  const result = compileFor(request, arrays);
  if (result instanceof LaneObstacle) return result;
  const { module, functions, turnsPerCall, lanes, time } = result;
  const values = program.numbers.map((name) => numbers[name]);
  const written = writtenArrays(program);
  const isWritten = program.arrays.map(({ name }) => written.has(name));
  const code = { module, functions, turnsPerCall, operator, isElementwise };
  const kernel = { ...code, arrays, isWritten, numbers: values };
  return { kernel, lanes, isShort: time < SHORT_NS };
}

/** Returns the names of the arrays of the context that a program may write, also through a view. */
export function writtenArrays({ statements }: Program): Set<string> {
  const written = new Set<string>();
  const bases = new Map<ArrayName, ArrayName>();
  eachStatement(statements, (statement) => {
    if (statement.op === "view") bases.set(statement.view, statement.array);
  });
  eachStatement(statements, (statement) => {
    if (statement.op !== "store") return;
    let array: ArrayName | undefined = statement.array;
    for (; array !== undefined; array = bases.get(array)) written.add(array.name);
  });
  return written;
}

/** Finds an array whose elements 32-bit integers do not count. */
function findLengthObstacle({ program, arrays }: KernelRequest): LaneObstacle | undefined {
  const long = program.arrays.find(({ name }) => arrays[name].length > MAX_LENGTH);
  return long && new LaneObstacle(`\`${long.name}\` has more than ${MAX_LENGTH} elements`);
}

/** Finds an array outside of WebAssembly that the program writes, or that is too large to be copied. */
function findCopyObstacle({ program, arrays }: KernelRequest): LaneObstacle | undefined {
  const written = writtenArrays(program);
  for (const { name } of program.arrays) {
    const array = arrays[name];
    if (!isOutside(array)) continue;
    if (!written.has(name) && array.byteLength <= MAX_COPIED_BYTES) continue;
    return new LaneObstacle(
      `\`${name}\` is not on memory of WebAssembly: make it with sharedArray(), or zeros() of ./ndarray`,
    );
  }
  return undefined;
}

function compileFor(
  request: KernelRequest,
  arrays: readonly KernelArray[],
): Compiled | LaneObstacle {
  const facts = factsOf(request);
  const identities = identitiesOf(request.program, arrays);
  const all = arrays.map(memoryOfArray);
  const distinct = [...new Set(all)];
  const memories = all.map((memory) => distinct.indexOf(memory));
  const { program, turns, operator } = request;
  const key = JSON.stringify([idOf(program), facts, turns, operator, identities, memories]);
  const source = { program, facts, turns, operator, identities, memories };
  return compiled.get(key, () => orWithout(() => compile(source)));
}

/** Makes a character of each byte. */
const byteText = new TextDecoder("windows-1252");
/** Modules by their bytes: the same program for other lengths has often the same code. */
const modules = new Memo<string, WebAssembly.Module>();

function compile(source: Parameters<typeof compileKernel>[0]): Compiled | LaneObstacle {
  const result = compileKernel(source);
  if (result instanceof LaneObstacle) return result;
  const { bytes, functions, lanes, turnsPerCall, time } = result;
  const module = modules.get(byteText.decode(bytes), () => new WebAssembly.Module(bytes));
  return { module, functions, turnsPerCall, lanes, time };
}

function idOf(program: Program): number {
  let id = programIds.get(program);
  if (id === undefined) programIds.set(program, id = ++lastId);
  return id;
}

function factsOf({ program, arrays, numbers, first, turns }: KernelRequest): Facts {
  const known: Record<string, ArrayFacts> = {};
  for (const { name } of program.arrays) {
    known[name] = { type: elementTypeOf(arrays[name])!, length: arrays[name].length };
  }
  return {
    index: integers(first, first + Math.max(turns - 1, 0)),
    numbers: Object.fromEntries(
      program.numbers.map((name) => [name, isInt(numbers[name]) ? numbers[name] : undefined]),
    ),
    arrays: known,
  };
}

/** Finds out which arrays have the same elements, and which overlap. */
function identitiesOf(
  { arrays: names }: Program,
  arrays: readonly KernelArray[],
): Record<string, ArrayIdentity> {
  const identities: Record<string, ArrayIdentity> = {};
  arrays.forEach((array, at) => {
    const same = arrays.findIndex((other) => isSameArray(array, other));
    const overlaps = arrays.some((other) => !isSameArray(array, other) && overlap(array, other));
    identities[names[at].name] = { same: names[same].name, overlaps };
  });
  return identities;
}

function isSameArray(a: KernelArray, b: KernelArray): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length &&
    elementTypeOf(a) === elementTypeOf(b);
}

function overlap(a: KernelArray, b: KernelArray): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength;
}
