import { assertEquals, assertRejects } from "@std/assert";
import { getNumThreads, setNumThreads } from "@sauropod/multiprocessing/loops";
import { Barrier, task } from "@sauropod/multiprocessing";
import {
  makePartials,
  PART_SIZE,
  runWork,
  runWorkSync,
  threadsForCheap,
} from "../../lib/ndarray/work.ts";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";

/** Writes to the element of a part. */
const write = task(import.meta, (part: number, { data }: { data: Float64Array }): void => {
  data[part] += part + 1;
});

/** Waits until another isolate has come to another part. */
const meet = task(import.meta, (_part: number, { barrier }: { barrier: Barrier }): void => {
  barrier.waitSync();
});

/** Work that writes to an element for each part, and returns them and one more. */
function workFor(parts: number, threads: number) {
  const { data } = makePartials(parts + 1, "float64");
  const context = { data: data as Float64Array };
  return { parts, body: write, context, threads, finish: () => [...data] };
}

test("threadsForCheap() is 1 by default for arrays that the caller needs a millisecond for", () => {
  const before = getNumThreads();
  setNumThreads(3);
  try {
    const table: [size: number, isCompiled: boolean | undefined, threads: number][] = [
      [2 ** 20 - 1, undefined, 1],
      [2 ** 20, undefined, 3],
      [2 ** 20, true, 1],
      [2 ** 22 - 1, true, 1],
      [2 ** 22, true, 3],
    ];
    for (const [size, isCompiled, threads] of table) {
      assertEquals(threadsForCheap(size, undefined, isCompiled), threads, `${size} ${isCompiled}`);
      assertEquals(threadsForCheap(size, 2, isCompiled), 2);
    }
  } finally {
    setNumThreads(before);
  }
});

test("work for one isolate runs each part once in the caller, which has no workers then", async () => {
  assertEquals(runWorkSync(workFor(3, 1)), [1, 2, 3, 0]);
  assertEquals(await runWork(workFor(3, 1)), [1, 2, 3, 0]);
  assertEquals(runWorkSync(workFor(0, 1)), [0]);
});

loopTest("work for several isolates runs each part once, also parts of large arrays", async () => {
  const parts = 9;
  const expected = [...Array.from({ length: parts }, (_, part) => part + 1), 0];
  assertEquals(runWorkSync(workFor(parts, 3)), expected);
  assertEquals(await runWork(workFor(parts, 2)), expected);
  assertEquals(PART_SIZE, 65_536); // results depend on it
});

loopTest("work for two isolates runs in both at the same time", async () => {
  const context = { barrier: new Barrier(2) };
  const work = { parts: 2, body: meet, context, threads: 2, finish: () => "met" };
  assertEquals(runWorkSync(work), "met");
  assertEquals(await runWork(work), "met");
});

test("runWork() of work for the caller rejects with the reason of its signal", async () => {
  const reason = new SyntaxError("enough");
  const work = workFor(3, 1);
  await assertRejects(() => runWork(work, AbortSignal.abort(reason)), SyntaxError, "enough");
  assertEquals([...work.context.data], [0, 0, 0, 0]);
});
