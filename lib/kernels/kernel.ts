/**
 * Kernels: compiled programs with the arrays and numbers they run on, and how isolates run them.
 *
 * A kernel uses arrays on memories of WebAssembly in place. Of other arrays, it has a copy in a scratch
 * memory of the isolate: of the elements that a call uses, if the program uses each array at the index of the
 * loop only, and else of the whole array, which the program then only reads.
 *
 * @module
 */

import { memoryOf } from "../codec/buffers.ts";
import type { FoldOperator } from "./lanes.ts";
import { type KernelArray, viewLike } from "./typed_arrays.ts";

/** A program that can run. Crosses. */
export interface Kernel {
  readonly module: WebAssembly.Module;
  /** Names of the functions of doubles that the module imports. */
  readonly functions: readonly string[];
  readonly arrays: readonly KernelArray[];
  /** For each array, whether the program writes it. */
  readonly isWritten: readonly boolean[];
  readonly numbers: readonly number[];
  /** Whether the program uses each array at the index of the loop only. */
  readonly isElementwise: boolean;
  /** How the values of the turns are combined, if they have values. */
  readonly operator: FoldOperator | undefined;
  /** Number of turns of one call. */
  readonly turnsPerCall: number;
}

/** Takes `count` turns, whose indices begin with `first`; returns their combined value, if they have values. */
export type KernelLoop = (first: number, count: number) => number | undefined;

/** What a module exports; see `compile_kernel.ts`. */
interface KernelExports {
  begin(): void;
  run(first: number, count: number, ...context: number[]): void;
  result(): number;
}

/** Functions of doubles that modules import, beside those of `Math`. */
const functions: Readonly<Record<string, (...args: number[]) => number>> = {
  rem: (left, right) => left % right,
};

/** Number of pages that a memory has at most. */
const MAX_PAGES = 1 << 16;
const PAGE_BYTES = 1 << 16;
/** Copies in the scratch memory begin at multiples of this number of bytes. */
const ALIGNMENT = 16;

/** Returns the loop of a kernel in this isolate. */
export function kernelLoop(kernel: Kernel): KernelLoop {
  const { arrays, numbers, operator, turnsPerCall, isElementwise } = kernel;
  const { begin, run, result } = kernelInstance(kernel);
  const copies = copiesOf(kernel);
  const context = [...arrays.flatMap((it) => [it.byteOffset, it.length]), ...numbers];
  return (first, count) => {
    if (operator !== undefined) begin();
    if (!isElementwise) {
      for (const { array, offset, position } of copies) {
        copyAt(array, offset, array.length).set(array);
        context[position] = offset;
      }
    }
    for (let done = 0; done < count; done += turnsPerCall) {
      const at = first + done;
      const turns = Math.min(turnsPerCall, count - done);
      if (isElementwise && copies.length > 0) copyIn(copies, context, at, turns);
      run(at, turns, ...context);
      if (isElementwise && copies.length > 0) copyOut(copies, at, turns);
    }
    return operator === undefined ? undefined : result();
  };
}

// Arrays outside of WebAssembly

/** An array of which the scratch memory has a copy. */
interface Copy {
  readonly array: KernelArray;
  /** Where the copy begins, in bytes. */
  readonly offset: number;
  /** The place of the address among the numbers that `run` gets. */
  readonly position: number;
  readonly isWritten: boolean;
}

let scratch: WebAssembly.Memory | undefined;

/** Returns whether an array lies outside of WebAssembly: kernels use a copy. */
export function isOutside({ buffer }: KernelArray): boolean {
  return !(buffer instanceof SharedArrayBuffer) || memoryOf(buffer) === undefined;
}

/** Returns the memory in which a kernel finds an array. */
export function memoryOfArray({ buffer }: KernelArray): WebAssembly.Memory {
  const memory = buffer instanceof SharedArrayBuffer ? memoryOf(buffer) : undefined;
  return memory ?? scratchMemory();
}

function scratchMemory(): WebAssembly.Memory {
  return scratch ??= new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
}

/**
 * Returns the memory of this isolate for what code needs until it returns, of at least so many bytes. Any code
 * may overwrite what is in it.
 */
export function scratchOf(bytes: number): WebAssembly.Memory {
  const memory = scratchMemory();
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  return memory;
}

/** Plans the copies of a kernel, and makes room for them. */
function copiesOf({ arrays, isWritten, isElementwise, turnsPerCall }: Kernel): Copy[] {
  const copies: Copy[] = [];
  let end = 0;
  arrays.forEach((array, at) => {
    if (!isOutside(array)) return;
    copies.push({ array, offset: end, position: 2 * at, isWritten: isWritten[at] });
    const length = isElementwise ? Math.min(turnsPerCall, array.length) : array.length;
    end += Math.ceil(length * array.BYTES_PER_ELEMENT / ALIGNMENT) * ALIGNMENT;
  });
  if (copies.length > 0) scratchOf(end);
  return copies;
}

/** Returns elements of the scratch memory, of the type of an array. */
function copyAt(array: KernelArray, offset: number, length: number): KernelArray {
  return viewLike(array, scratchMemory().buffer, offset, length);
}

/** Returns the elements of an array that some turns use. */
function elementsOf(array: KernelArray, first: number, count: number): KernelArray {
  const { buffer, byteOffset, BYTES_PER_ELEMENT } = array;
  return viewLike(array, buffer, byteOffset + first * BYTES_PER_ELEMENT, count);
}

/** Copies the elements of some turns in. The addresses are such that indices need no change. */
function copyIn(copies: readonly Copy[], context: number[], first: number, count: number): void {
  for (const { array, offset, position } of copies) {
    copyAt(array, offset, count).set(elementsOf(array, first, count));
    context[position] = (offset - first * array.BYTES_PER_ELEMENT) | 0;
  }
}

/** Copies the elements of some turns back. */
function copyOut(copies: readonly Copy[], first: number, count: number): void {
  for (const { array, offset, isWritten } of copies) {
    if (isWritten) elementsOf(array, first, count).set(copyAt(array, offset, count));
  }
}

// Instances

/**
 * Instances, by their module and then by each memory. None is kept longer than each of these, so that an
 * instance does not keep the memory of an array which nobody uses any more.
 */
interface InstanceNode {
  exports?: WebAssembly.Exports;
  readonly next: WeakMap<object, InstanceNode>;
}
const root: InstanceNode = { next: new WeakMap() };

function kernelInstance({ module, functions: names, arrays }: Kernel): KernelExports {
  const memories = [...new Set(arrays.map(memoryOfArray))];
  const exports = instanceOn(module, memories, () => ({
    math: Object.fromEntries(names.map((name) => [name, functionNamed(name)])),
  }));
  return exports as unknown as KernelExports;
}

/**
 * Returns what a module exports, instantiated at most once for the same memories.
 *
 * @param memories what it imports as `memory.0`, `memory.1`, …
 * @param imports what else it imports
 */
export function instanceOn(
  module: WebAssembly.Module,
  memories: readonly WebAssembly.Memory[],
  imports: () => WebAssembly.Imports = () => ({}),
): WebAssembly.Exports {
  let node = root;
  for (const key of [module, ...memories]) {
    let next = node.next.get(key);
    if (next === undefined) node.next.set(key, next = { next: new WeakMap() });
    node = next;
  }
  return node.exports ??= new WebAssembly.Instance(module, {
    ...imports(),
    memory: Object.fromEntries(memories.entries()),
  }).exports;
}

function functionNamed(name: string): (...args: number[]) => number {
  return functions[name] ?? Math[name as "exp"];
}
