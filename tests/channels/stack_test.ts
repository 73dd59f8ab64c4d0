/**
 * Operations where a recursion has left too little of the stack for all their steps: they do not begin.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ClosedError,
  JoinableQueue,
  LifoQueue,
  Pipe,
  PriorityQueue,
  Queue,
  SimpleQueue,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";
import { whereStackIsShort } from "../fixtures/stack.ts";
import { guard } from "../fixtures/workers.ts";

for (const Kind of [Queue, JoinableQueue, LifoQueue, PriorityQueue]) {
  test(`${Kind.name} keeps its items, and gets none, where the stack is short`, () => {
    const queue = new Kind<number>();
    queue.putSync(0);
    assertEquals([queue.tryPut(0), queue.tryGet(), queue.getSync()], [true, { value: 0 }, 0]);
    for (const item of [1, 2]) queue.putSync(item);
    const before = [queue.size(), usedBytes()];
    for (const method of ["getSync", "tryGet"] as const) {
      assertThrows(() => whereStackIsShort(queue, method), RangeError);
      assertEquals([queue.size(), usedBytes()], before);
    }
    for (const method of ["putSync", "tryPut"] as const) {
      assertThrows(() => whereStackIsShort(queue as Queue<number>, method, 3), RangeError);
      assertEquals([queue.size(), usedBytes()], before);
    }
    assertEquals([queue.getSync(), queue.getSync()].sort(), [1, 2]);
  });
}

for (const Kind of [Queue, SimpleQueue]) {
  test(`${Kind.name}.close() where the stack is short closes nothing`, async () => {
    for (const isShort of [false, true]) {
      const queue = new Kind<number>();
      const waiting = assertRejects(() => queue.get(guard), ClosedError);
      if (isShort) {
        assertThrows(() => whereStackIsShort(queue, "close"), RangeError);
        assertEquals(queue.closed, false);
      }
      queue.close();
      await waiting;
    }
  });
}

test("Connection.recvSync() and recvBytesSync() where the stack is short take no message", () => {
  const [here, there] = Pipe<Uint8Array<ArrayBuffer>>();
  const bytes = new Uint8Array([1, 2]);
  for (let sends = 0; sends < 3; sends++) there.sendBytesSync(bytes);
  assertEquals([here.recvSync(), here.recvBytesSync()], [bytes, bytes]);
  for (const method of ["recvSync", "recvBytesSync"] as const) {
    assertThrows(() => whereStackIsShort(here, method), RangeError);
    assertEquals(here.pollSync(), true);
  }
  assertEquals(here.recvBytesSync(), bytes);
});
