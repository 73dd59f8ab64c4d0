/**
 * The contract of `onProgress`, which all calls over many items keep.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Event, Pool, type Progress, ThreadPool } from "@sauropod/multiprocessing";
import { ProcessPoolExecutor, ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import {
  parallelFor,
  parallelForSync,
  parallelReduce,
  parallelReduceSync,
  stopTeam,
} from "@sauropod/multiprocessing/loops";
import { MapReduce } from "@sauropod/multiprocessing/sharedmem";
import { doneUnit } from "../../../lib/loops/loop_plan.ts";
import { ProgressReport } from "../../../lib/pool/calls/progress.ts";
import { test } from "../../fixtures/guarded.ts";
import { failsAt, guard, turn, upTo } from "../../fixtures/pools.ts";
import { endless, notThree } from "../../fixtures/pool_tasks.ts";

type OnProgress = (progress: Progress) => void;

/** A call of `notThree` with each of some numbers, which fails at 3. */
interface ManyCall {
  readonly run: (items: Iterable<number>, onProgress: OnProgress) => Promise<unknown>;
  /** Whether it takes a generator as it is, so that the number of items is not known. */
  readonly takesEndless?: boolean;
}

const calls: Record<string, ManyCall> = {};

for (const kind of [Pool, ThreadPool]) {
  const inPool = (call: (pool: Pool, items: number[], onProgress: OnProgress) => unknown) => ({
    async run(items: Iterable<number>, onProgress: OnProgress) {
      await using pool = new kind(2);
      return await call(pool, items as number[], onProgress);
    },
  });
  const name = kind.name;
  const tuples = (items: number[]) => [...items].map((x) => [x] as const);
  calls[`${name}.map()`] = inPool((pool, items, onProgress) =>
    pool.map(notThree, items, { onProgress, chunkSize: 1 })
  );
  calls[`${name}.starmapAsync()`] = inPool((pool, items, onProgress) =>
    pool.starmapAsync(notThree, tuples(items), { onProgress, chunkSize: 2 })
  );
  calls[`${name}.mapSync()`] = inPool((pool, items, onProgress) =>
    pool.mapSync(notThree, items, { onProgress, chunkSize: 1 })
  );
  for (const imap of ["imap", "imapUnordered"] as const) {
    calls[`${name}.${imap}()`] = {
      takesEndless: true,
      ...inPool((pool, items, onProgress) =>
        Array.fromAsync(pool[imap](notThree, items, { onProgress }))
      ),
    };
  }
}
for (const kind of [ProcessPoolExecutor, ThreadPoolExecutor]) {
  calls[`${kind.name}.map()`] = {
    takesEndless: true,
    async run(items, onProgress) {
      await using executor = new kind(2);
      return await Array.fromAsync(executor.map(notThree, items, { onProgress, chunkSize: 2 }));
    },
  };
}
for (const nJobs of [1, 2]) {
  for (const returnAs of ["list", "generator"] as const) {
    calls[`Parallel({ nJobs: ${nJobs}, returnAs: "${returnAs}" })`] = {
      takesEndless: true,
      async run(items, onProgress) {
        const make = delayed(notThree);
        const tasks = Array.isArray(items) ? items.map((x) => make(x)) : (function* () {
          for (const x of items) yield make(x);
        })();
        const options = { nJobs, onProgress };
        if (returnAs === "list") return await Parallel(options)(tasks);
        return await Array.fromAsync(Parallel({ ...options, returnAs })(tasks));
      },
    };
  }
}
for (const np of [0, 2]) {
  calls[`MapReduce({ np: ${np} }).map()`] = {
    async run(items, onProgress) {
      await using pool = new MapReduce({ np });
      return await pool.map(notThree, items, { onProgress });
    },
  };
}
for (const numThreads of [1, 2]) {
  const inLoop = (run: (length: number, onProgress: OnProgress) => unknown): ManyCall => ({
    run: async (items, onProgress) => await run([...items].length, onProgress),
  });
  const options = { numThreads, chunkSize: 2 };
  const sum = { ...options, combine: "+" as const };
  const threads = `with ${numThreads} thread${numThreads === 1 ? "" : "s"}`;
  calls[`parallelFor() ${threads}`] = inLoop((length, onProgress) =>
    parallelFor(length, notThree as never, { ...options, onProgress })
  );
  calls[`parallelForSync() ${threads}`] = inLoop((length, onProgress) =>
    parallelForSync(length, notThree as never, { ...options, onProgress })
  );
  calls[`parallelReduce() ${threads}`] = inLoop((length, onProgress) =>
    parallelReduce(length, notThree, { ...sum, onProgress })
  );
  calls[`parallelReduceSync() ${threads}`] = inLoop((length, onProgress) =>
    parallelReduceSync(length, notThree, { ...sum, onProgress })
  );
}

/** Declares a test for each call. */
function testCalls(
  promise: string,
  fn: (call: ManyCall) => Promise<void>,
  suits: (call: ManyCall) => boolean = () => true,
): void {
  for (const [name, call] of Object.entries(calls)) {
    if (!suits(call)) continue;
    test(`${name} ${promise}`, async () => {
      try {
        await fn(call);
      } finally {
        await stopTeam();
      }
    });
  }
}

function assertGrows(seen: Progress[]): void {
  const done = seen.map(({ done }) => done);
  assertEquals(done, done.toSorted((a, b) => a - b));
  assertEquals(seen.map(({ ended }) => ended), seen.map((_, at) => at === seen.length - 1));
}

testCalls("reports to onProgress until all items are done", async ({ run }) => {
  for (const items of [[0, 1, 2], []]) {
    const seen: Progress[] = [];
    await run(items, (progress) => seen.push(progress));
    assertGrows(seen);
    assertEquals(seen.at(-1), { done: items.length, total: items.length, ended: true });
  }
});

testCalls("tells onProgress that it has ended when an item fails", async ({ run }) => {
  const seen: Progress[] = [];
  const items = upTo(40);
  await assertRejects(() => run(items, (progress) => seen.push(progress)));
  assertGrows(seen);
  const { done, total, ended } = seen.at(-1)!;
  assert(done < items.length, `${done}`);
  assertEquals({ total, ended }, { total: items.length, ended: true });
});

testCalls("goes on if onProgress fails, and prints that once", async ({ run }) => {
  const thrown = new RangeError("no terminal");
  const failing: OnProgress[] = [() => {
    throw thrown;
  }, () => Promise.reject(thrown)];
  for (const onProgress of failing) {
    using report = stub(console, "error");
    await run([0, 1, 2], onProgress);
    await turn();
    assertEquals(report.calls.map(({ args }) => args), [["Uncaught in onProgress:", thrown]]);
  }
});

testCalls(
  "has no total for onProgress if the input has no length",
  async ({ run }) => {
    const seen: Progress[] = [];
    await run(new Set([0, 1, 2]).values(), (progress) => seen.push(progress));
    assertGrows(seen);
    assertEquals(seen.at(-1), { done: 3, total: undefined, ended: true });
  },
  ({ takesEndless }) => takesEndless === true,
);

testCalls(
  "tells onProgress that it has ended when the input fails",
  async ({ run }) => {
    const seen: Progress[] = [];
    await assertRejects(() => run(failsAt(2), (progress) => seen.push(progress)), SyntaxError);
    assertGrows(seen);
    assertEquals(seen.at(-1)?.ended, true);
  },
  ({ takesEndless }) => takesEndless === true,
);

test("an iteration that is left tells onProgress that it has ended", async () => {
  const lastOf = async (run: (onProgress: OnProgress) => AsyncIterator<unknown>) => {
    let last: Progress | undefined;
    const iterator = run((progress) => last = progress);
    await iterator.next();
    assertEquals(last?.ended ?? false, false);
    await iterator.return!();
    return last;
  };
  await using pool = new Pool(1);
  await using executor = new ThreadPoolExecutor(1);
  const items = upTo(100);
  const options = (onProgress: OnProgress) => ({ onProgress, chunkSize: 1 });
  const generator = { returnAs: "generator" } as const;
  for (
    const run of [
      (onProgress: OnProgress) => pool.imap(Math.sqrt, items, options(onProgress)),
      (onProgress: OnProgress) => executor.map(Math.sqrt, items, options(onProgress)),
      (onProgress: OnProgress) =>
        Parallel({ onProgress, ...generator })(items.map((x) => delayed(Math.sqrt)(x))),
    ]
  ) {
    assertEquals((await lastOf(run))?.ended, true);
  }
});

test("Pool.terminate() tells onProgress that its call has ended", async () => {
  const pool = new Pool(1);
  const seen: Progress[] = [];
  const result = pool.map(endless as never, [1], { onProgress: (progress) => seen.push(progress) });
  pool.terminate();
  await assertRejects(() => result);
  assertEquals(seen, [{ done: 0, total: 1, ended: true }]);
  await pool.join();
});

test("Executor.map() of several inputs has the shortest length as total", async () => {
  await using executor = new ThreadPoolExecutor(1);
  const totals: unknown[] = [];
  const onProgress = ({ total }: Progress) => totals.push(total);
  const inputs = [[1, 2, 3], new Set([1, 2])] as const;
  await Array.fromAsync(executor.map(Math.pow, ...inputs, { onProgress }));
  assertEquals(totals, [2, 2]);
  await Array.fromAsync(executor.map(Math.pow, [1, 2].values(), [1], { onProgress }));
  assertEquals(totals, [2, 2, undefined]);
});

for (const numThreads of [1, 2]) {
  test(`a loop reports to onProgress while it runs, in ${numThreads} isolates`, async () => {
    // The last index ends only after a report that all others are done.
    const reported = new Event();
    const seen: Progress[] = [];
    const options = {
      numThreads,
      chunkSize: 1,
      context: { reported, guard },
      onProgress(progress: Progress) {
        seen.push(progress);
        if (progress.done === 5) reported.set();
      },
    };
    const body = (i: number, { reported, guard }: typeof options.context) => {
      if (i === 5 && !reported.waitSync(guard)) throw new Error("not reported");
    };
    try {
      parallelForSync(6, body, options);
      assertEquals(seen.at(-2), { done: 5, total: 6, ended: false });
      if (numThreads === 1) return; // the only isolate would block in an async loop
      reported.clear();
      await parallelFor(6, body, options);
      assertGrows(seen.slice(seen.findIndex(({ ended }) => ended) + 1));
    } finally {
      await stopTeam();
    }
  });
}

test("a loop of any length counts what is done in one word of 32 bits", () => {
  assertEquals([0, 1, 2 ** 30].map(doneUnit), [1, 1, 1]);
  for (const length of [2 ** 30 + 1, 10 ** 15, Number.MAX_SAFE_INTEGER]) {
    assert(length / doneUnit(length) < 2 ** 31, `${length}`);
  }
});

test("ProgressReport reports nothing after the end", () => {
  const seen: Progress[] = [];
  const report = new ProgressReport((progress) => seen.push(progress), 3);
  report.add(2, false);
  report.add(1, false);
  report.add(1, false);
  report.end();
  assertEquals(seen, [
    { done: 2, total: 3, ended: false },
    { done: 3, total: 3, ended: true },
  ]);
});

test("Pool.imap() counts items of a chunk that could not be sent", async () => {
  await using pool = new Pool(1);
  const seen: Progress[] = [];
  const onProgress = (progress: Progress) => seen.push(progress);
  const items = [() => {}, new WeakMap()];
  const results = pool.imap((x: unknown) => x, items, { chunkSize: 2, onProgress });
  await assertRejects(() => results.next());
  assertEquals(seen, [{ done: 2, total: 2, ended: true }]);
});
