import { assertEquals, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { CallMode, ChunkStatus } from "../../../lib/pool/chunks/chunk.ts";
import { runCalls, type RunningChunk } from "../../../lib/pool/chunks/run_chunk.ts";

const { DONE, FAILED, SKIPPED } = ChunkStatus;

/** A chunk that notes what is called; it stops before the item with the index `stopAt`. */
class NotingChunk implements RunningChunk {
  readonly begun: number[] = [];
  readonly ends: [status: ChunkStatus, payload: unknown][] = [];
  readonly failures: unknown[] = [];

  constructor(readonly mode: CallMode, readonly stopAt = Infinity) {}

  beginsItem(index: number): boolean {
    if (index === this.stopAt) return false;
    this.begun.push(index);
    return true;
  }

  failure(error: unknown, index: number, args?: unknown) {
    this.failures.push(args);
    return { error, index };
  }

  finish(status: ChunkStatus, payload: unknown): void {
    this.ends.push([status, payload]);
  }
}

/** Adds the arguments. Fails if there is a 3. */
function add(...numbers: unknown[]): number {
  if (numbers.includes(3)) throw "three";
  return (numbers as number[]).reduce((a, b) => a + b, 0);
}

/** As {@linkcode add}, later. */
async function addLater(...numbers: unknown[]): Promise<number> {
  await null;
  return add(...numbers);
}

/** As {@linkcode addLater} for odd sums, else as {@linkcode add}. */
function addSometimes(...numbers: unknown[]): unknown {
  return (numbers[0] as number) % 2 === 1 ? addLater(...numbers) : add(...numbers);
}

for (const fn of [add, addLater, addSometimes]) {
  /** Runs a chunk, and returns what was noted of it. */
  const run = async (mode: CallMode, payload: unknown[], stopAt?: number) => {
    const chunk = new NotingChunk(mode, stopAt);
    const pending = runCalls(fn, payload, chunk);
    if (fn === add) assertStrictEquals(pending, undefined);
    if (fn === addLater && stopAt !== 0) {
      assertEquals([pending instanceof Promise, chunk.ends], [true, []]);
    }
    await pending;
    assertEquals(chunk.ends.length, 1);
    return { ...chunk, end: chunk.ends[0] };
  };

  Deno.test(`a chunk calls ${fn.name}() once with the arguments`, async () => {
    const { end, begun } = await run(CallMode.APPLY, [1, 4]);
    assertEquals([end, begun], [[DONE, 5], []]);
    const failed = await run(CallMode.APPLY, [3, 4]);
    assertEquals(failed.end, [FAILED, { error: "three", index: 0 }]);
    assertEquals(failed.failures, [[3, 4]]);
  });

  Deno.test(`a chunk calls ${fn.name}() with each item, or its elements, until the first error`, async () => {
    const { end, begun } = await run(CallMode.MAP, [1, 2, 5]);
    assertEquals([end, begun], [[DONE, [1, 2, 5]], [0, 1, 2]]);
    assertEquals((await run(CallMode.STARMAP, [[1, 1], [2, 2]])).end, [DONE, [2, 4]]);
    const failed = await run(CallMode.MAP, [1, 3, 5]);
    assertEquals([failed.end, failed.begun], [[FAILED, { error: "three", index: 1 }], [0, 1]]);
    assertEquals(failed.failures, [[3]]);
    for (const mode of [CallMode.STARMAP, CallMode.BATCH]) {
      const { end, begun, failures } = await run(mode, [[1], [1, 3], [5]]);
      assertEquals([end, begun], [[FAILED, { error: "three", index: 1 }], [0, 1]]);
      assertEquals(failures, [[[1, 3]]]);
    }
  });

  Deno.test(`a chunk of an iteration calls ${fn.name}() also after an error`, async () => {
    const failures = [{ error: "three", index: 1 }, { error: "three", index: 3 }];
    const results = Object.assign(new Array(5), { 0: 1, 2: 2, 4: 5 });
    const map = await run(CallMode.MAP_ALL, [1, 3, 2, 3, 5]);
    assertEquals([map.end, map.begun], [[DONE, { results, failures }], [0, 1, 2, 3, 4]]);
    const starmap = await run(CallMode.STARMAP_ALL, [[1], [3], [1, 1], [1, 3], [5]]);
    assertEquals(starmap.end, [DONE, { results, failures }]);
  });

  Deno.test(`a batch that calls ${fn.name}() measures its time`, async () => {
    let now = 100;
    using _ = stub(performance, "now", () => now += 30);
    assertEquals((await run(CallMode.BATCH, [[1, 1], [2, 2]])).end, [
      DONE,
      { results: [2, 4], failures: [], ms: 30 },
    ]);
  });

  Deno.test(`a chunk of calls of ${fn.name}() is skipped from the item on that does not begin`, async () => {
    for (const mode of [CallMode.MAP, CallMode.MAP_ALL]) {
      for (const stopAt of [0, 1, 2]) {
        const { end, begun } = await run(mode, [1, 2, 5], stopAt);
        assertEquals([end, begun.length], [[SKIPPED, undefined], stopAt]);
      }
    }
  });
}
