import { assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { ShareableList, SharedMemory, SharedMemoryManager } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";

test("SharedMemoryManager.shutdown() unlinks the blocks that it made", () => {
  const manager = new SharedMemoryManager();
  const [memory, list] = [manager.SharedMemory(8), manager.ShareableList(["a", 2])];
  new SharedMemory({ name: memory.name }).buf[1] = 5;
  assertEquals([...new ShareableList(undefined, { name: list.shm.name })], ["a", 2]);
  manager.shutdown();
  for (const { name } of [memory, list.shm]) {
    assertThrows(() => new SharedMemory({ name }), Deno.errors.NotFound);
  }
  assertEquals([memory.buf[1], list.get(0)], [5, "a"]); // handles continue to work
  manager.shutdown();
  assertThrows(() => manager.SharedMemory(8), Error, "the manager is shut down");
  assertThrows(() => manager.ShareableList([]), Error, "the manager is shut down");
});

test("SharedMemoryManager.shutdown() ignores unlinked blocks and blocks of others", () => {
  using other = new SharedMemory({ create: true, size: 8 });
  {
    using manager = new SharedMemoryManager();
    manager.SharedMemory(8).unlink();
    assertThrows(() => manager.SharedMemory(0), RangeError, "at least 1");
  }
  assertEquals(new SharedMemory({ name: other.name }).size, 8);
  other.unlink();
});

test("SharedMemoryManager.shutdown() throws what prevents that a block is unlinked", () => {
  const manager = new SharedMemoryManager();
  const memory = manager.SharedMemory(8);
  {
    using _ = stub(memory, "unlink", () => {
      throw new Deno.errors.PermissionDenied("no");
    });
    assertThrows(() => manager.shutdown(), Deno.errors.PermissionDenied);
  }
  assertThrows(() => manager.SharedMemory(8), Error, "the manager is shut down");
  memory.unlink();
});
