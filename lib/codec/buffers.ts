/**
 * SharedArrayBuffers, which only `postMessage` can carry, as shared objects that cross anywhere. The
 * same way serves a shared `WebAssembly.Memory`, and a `WebAssembly.Module`, which is compiled once for
 * all isolates. When one isolate grows a memory, it has grown for all: its `buffer` is replaced, and
 * arrays on the previous buffer show only the old part, as in a program with one isolate.
 *
 * The arrays that the package makes lie in a memory each, so that code of WebAssembly can use them in place.
 * A `SharedArrayBuffer` does not tell its memory, so the memory is posted instead, and each isolate makes its
 * buffer of it: {@linkcode bufferOn}, {@linkcode memoryOf}. It knows nothing of the memory of other buffers.
 *
 * A buffer that is sent for the first time gets an object in the shared heap and is announced to every
 * other isolate, by way of the main isolate. Messages then name the object. Every isolate keeps the
 * buffers announced to it until no isolate can reach the object.
 *
 * A worker may receive the object before the buffer, and may have to block until the buffer arrives.
 * The announcement may then be out of reach: taken from the port by the event loop, which does not run
 * while the isolate blocks. So a worker that lacks a buffer which was announced asks for it again. An
 * announcement sent while the isolate blocks stays in the port, where it can be fetched.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `POST_COUNT` | how often the main isolate has sent the buffer: 0 means not yet | the main isolate | isolates that received the object before the buffer, in `QUEUE` | the main isolate |
 *
 * @module
 */

import { hooks, type PostableBuffer } from "../heap/hooks.ts";
import { i32 } from "../heap/views.ts";
import {
  addressOf,
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  registerHandle,
  typeOf,
  type TypeOperations,
} from "../objects/shared_object.ts";
import { blockOn, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";

/** The numbers of these types among shared objects: of what is posted itself, and of buffers on a memory. */
const TYPE = 7;
const ON_MEMORY_TYPE = 18;

const POST_COUNT = objectWord.FIRST;
const QUEUE = POST_COUNT + 1;
/** Number of words of the object of a buffer. Those of a type with more words come first. */
export const BUFFER_WORDS = QUEUE + QUEUE_WORDS;

/** The memory of each buffer that {@linkcode bufferOn} has made. It does not keep the buffer. */
const memories = new WeakMap<SharedArrayBuffer, WebAssembly.Memory>();

/**
 * Returns a new buffer on a shared memory of constant size. It is not the memory's own, which lives as long as
 * the memory does: the collection of this one shows that nothing uses it.
 */
export function bufferOn(memory: WebAssembly.Memory): SharedArrayBuffer {
  const buffer = structuredClone(memory.buffer) as unknown as SharedArrayBuffer;
  memories.set(buffer, memory);
  return buffer;
}

/**
 * Returns the shared memory that a buffer lies in, from its beginning: in the isolate that made the buffer, and
 * in those that received it.
 *
 * @returns `undefined` if the package has not made the buffer, or not on a memory
 */
export function memoryOf(buffer: SharedArrayBuffer): WebAssembly.Memory | undefined {
  return memories.get(buffer);
}

/**
 * The announced buffers, by address. Callers get another `SharedArrayBuffer` object on the same memory,
 * so that the collection of theirs shows that this isolate no longer uses the buffer.
 */
const kept = new Map<number, PostableBuffer>();

/** Returns the address by which messages name the buffer, and announces the buffer if it is new. */
export function bufferAddress(buffer: PostableBuffer): ObjectAddress {
  const known = addressOf(buffer);
  if (known !== undefined) return known;
  const memory = memories.get(buffer as SharedArrayBuffer);
  const address = createObject(memory === undefined ? TYPE : ON_MEMORY_TYPE, BUFFER_WORDS);
  registerHandle(buffer, address);
  announceBuffer(address, memory ?? structuredClone(buffer));
  return address;
}

/** Announces a buffer, which has its object, to the other isolates. The caller keeps a reference to the object. */
export function announceBuffer(address: ObjectAddress, buffer: PostableBuffer): void {
  keepBuffer(address, buffer);
  if (hooks.announceBuffer === undefined) confirmPosted(address); // there are no other isolates
  else hooks.announceBuffer(address, buffer);
}

/** Up to so many buffers, unreachable ones are dropped whenever a buffer is added. */
const MAX_SWEPT_ALWAYS = 100;
/** Number of buffers that the last sweep left. */
let countAfterSweep = 0;

/** Keeps a buffer that was announced to this isolate, and drops buffers that no isolate can reach. */
export function keepBuffer(address: ObjectAddress, buffer: PostableBuffer): void {
  // Many are swept when their number has grown by a tenth, so that each costs constant time on average. One
  // that processes share costs more than that.
  const type = typeOf(address);
  const isCheap = type === TYPE || type === ON_MEMORY_TYPE;
  if (!isCheap || kept.size < MAX_SWEPT_ALWAYS || kept.size > countAfterSweep * 1.1) {
    dropUnreachable();
  }
  kept.set(address, buffer);
}

/** Drops buffers that no isolate can reach. It takes time for each one that is kept. */
export function dropUnreachable(): void {
  for (const at of kept.keys()) {
    if (Atomics.load(i32, at + objectWord.REFERENCES) <= 0) kept.delete(at);
  }
  countAfterSweep = kept.size;
}

/** Returns a buffer that was announced to this isolate, if it is still kept. */
export function keptBuffer(address: ObjectAddress): PostableBuffer | undefined {
  return kept.get(address);
}

/** Returns the buffers that a new isolate must be sent. */
export function keptBuffers(): [address: number, buffer: PostableBuffer][] {
  return [...kept];
}

/** Publishes that the buffer has been sent to the isolates that lacked it. */
export function confirmPosted(address: ObjectAddress): void {
  Atomics.add(i32, address + POST_COUNT, 1);
  wakeAll(address + QUEUE);
}

/** Steps of waiting until the buffer is here. */
function* arriving(address: ObjectAddress): Steps<void> {
  const word = address + POST_COUNT;
  for (let requested = false;;) {
    const posted = Atomics.load(i32, word);
    hooks.receiveBuffers?.();
    if (kept.has(address)) return;
    if (posted > 0 && !requested) {
      hooks.requestBuffer?.(address);
      requested = true;
    }
    yield { queue: address + QUEUE, word, expected: posted };
  }
}

/** Returns what was announced under the address. Blocks until it is here. */
function announcedBuffer(address: ObjectAddress): PostableBuffer {
  if (!kept.has(address)) blockOn(arriving(address));
  return kept.get(address)!;
}

/** Returns an object of what was posted, which only its user has. */
function copyOf(posted: PostableBuffer): PostableBuffer {
  const copy = structuredClone(posted);
  // A memory that grew while it was on its way has its old length here until it is told to grow.
  if (copy instanceof WebAssembly.Memory) copy.grow(0);
  return copy;
}

/** How objects of what is posted are revived. */
function operationsWith(handleOf: (posted: PostableBuffer) => object) {
  return {
    permanent: true, // isolates may still have it in `kept`
    revive(address) {
      const handle = handleOf(announcedBuffer(address));
      registerHandle(handle, address);
      return handle;
    },
  } satisfies TypeOperations;
}

/** How the objects of buffers on a memory are revived. */
export const onMemoryOperations: TypeOperations = operationsWith((memory) =>
  bufferOn(memory as WebAssembly.Memory)
);

defineType(TYPE, "SharedArrayBuffer", operationsWith(copyOf));
defineType(ON_MEMORY_TYPE, "SharedArrayBuffer", onMemoryOperations);
