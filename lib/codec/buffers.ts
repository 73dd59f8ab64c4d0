/**
 * SharedArrayBuffers, which only `postMessage` can carry, as shared objects that cross anywhere; and,
 * in the same way, a shared `WebAssembly.Memory` and a `WebAssembly.Module`, which is compiled once for
 * all isolates. A memory that one isolate grows, all have grown: its `buffer` is another then, and
 * arrays that were made on the one before show the old part only, as in a program of one isolate.
 *
 * A buffer that is sent for the first time gets an object in the heap and is announced to every
 * other isolate, by way of the main thread; messages then name the object. Every isolate keeps what
 * was announced to it until nobody can reach the object any more.
 *
 * A worker may receive the object before the buffer, and may have to block until it has it. The
 * announcement can then be in the worst place: taken from the port by the event loop, which does
 * not run while the thread blocks. So a worker that misses a buffer that was announced has it sent
 * again; what is sent while a thread blocks stays in the port, where it can be fetched.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `POST_COUNT` | how often the main thread has sent the buffer: 0 means not yet | the main thread | who received the object before the buffer, in `QUEUE` | the main thread |
 *
 * @module
 */

import { i32 } from "../heap/views.ts";
import {
  addressOf,
  createObject,
  defineType,
  objectWord,
  registerHandle,
} from "../objects/shared_object.ts";
import { blockOn, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";

/** The number of this type among shared objects. */
const TYPE = 7;

const POST_COUNT = objectWord.FIRST;
const QUEUE = POST_COUNT + 1;
const WORDS = QUEUE + QUEUE_WORDS;

/** What only `postMessage` can carry: a "buffer" below. */
export type PostableBuffer = SharedArrayBuffer | WebAssembly.Memory | WebAssembly.Module;

/** How buffers reach other isolates: the runtime's part. */
export interface BufferTransport {
  /** Sends the buffer on its way to every other isolate. */
  announce(address: number, buffer: PostableBuffer): void;
  /** Takes in what was sent to this isolate, without giving up the thread. */
  receive(): void;
  /** Has the buffer sent to this isolate again. */
  requestAgain(address: number): void;
}

let transport: BufferTransport | undefined;

/** Sets how buffers reach other isolates. Until then there are no others. */
export function setBufferTransport(to: BufferTransport): void {
  transport = to;
}

/**
 * What was announced, by address. Each isolate hands out another `SharedArrayBuffer` object on the
 * same memory, so that it notices when nobody uses that one any more.
 */
const kept = new Map<number, PostableBuffer>();

/** The address by which messages name the buffer. */
export function bufferAddress(buffer: PostableBuffer): number {
  const known = addressOf(buffer);
  if (known !== undefined) return known;
  const address = createObject(TYPE, WORDS);
  registerHandle(buffer, address);
  keepBuffer(address, structuredClone(buffer));
  if (transport === undefined) confirmPosted(address);
  else transport.announce(address, kept.get(address)!);
  return address;
}

/** Fewer buffers than this are looked through whenever there is one more. */
const FEW = 100;
/** How many were left when they were looked through. */
let left = 0;

/** Keeps a buffer that was announced to this isolate, and drops those that nobody can reach. */
export function keepBuffer(address: number, buffer: PostableBuffer): void {
  // Many are looked through when they have become a tenth more: each buffer costs the same then.
  if (kept.size < FEW || kept.size > left * 1.1) {
    for (const at of kept.keys()) {
      if (Atomics.load(i32, at + objectWord.REFERENCES) <= 0) kept.delete(at);
    }
    left = kept.size;
  }
  kept.set(address, buffer);
}

/** A buffer that was announced to this isolate, if it still keeps it. */
export function keptBuffer(address: number): PostableBuffer | undefined {
  return kept.get(address);
}

/** The buffers that a new isolate must be sent. */
export function keptBuffers(): [address: number, buffer: PostableBuffer][] {
  return [...kept];
}

/** Says that the buffer has been sent to those who lacked it. */
export function confirmPosted(address: number): void {
  Atomics.add(i32, address + POST_COUNT, 1);
  wakeAll(address + QUEUE);
}

function* arriving(address: number): Steps<void> {
  const word = address + POST_COUNT;
  for (let asked = false;;) {
    const sendings = Atomics.load(i32, word);
    transport?.receive();
    if (kept.has(address)) return;
    if (sendings > 0 && !asked) {
      transport?.requestAgain(address);
      asked = true;
    }
    yield { queue: address + QUEUE, word, expected: sendings };
  }
}

defineType(TYPE, "SharedArrayBuffer", {
  permanent: true, // isolates may still have it in `kept`
  revive(address) {
    if (!kept.has(address)) blockOn(arriving(address));
    const buffer = structuredClone(kept.get(address)!);
    // A memory that grew while it was on its way has its old length until it is asked to grow.
    if (buffer instanceof WebAssembly.Memory) buffer.grow(0);
    registerHandle(buffer, address);
    return buffer;
  },
});
