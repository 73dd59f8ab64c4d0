/**
 * Maps that run in the caller.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Progress } from "@sauropod/multiprocessing";
import { MapReduce } from "@sauropod/multiprocessing/sharedmem";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { test, turn } from "../fixtures/guarded.ts";

/** Returns what `onProgress` is called with, as texts. */
function progressOf() {
  const reports: string[] = [];
  const onProgress = ({ done, total, ended }: Progress) =>
    void reports.push(`${done} of ${total}${ended ? ", ended" : ""}`);
  return { reports, onProgress };
}

const failAt = (failed: number) => (i: number) => {
  if (i === failed) throw new RangeError("no");
  return i;
};

test("MapReduce.map() of no items, or of too few, starts no worker", async () => {
  await using pool = new MapReduce({ np: 2 });
  assertEquals(await pool.map(() => 1, []), []);
  assertEquals(await pool.map((_: number, { np }) => np, [1, 2], { minLength: 3 }), [0, 0]);
  assertEquals(hostedWorkers().length, 0);
  assertEquals(await pool.map((_: number, { np }) => np, [1, 2], { minLength: 2 }), [2, 2]);
});

test("MapReduce.map() takes the characters of a string", async () => {
  await using pool = new MapReduce({ np: 0 });
  assertEquals(await pool.map((c: string) => `${c}!`, "ab"), ["a!", "b!"]);
});

test("MapReduce.map() in the caller awaits one item after the other, and reduces each", async () => {
  await using pool = new MapReduce({ np: 0 });
  const log: string[] = [];
  const work = async (i: number) => {
    log.push(`begins ${i}`);
    await turn();
    log.push(`ends ${i}`);
    return i;
  };
  const reduce = (i: number) => {
    log.push(`reduces ${i}`);
    return -i;
  };
  assertEquals(await pool.map(work, [1, 2], { reduce }), [-1, -2]);
  const each = (i: number) => [`begins ${i}`, `ends ${i}`, `reduces ${i}`];
  assertEquals(log, [...each(1), ...each(2)]);
});

test("MapReduce.map() in the caller begins no item after its signal is aborted", async () => {
  await using pool = new MapReduce({ np: 0 });
  const reason = new SyntaxError("enough");
  const stop = new AbortController();
  const begun: number[] = [];
  const work = (i: number) => {
    begun.push(i);
    if (i === 2) stop.abort(reason);
  };
  const mapping = pool.map(work, [1, 2, 3], { signal: stop.signal });
  assertStrictEquals(await assertRejects(() => mapping), reason);
  assertEquals(begun, [1, 2]);
});

test("MapReduce.map() leaves no listener at a signal that is not aborted", async () => {
  for (const np of [0, 1]) {
    await using pool = new MapReduce({ np });
    const { signal } = new AbortController();
    assertEquals(await pool.map((i: number) => i, [1, 2], { signal }), [1, 2]);
  }
});

for (const np of [0, 1]) {
  const where = np === 0 ? "in the caller" : "in a worker";
  test(`MapReduce.map() ${where} reports each item, and the last one as such`, async () => {
    await using pool = new MapReduce({ np });
    const { reports, onProgress } = progressOf();
    await pool.map((i: number) => i, [1, 2], { onProgress });
    assertEquals(reports.splice(0), ["1 of 2", "2 of 2, ended"]);
    await pool.map((i: number) => i, [], { onProgress });
    assertEquals(reports.splice(0), ["0 of 0, ended"]);
    const reduce = failAt(2);
    await assertRejects(() => pool.map((i: number) => i, [1, 2, 3], { onProgress, reduce }));
    assertEquals(reports, ["1 of 3", "1 of 3, ended"]);
  });
}
