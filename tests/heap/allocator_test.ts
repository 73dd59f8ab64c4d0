import { stub } from "@std/testing/mock";
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  allocate,
  allocateUrgent,
  ensureHeap,
  fitsHeap,
  free,
  makePermanent,
} from "../../lib/heap/allocator.ts";
import { Random } from "../../scripts/stress/random.ts";
import { usedBytes, useUpHeadroom, useUpHeap } from "../fixtures/heap.ts";
import { MemoryError } from "../../lib/errors.ts";
import { i32, u8 } from "../../lib/heap/views.ts";

ensureHeap();

/** Word with the number of words that are never freed. */
const PERMANENT = 5;

Deno.test("allocate() aligns blocks to 8 bytes, and they do not overlap", () => {
  const sizes = [0, 1, 4, 7, 8, 23, 24, 25, 100, 1000, 4096, 65_537];
  const blocks = sizes.map((bytes) => ({ bytes, address: allocate(bytes) }));
  for (const [at, { address, bytes }] of blocks.entries()) {
    assert(address > 0);
    assertEquals((address * 4) % 8, 0);
    u8.fill(at + 1, address * 4, address * 4 + bytes);
  }
  for (const [at, { address, bytes }] of blocks.entries()) {
    assert(u8.subarray(address * 4, address * 4 + bytes).every((byte) => byte === at + 1));
  }
  for (const { address } of blocks) free(address);
});

Deno.test("allocate() reuses freed blocks, the last one first", () => {
  const [first, second] = [allocate(100), allocate(100)];
  free(first);
  free(second);
  assertEquals(allocate(100), second);
  assertEquals(allocate(120), first); // the same power of two, with the header
  free(first);
  free(second);
});

Deno.test("free() throws when the block is free already", () => {
  const block = allocate(40);
  free(block);
  assertThrows(() => free(block), Error, `Cannot free block ${block}: it is free already`);
  assertEquals(allocate(40), block); // it is in the list once, not twice
  assert(allocate(40) !== block);
});

Deno.test("allocate() leaves the contents of a block as they were", () => {
  const block = allocate(1000);
  i32.fill(-1, block, block + 250);
  free(block);
  assertEquals(allocate(1000), block);
  // Its first word was the link of the free list.
  assert(i32.subarray(block + 1, block + 250).every((word) => word === -1));
  free(block);
});

Deno.test("allocate() throws when the heap is used up, and works afterwards", () => {
  for (const bytes of [i32.byteLength, 2 ** 33, 2 ** 40]) {
    assertThrows(
      () => allocate(bytes),
      MemoryError,
      `Cannot allocate ${bytes} bytes of shared memory: the shared heap of ${i32.byteLength} bytes`,
    );
  }
  const block = allocate(16);
  free(block);
});

Deno.test("allocate() joins free blocks when no larger one is left", () => {
  const left = allocate(2 ** 21);
  using _ = useUpHeap(2 ** 20);
  free(left);
  const small: number[] = [];
  assertThrows(() => {
    for (;;) small.push(allocate(1000));
  }, MemoryError);
  assertThrows(() => allocate(500_000), MemoryError);
  const kept = small.filter((_, at) => at % 2 === 0);
  for (const block of kept) u8.fill(7, block * 4, block * 4 + 1000);
  small.filter((_, at) => at % 2 === 1).forEach(free);
  assertThrows(() => allocate(3000), MemoryError); // no two free blocks lie side by side
  small.splice(0, small.length, ...kept);
  for (const block of kept.slice(100)) free(block);
  const large = allocate(500_000);
  u8.fill(1, large * 4, large * 4 + 500_000);
  const others: number[] = [];
  assertThrows(() => {
    for (;;) others.push(allocate(3000));
  }, MemoryError);
  for (const block of others) u8.fill(2, block * 4, block * 4 + 3000);
  for (const block of kept.slice(0, 100)) {
    assert(u8.subarray(block * 4, block * 4 + 1000).every((byte) => byte === 7));
  }
  for (const block of [large, ...others, ...kept.slice(0, 100)]) free(block);
});

Deno.test("allocate() throws MemoryError when the isolate has no memory to join free blocks", () => {
  const left = allocate(2 ** 21);
  using _ = useUpHeap(2 ** 20);
  free(left);
  const blocks = [1, 2].map(() => allocate(2 ** 19));
  blocks.forEach(free);
  const words = stub(globalThis, "Uint32Array", function () {
    throw new RangeError("Array buffer allocation failed");
  } as never);
  try {
    assertThrows(() => allocate(2 ** 22), MemoryError);
  } finally {
    words.restore();
  }
  free(allocate(2 ** 20)); // the heap works as before
});

Deno.test("allocate() in any order, with joining, never hands out a word twice", () => {
  const before = usedBytes();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new Random(seed);
  {
    using _ = useUpHeap(2 ** 18);
    const blocks: { address: number; bytes: number; mark: number }[] = [];
    for (let round = 0; round < 3000; round++) {
      const bytes = Math.floor(2 ** (random.next() * 16));
      try {
        const address = allocate(bytes);
        const mark = round % 251;
        u8.fill(mark, address * 4, address * 4 + bytes);
        blocks.push({ address, bytes, mark });
      } catch (error) {
        assert(error instanceof MemoryError);
        for (let drop = blocks.length * random.next() * 0.7; drop > 0; drop--) {
          const [{ address, bytes, mark }] = blocks.splice(random.next() * blocks.length, 1);
          const contents = u8.subarray(address * 4, address * 4 + bytes);
          assert(contents.every((byte) => byte === mark), `seed ${seed}`);
          free(address);
        }
      }
    }
    for (const { address } of blocks) free(address);
  }
  assertEquals(usedBytes(), before);
});

Deno.test("fitsHeap() is true for what an empty heap has room for", () => {
  const half = i32.byteLength / 2; // the rest is not free: it has the root words and the headroom
  for (const bytes of [0, 1000, half / 2, half - 8]) assertEquals(fitsHeap(bytes), true);
  for (const bytes of [half - 7, half, i32.byteLength, 2 ** 40]) {
    assertEquals(fitsHeap(bytes), false);
  }
});

Deno.test("allocateUrgent() takes blocks from the headroom when no other memory is left", () => {
  const before = usedBytes();
  free(allocateUrgent(100));
  assertEquals(usedBytes(), before);
  const heap = useUpHeap(32);
  const full = usedBytes();
  const headroom = i32.length - (i32.length >>> 6);
  const sizes = [24, 25, 100, 4096, 2 ** 16 - 8];
  for (let turns = 0; turns < 2; turns++) {
    const blocks = sizes.map((bytes) => ({ bytes, address: allocateUrgent(bytes) }));
    for (const [at, { bytes, address }] of blocks.entries()) {
      assert(address > headroom && address + bytes / 4 <= i32.length);
      u8.fill(at + 1, address * 4, address * 4 + bytes);
    }
    for (const [at, { bytes, address }] of blocks.entries()) {
      assert(u8.subarray(address * 4, address * 4 + bytes).every((byte) => byte === at + 1));
      free(address);
    }
    assertEquals(usedBytes(), full);
  }
  assertThrows(() => allocateUrgent(2 ** 16 - 7), MemoryError); // larger than its largest block
  {
    using _ = useUpHeadroom(32);
    assertThrows(() => allocateUrgent(24), MemoryError, "Receive what waits in queues");
  }
  // A block serves a smaller request when there is no other.
  const larger: number[] = [];
  assertThrows(() => {
    for (;;) larger.push(allocateUrgent(2 ** 16 - 8));
  }, MemoryError);
  free(larger[0]);
  const small: number[] = [];
  assertThrows(() => {
    for (;;) small.push(allocateUrgent(24));
  }, MemoryError);
  assert(small.includes(larger[0]));
  for (const block of [...small, ...larger.slice(1)]) free(block);
  heap[Symbol.dispose]();
  assertEquals(usedBytes(), before);
});

Deno.test("makePermanent() leaves a block out of what is in use, also one of the headroom", () => {
  using _ = useUpHeap(64);
  const small = allocate(24);
  for (const block of [small, allocateUrgent(100), allocateUrgent(1000)]) {
    const [permanent, used] = [i32[PERMANENT], usedBytes()];
    const list = i32[block - 2];
    const bytes = 2 ** (list > 32 ? list - 28 : list);
    makePermanent(block);
    assertEquals(used - usedBytes(), bytes);
    i32[PERMANENT] = permanent;
    free(block);
  }
});

// The last test: it allocates the whole heap, which costs nothing until it is touched.
Deno.test("allocate() halves larger free blocks when no other memory is left", () => {
  const blocks: number[] = [];
  for (let bytes = 2 ** 31; bytes >= 32;) {
    try {
      blocks.push(allocate(bytes - 8));
    } catch (error) {
      assert(error instanceof MemoryError);
      bytes /= 2;
    }
  }
  assertThrows(() => allocate(24), MemoryError, "Receive what waits in queues");
  const largest = blocks[0];
  const size = 2 ** i32[largest - 2];
  assertGreater(size, 2 ** 20);
  free(largest);
  const small = allocate(24);
  assertEquals(small, largest); // the lower half of the lower half of …
  const halves = [];
  for (let bytes = size / 2; bytes >= 32; bytes /= 2) halves.push(allocate(bytes - 8));
  for (const [at, half] of halves.entries()) {
    assertEquals((half - largest) * 4, size / 2 ** (at + 1));
  }
  assertThrows(() => allocate(24), MemoryError);
  for (const block of [small, ...halves]) free(block);
});
