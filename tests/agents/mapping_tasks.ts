/**
 * What processes and workers do with arrays that they share in tests.
 *
 * @module
 */
import { type Event, Pool, type Queue, type SharedArray, task } from "@sauropod/multiprocessing";
import type { NdArray } from "@sauropod/multiprocessing/ndarray";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { callRemote, type RemoteUse } from "../../lib/agents/remote_calls.ts";
import { BUFFER_WORDS } from "../../lib/codec/buffers.ts";
import { i32 } from "../../lib/heap/views.ts";
import { mappedNumberAt } from "../../lib/memory/mapped_buffer.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";

/** Doubles the elements, and returns their sum before that. */
export const double = task(import.meta, (array: Float64Array) => {
  let sum = 0;
  for (let at = 0; at < array.length; at++) {
    sum += array[at];
    array[at] *= 2;
  }
  return sum;
});

/** Adds 1 to an element, atomically, so often. */
export const count = task(import.meta, (array: Int32Array, times: number) => {
  for (let time = 0; time < times; time++) Atomics.add(array, 0, 1);
});

/** Adds 1 to an element by compare-exchange, so often. */
export const countUp = task(import.meta, (array: BigInt64Array, times: number) => {
  for (let time = 0; time < times; time++) {
    for (;;) {
      const found = Atomics.load(array, 1);
      if (Atomics.compareExchange(array, 1, found, found + 1n) === found) break;
    }
  }
});

/** Sets all elements to a value. */
export const fill = task(import.meta, (array: Int32Array, value: number) => {
  array.fill(value);
});

/** Sets the elements of a row to a value. */
export const fillRow = task(import.meta, (row: NdArray, value: number) => {
  for (let at = 0; at < row.shape[0]; at++) row.set(at, value);
});

/** Returns the array. */
export const same = task(import.meta, <T>(value: T): T => value);

/** Returns whether both are on the same buffer, and the array. */
export const areSame = task(
  import.meta,
  (a: Int32Array, b: Int32Array) => [a.buffer === b.buffer, b] as const,
);

/** Uses an array with checks and a lock. */
export const useArray = task(import.meta, (array: SharedArray<"i">) => {
  using _ = array.acquireSync();
  array[-1] += 5;
  return [array.length, [...array]];
});

/** Takes an array out of a queue, changes it, and puts it back. */
export const throughQueue = task(import.meta, async (queue: Queue<Int32Array>) => {
  const array = await queue.get();
  array[0]++;
  await queue.put(array);
});

/** Shares an array with workers and processes of its own. */
export const nest = task(import.meta, async (array: Int32Array) => {
  await using workers = new Pool({ processes: 1, startMethod: "spawn" });
  await workers.apply(fill, [array.subarray(0, 1), 1]);
  await using processes = new Pool({ processes: 1, startMethod: "process" });
  const back = await processes.apply(same, [array]);
  await processes.apply(fill, [array.subarray(1, 2), 2]);
  const own = sharedArray("int32", 1, { processes: true });
  await processes.apply(fill, [own, 3]);
  array[2] = own[0];
  return [back.buffer === array.buffer, back] as const;
});

/** Returns an array that was made here. */
export const makeArray = task(
  import.meta,
  () => sharedArray("int32", [1, 2], { processes: true }),
);

/** Returns how much memory that processes share is mapped here. */
export const countMapped = task(import.meta, () => mappings());

/** Says that it has the array, and computes until it is killed. */
export const keepBusy = task(import.meta, (array: Int32Array, ready: Event) => {
  array[0] = 1;
  ready.set();
  for (;;) Atomics.add(array, 1, 1);
});

/** Returns how many mappings of memory that processes share this program has. */
export function mappings(): number {
  return Deno.readTextFileSync("/proc/self/maps").split("\n")
    .filter((line) => line.includes("memfd:sauropod")).length;
}

/** Returns how many descriptors of such memory this program has open. */
export function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")]
    .filter(({ name }) => isMemory(`/proc/self/fd/${name}`)).length;
}

/** Returns whether a descriptor is open on such memory. */
export function isMemory(path: string): boolean {
  try {
    return Deno.readLinkSync(path).includes("memfd:sauropod");
  } catch {
    return false; // it was that of the folder
  }
}

/** Asks the agent for what no buffer has. Returns what the calls throw. */
export const misuse = task(import.meta, async (array: Int32Array) => {
  const number = mappedNumberAt(addressOf(array.buffer)!)!;
  const errors: string[] = [];
  for (const [name, args] of [["grow", [1]], ["[read]", ["grow"]], ["[waitAny]", [[number], 0]]]) {
    const use = { object: number, access: "wait", name, args } as RemoteUse;
    await callRemote(use).then(() => errors.push("nothing"), ({ name }) => errors.push(name));
  }
  return errors;
});

/** Names a buffer that the program has not sent. */
export const nameAnother = task(import.meta, (array: Int32Array) => {
  const address = addressOf(array.buffer)!;
  i32[address + BUFFER_WORDS + 3] += 1000;
  return array;
});
