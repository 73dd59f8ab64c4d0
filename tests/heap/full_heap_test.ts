/**
 * What is left behind when the shared heap is full: nothing.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  JoinableQueue,
  LifoQueue,
  Listener,
  Lock,
  MemoryError,
  Namespace,
  Pipe,
  Pool,
  PriorityQueue,
  Queue,
  RLock,
  Semaphore,
  SharedArray,
  SharedList,
  SharedMap,
  SimpleQueue,
  Value,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { leaveRoom, settledUse } from "../fixtures/heap.ts";

/** More than any of the calls takes, in bytes. */
const ENOUGH = 2048;

/**
 * Makes the call with each amount of room, from none to enough: it fails with a `MemoryError` and leaves nothing,
 * or it succeeds.
 */
async function atEachLimit(call: () => unknown): Promise<void> {
  call(); // definitions of functions stay
  const before = await settledUse();
  let failed = 0;
  for (let room = 0; room < ENOUGH; room += 32) {
    using _ = leaveRoom(room);
    try {
      call();
    } catch (error) {
      assertInstanceOf(error, MemoryError);
      failed++;
    }
  }
  assertEquals(await settledUse(), before);
  assert(failed > 0 && failed < ENOUGH / 32, `${failed} calls have failed`);
}

const makers: Record<string, () => unknown> = {
  Barrier: () => new Barrier(2),
  BoundedSemaphore: () => new BoundedSemaphore(1),
  Condition: () => new Condition(),
  Event: () => new Event(),
  JoinableQueue: () => new JoinableQueue(),
  LifoQueue: () => new LifoQueue(),
  Listener: () => new Listener().close(),
  Lock: () => new Lock(),
  Namespace: () => new Namespace({ a: 1 }),
  Pipe: () => Pipe(),
  Pool: () => new Pool(2),
  PriorityQueue: () => new PriorityQueue(),
  Queue: () => new Queue(),
  RLock: () => new RLock(),
  Semaphore: () => new Semaphore(1),
  SharedArray: () => new SharedArray("i", 10),
  SharedList: () => new SharedList([1, "two"]),
  SharedMap: () => new SharedMap({ a: 1, b: "two" }),
  SimpleQueue: () => new SimpleQueue(),
  Value: () => new Value("i", 1),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name} leaves nothing in a heap that is too full for it`, () => atEachLimit(make));
}
