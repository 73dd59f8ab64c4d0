import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  alignChunks,
  chunkEnd,
  chunkStart,
  type Partition,
  partition,
  type Schedule,
} from "../../lib/loops/schedule.ts";
import { test } from "../fixtures/guarded.ts";

/** Returns the sizes of the chunks of a loop. */
function sizesOf(of: Partition, length: number): number[] {
  return Array.from(
    { length: of.chunks },
    (_, chunk) => chunkEnd(of, chunk, length) - chunkStart(of, chunk),
  );
}

test("partition() makes chunks of the sizes that the schedule says", () => {
  type Row = [
    length: number,
    threads: number,
    Schedule,
    size: number | undefined,
    number[],
    units: number,
  ];
  const table: Row[] = [
    [10, 3, "static", undefined, [4, 4, 2], 3],
    [10, 3, "static", 2, [2, 2, 2, 2, 2], 3],
    [2, 3, "static", undefined, [1, 1], 2],
    [0, 3, "static", undefined, [], 0],
    [65, 2, "dynamic", undefined, [...Array(21).fill(3), 2], 22],
    [3, 2, "dynamic", undefined, [1, 1, 1], 3],
    [10, 2, "dynamic", 4, [4, 4, 2], 3],
    [0, 2, "dynamic", undefined, [], 0],
    [16, 2, "guided", undefined, [4, 3, 3, 2, 1, 1, 1, 1], 8],
    [16, 2, "guided", 3, [4, 3, 3, 3, 3], 5],
    [16, 1, "guided", undefined, [8, 4, 2, 1, 1], 5],
    [0, 2, "guided", undefined, [], 0],
  ];
  for (const [length, threads, schedule, size, sizes, units] of table) {
    const parts = partition(length, threads, schedule, size);
    const message = `${length} ${threads} ${schedule} ${size}`;
    assertEquals(sizesOf(parts, length), sizes, message);
    assertEquals(parts.units, units, message);
    assertEquals(parts.chunkSize === 0, schedule === "guided", message);
  }
});

test("alignChunks() makes the size of large chunks a multiple", () => {
  const large = alignChunks(partition(1000, 2, "dynamic", 33), 1000, 8);
  assertEquals(large, { units: 25, chunks: 25, chunkSize: 40 });
  const already = alignChunks(partition(1000, 2, "dynamic", 16), 1000, 8);
  assertEquals(sizesOf(already, 1000), [...Array(62).fill(16), 8]);
  const others = [
    partition(1000, 2, "dynamic", 15), // small
    partition(1000, 2, "guided", 100),
    partition(1000, 2, "static", 100), // units of several chunks
  ];
  for (const of of others) assertStrictEquals(alignChunks(of, 1000, 8), of);
});

test("the chunks of a loop may begin beyond 32 bits", () => {
  const length = 2 ** 40;
  for (const schedule of ["static", "guided"] as const) {
    const parts = partition(length, 2, schedule, 2 ** 37);
    const sizes = sizesOf(parts, length);
    assertEquals(sizes.reduce((sum, size) => sum + size, 0), length);
    assert(chunkStart(parts, parts.chunks - 1) > 2 ** 32);
    assertEquals(chunkEnd(parts, parts.chunks - 1, length), length);
  }
});
