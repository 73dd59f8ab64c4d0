import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import fc from "fast-check";
import {
  Barrier,
  CancelledError,
  DataCloneError,
  Event,
  Pool,
  Process,
  type Progress,
  Semaphore,
  TerminatedError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import {
  getNumThreads,
  type LoopOptions,
  parallelFor,
  parallelForSync,
  prange,
  type Schedule,
  setNumThreads,
} from "@sauropod/multiprocessing/loops";
import { chunkEnd, chunkStart, partition } from "../../lib/loops/schedule.ts";
import {
  dying,
  endless,
  nested,
  shifted,
  stopped,
  stopping,
  sumInTask,
} from "../fixtures/loop_tasks.ts";
import { countEvaluations } from "../fixtures/evaluations.ts";
import { test } from "../fixtures/guarded.ts";
import { guard, sharedWords, wordSet } from "../fixtures/workers.ts";
import { loopTest, shared } from "./loops.ts";

const schedules: Schedule[] = ["static", "dynamic", "guided"];

test("prange() has the indices of Python's range", () => {
  const bound = fc.integer({ min: -50, max: 50 });
  fc.assert(
    fc.property(bound, bound, bound.filter((step) => step !== 0), (start, stop, step) => {
      const expected = [];
      for (let i = start; step > 0 ? i < stop : i > stop; i += step) expected.push(i);
      const range = prange(start, stop, step);
      assertEquals([...range], expected);
      assertEquals(range.length, expected.length);
    }),
  );
});

test("prange() throws if an argument is not an integer or step is 0", () => {
  assertThrows(() => prange(0, 10, 0), RangeError, "step must not be 0");
  assertThrows(() => prange(0.5), RangeError, "stop must be an integer, not 0.5");
  assertThrows(() => prange(NaN, 3), RangeError, "start must be an integer, not NaN");
  assertThrows(() => prange("5" as unknown as number), TypeError, "stop must be an integer");
});

test("partition() assigns every index once in each schedule", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(...schedules),
      fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
      (length, threads, schedule, chunkSize) => {
        const parts = partition(length, threads, schedule, chunkSize);
        const times = new Uint8Array(length);
        for (let unit = 0; unit < parts.units; unit++) {
          for (let chunk = unit; chunk < parts.chunks; chunk += parts.units) {
            const end = chunkEnd(parts, chunk, length);
            assert(end > chunkStart(parts, chunk), "empty chunk");
            for (let at = chunkStart(parts, chunk); at < end; at++) times[at]++;
          }
        }
        assert(times.every((n) => n === 1));
        if (schedule === "static") assert(parts.units <= threads);
      },
    ),
  );
});

for (const schedule of schedules) {
  loopTest(
    `parallelFor() and parallelForSync() call the body once for each index, schedule ${schedule}`,
    async () => {
      for (const numThreads of [1, 2, 3]) {
        for (const chunkSize of [undefined, 1, 7, 5000]) {
          const times = shared(1000);
          const options: LoopOptions<{ times: Float64Array }> = {
            context: { times },
            schedule,
            numThreads,
            chunkSize,
          };
          await parallelFor(prange(999, -1, -1), (i, { times }) => {
            times[i] += 1;
          }, options);
          parallelForSync(prange(0, 1000, 3), (i, { times }) => {
            times[i] += 10;
          }, options);
          for (let i = 0; i < 1000; i++) assertEquals(times[i], i % 3 === 0 ? 11 : 1, `index ${i}`);
        }
      }
    },
  );
}

loopTest(
  "parallelFor() and parallelForSync() do not call the body if the range is empty",
  async () => {
    await parallelFor(0, () => {
      throw new Error("called");
    });
    parallelForSync(prange(5, 5), () => {
      throw new Error("called");
    });
  },
);

loopTest("parallelFor() runs in workers only, parallelForSync() in the caller too", async () => {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  (globalThis as { isCaller?: boolean }).isCaller = true;
  try {
    // Each of the two indices waits until the other has started, so one isolate cannot run both.
    const body = (_i: number, { counts }: { counts: Int32Array }) => {
      if ("isCaller" in globalThis) Atomics.add(counts, 0, 1);
      Atomics.add(counts, 1, 1);
      Atomics.notify(counts, 1);
      if (Atomics.wait(counts, 1, 1, 30_000) === "timed-out") throw new Error("alone");
    };
    const options = { context: { counts }, numThreads: 2, chunkSize: 1 };
    await parallelFor(2, body, options);
    assertEquals([...counts], [0, 2]);
    counts.fill(0);
    parallelForSync(2, body, options);
    assertEquals([...counts], [1, 2]);
  } finally {
    delete (globalThis as { isCaller?: boolean }).isCaller;
  }
});

loopTest("parallelFor() runs a task with the variables of its module", async () => {
  const out = shared(50);
  await parallelFor(50, shifted, { context: { out } });
  assertEquals(out[49], 1049);
});

loopTest("parallelFor() runs two workers at the same time", async () => {
  // Each index waits for the other: a single worker would never finish.
  const here = new Event();
  const there = new Event();
  await parallelFor(2, (i, { here, there }) => {
    (i === 0 ? here : there).set();
    if (!(i === 0 ? there : here).waitSync({ timeoutMs: 30_000 })) throw new Error("alone");
  }, { context: { here, there }, numThreads: 2, chunkSize: 1 });
});

loopTest(
  "parallelFor() has as many workers as it asks for, also after a smaller loop",
  async () => {
    await parallelFor(4, () => {}, { numThreads: 2 });
    const barrier = new Barrier(3);
    await parallelFor(3, (_, { barrier }) => {
      barrier.waitSync();
    }, { context: { barrier }, numThreads: 3, chunkSize: 1 });
  },
);

// A worker would be reported as one that is left.
test("loops of one index, of none, and for one isolate run in the caller", async () => {
  let calls = 0;
  const body = () => void calls++;
  for (const [length, numThreads] of [[1, 2], [0, 2], [5, 1]]) {
    calls = 0;
    await parallelFor(length, body, { numThreads });
    parallelForSync(length, body, { numThreads });
    assertEquals(calls, 2 * length);
  }
});

loopTest(
  "parallelFor() and parallelForSync() report the end of a loop, also of one that fails",
  async () => {
    const reports: Progress[] = [];
    const onProgress = (progress: Progress) => reports.push(progress);
    for (const numThreads of [1, 2]) {
      const options = { numThreads, chunkSize: 1, onProgress };
      await parallelFor(6, () => {}, options);
      parallelForSync(6, () => {}, options);
      const ends = reports.splice(0).filter(({ ended }) => ended);
      assertEquals(ends, Array(2).fill({ done: 6, total: 6, ended: true }));
      const fails = () => {
        throw new RangeError("no");
      };
      await assertRejects(() => parallelFor(6, fails, options), RangeError, "no");
      assertThrows(() => parallelForSync(6, fails, options), RangeError, "no");
      assertEquals(reports.splice(0).map(({ done, ended }) => [done < 6, ended]), [
        [true, true],
        [true, true],
      ]);
    }
  },
);

test("parallelForSync() reports its progress ten times a second, between its chunks", () => {
  let ms = performance.now();
  using _ = stub(performance, "now", () => ms);
  const reports: Progress[] = [];
  parallelForSync(6, () => void (ms += 50), {
    ...{ numThreads: 1, chunkSize: 1 },
    onProgress: (progress) => reports.push(progress),
  });
  assertEquals(reports.map(({ done }) => done), [2, 4, 6]);
});

loopTest("parallelFor() in a loop runs in the isolate that calls it", async () => {
  const out = shared(12);
  await parallelFor(3, nested, { context: { out }, numThreads: 2 });
  assertEquals([...out], [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]);
});

loopTest("a loop in a pool worker runs in one isolate by default", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.apply(sumInTask, [101]), { threads: 1, sum: 5050 });
  assertEquals(await pool.apply(sumInTask, [101, 2]), { threads: 1, sum: 5050 });
});

loopTest("setNumThreads() sets the number for loops without numThreads", () => {
  const before = getNumThreads();
  assertEquals(before, navigator.hardwareConcurrency);
  try {
    setNumThreads(1);
    assertEquals(getNumThreads(), 1);
    let calls = 0; // one isolate: a plain loop in the caller
    parallelForSync(10, () => {
      calls++;
    });
    assertEquals(calls, 10);
  } finally {
    setNumThreads(before);
  }
  assertThrows(() => setNumThreads(1.5), RangeError, "n must be an integer from 1 to 128, not 1.5");
  assertThrows(() => setNumThreads("2" as unknown as number), TypeError, "n must be an integer");
  assertThrows(() => setNumThreads(0), RangeError, "from 1 to 128, not 0");
  assertThrows(() => setNumThreads(129), RangeError, "from 1 to 128, not 129");
});

// Errors

loopTest("parallelFor() throws errors that name an invalid option", async () => {
  const nothing = () => {};
  const options = (it: unknown) => it as LoopOptions;
  await assertRejects(() => parallelFor(1.5, nothing), RangeError, "stop must be an integer");
  await assertRejects(() => parallelFor(5, "x" as never), TypeError, "body must be a function");
  for (const chunkSize of [0, -1, 1.5, NaN]) {
    await assertRejects(
      () => parallelFor(5, nothing, { chunkSize }),
      RangeError,
      `chunkSize must be an integer of at least 1, not ${chunkSize}`,
    );
  }
  await assertRejects(() => parallelFor(5, nothing, { numThreads: 0 }), RangeError, "numThreads");
  await assertRejects(
    () => parallelFor(5, nothing, options({ schedule: "magic" })),
    RangeError,
    '"static", "dynamic" or "guided", not "magic"',
  );
  await assertRejects(
    () => parallelFor(5, nothing, options({ context: 5 })),
    TypeError,
    "context must be an object",
  );
});

loopTest("parallelFor() rejects unknown options and accepts all known ones", async () => {
  const nothing = () => {};
  const x = new Float64Array(new SharedArrayBuffer(8));
  const list = "There are context, constants, schedule, chunkSize, numThreads";
  const advice = "What the body uses goes into context: { … }";
  const both = async (options: unknown, text: string) => {
    const given = options as LoopOptions;
    await assertRejects(() => parallelFor(5, nothing, given), TypeError, text);
    assertThrows(() => parallelForSync(5, nothing, given), TypeError, text);
  };
  await both({ ctx: { x } }, `Cannot run loop: there is no option ctx. ${list}`);
  await both({ x }, advice);
  await both({ num_threads: 2 }, "Write numThreads");
  await both(2, "options must be an object, such as { context: … }, not 2");
  const all: Required<LoopOptions> = {
    context: {},
    constants: {},
    schedule: "static",
    chunkSize: 2,
    numThreads: 1,
    onProgress() {},
  };
  await parallelFor(5, nothing, { ...all, signal: new AbortController().signal });
  parallelForSync(5, nothing, all);
  const signal = AbortSignal.abort() as never;
  const aborted = { signal } as LoopOptions;
  assertThrows(() => parallelForSync(5, nothing, aborted), TypeError, "there is no option signal");
});

loopTest("parallelFor() rejects context arrays that are not on shared memory", async () => {
  const plain = new Float64Array(5);
  const write = (i: number, { out }: { out: Float64Array }) => {
    out[i] = 1;
  };
  for (const numThreads of [1, 2]) {
    await assertRejects(
      () => parallelFor(5, write, { context: { out: plain }, numThreads }),
      TypeError,
      "context.out is not on shared memory",
    );
    assertThrows(
      () => parallelForSync(5, write, { context: { out: plain }, numThreads }),
      TypeError,
      "context.out is not on shared memory",
    );
  }
  const out = shared(3);
  const weights = new Float64Array([1, 2, 3]);
  await parallelFor(3, (i, { out, weights }) => {
    out[i] = weights[i] * 2;
  }, { context: { out }, constants: { weights } });
  assertEquals([...out], [2, 4, 6]);
});

loopTest("parallelFor() throws if the body writes to copied values of the context", async () => {
  for (const numThreads of [1, 2]) {
    await assertRejects(
      () =>
        parallelFor(10, (_i, context) => {
          context.n++;
        }, { context: { n: 0 }, numThreads }),
      TypeError,
      "read only",
    );
  }
  await assertRejects(
    () =>
      parallelFor(10, (i, { list }) => {
        list.push(i);
      }, { context: { list: [1] }, numThreads: 2 }),
    TypeError,
    "not extensible",
  );
});

loopTest("parallelFor() explains a ReferenceError of an inline body", async () => {
  const outside = shared(3);
  const error = await assertRejects(
    () =>
      parallelFor(3, (i) => {
        outside[i] = 1;
      }),
    ReferenceError,
  );
  assertStringIncludes(error.message, "outside is not defined");
  assertStringIncludes(error.message, "put them into context");
});

loopTest("parallelFor() names the path of a value that cannot cross", async () => {
  await assertRejects(
    () => parallelFor(3, () => {}, { context: { model: { key: Symbol("k") } } as never }),
    DataCloneError,
    "context.model.key",
  );
});

for (const numThreads of [1, 2]) {
  loopTest(
    `parallelFor() throws the body's error with its index, numThreads ${numThreads}`,
    async () => {
      const body = (i: number) => {
        if (i === 77) throw new RangeError("bad", { cause: i });
      };
      const error = await assertRejects(
        () => parallelFor(1000, body, { numThreads }),
        RangeError,
        "bad",
      );
      assertEquals(error.cause, 77);
      if (numThreads > 1) assertStringIncludes(error.stack!, "index 77");
      const same = assertThrows(() => parallelForSync(1000, body, { numThreads }), RangeError);
      assertEquals(same.cause, 77);
      await parallelFor(10, () => {}, { numThreads }); // the team is still usable
    },
  );
}

loopTest("parallelFor() takes no further chunks after an error", async () => {
  const times = shared(1);
  await assertRejects(
    () =>
      parallelFor(1_000_000, (i, { times }) => {
        times[0]++;
        if (i === 5) throw new Error("stop");
      }, { context: { times }, chunkSize: 10, numThreads: 2 }),
    Error,
    "stop",
  );
  assert(times[0] < 1_000_000, `${times[0]} iterations`);
});

loopTest("parallelFor() throws if its body returns a promise", async () => {
  const wait = async () => {};
  await assertRejects(() => parallelFor(5, wait), TypeError, "its body returns a promise");
  assertThrows(() => parallelForSync(5, wait), TypeError, "its body returns a promise");
});

loopTest("parallelFor() rejects with the reason of its signal", async () => {
  const reason = new CancelledError("enough");
  const started = new Event();
  const controller = new AbortController();
  const running = parallelFor(1e12, (_i, { started }) => {
    started.set();
  }, { context: { started }, chunkSize: 100, numThreads: 2, signal: controller.signal });
  await started.wait();
  controller.abort(reason);
  assertEquals(await assertRejects(() => running, CancelledError), reason);
  await assertRejects(
    () => parallelFor(5, () => {}, { signal: AbortSignal.abort(reason) }),
    CancelledError,
  );
  await parallelFor(10, () => {}); // the workers are idle again
});

loopTest(
  "parallelFor() rejects with a WorkerDiedError when a worker exits, and can run again",
  async () => {
    const error = await assertRejects(
      () => parallelFor(10, dying, { numThreads: 2, chunkSize: 1 }),
      WorkerDiedError,
    );
    assertEquals(error.exitCode, 3);
    assertStringIncludes(error.message, "loop dying");
    await parallelFor(10, () => {}, { numThreads: 2 });
  },
);

loopTest("a body that uses this is refused, with the advice for a loop", async () => {
  class Model {
    total = 0;
    arrow(): Promise<void> {
      return parallelFor(9, (i) => void (this.total += i), { numThreads: 2 });
    }
    method(this: void, i: number): void {
      (this as unknown as Model).total += i;
    }
  }
  const advice = "Put what the body reads of it into context, and let it write to shared arrays";
  const model = new Model();
  await assertRejects(() => model.arrow(), DataCloneError, advice);
  await assertRejects(
    () => parallelFor(9, model.method, { numThreads: 2 }),
    DataCloneError,
    advice,
  );
  assertThrows(() => parallelForSync(9, model.method, { numThreads: 2 }), DataCloneError, "body");
});

loopTest("parallelFor() that was cancelled begins no further chunk", async () => {
  const [begun, go] = [new Semaphore(0), new Event()];
  const count = sharedWords();
  const controller = new AbortController();
  const loop = parallelFor(
    1000,
    (_, { begun, go, count }) => {
      Atomics.add(count, 0, 1);
      begun.release();
      go.waitSync();
    },
    { context: { begun, go, count }, numThreads: 2, chunkSize: 1, signal: controller.signal },
  );
  for (let participant = 0; participant < 2; participant++) await begun.acquire(guard);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => loop, RangeError, "enough");
  go.set();
  const barrier = new Barrier(2); // both have left that loop once they meet in this one
  await parallelFor(2, (_, { barrier }) => void barrier.waitSync(), {
    context: { barrier },
    numThreads: 2,
    chunkSize: 1,
  });
  assertEquals(count[0], 2);
});

loopTest("parallelForSync() throws a TerminatedError when its body stops the team", async () => {
  assertThrows(() => parallelForSync(10, stopping, { numThreads: 2 }), TerminatedError);
  parallelForSync(10, () => {}, { numThreads: 2 }); // with another team
  await stopped;
});

loopTest("parallelFor() ends between two chunks when its process is terminated", async () => {
  const [started, words] = [new Event(), sharedWords()];
  const process = new Process({ target: endless, args: [started, words] });
  process.start();
  await started.wait();
  process.terminate();
  await process.join();
  assertEquals(process.exitCode, -15);
  await wordSet(words);
});

loopTest("parallelFor() can run many loops on the team at the same time", async () => {
  const out = shared(20 * 100);
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      parallelFor(100, (i, { out, at }) => {
        out[at * 100 + i] = at * 100 + i;
      }, { context: { out, at }, numThreads: 2 })),
  );
  assertEquals([...out], Array.from(out.keys()));
});

loopTest(
  "parallelForSync() sends arrays to workers without a turn of its event loop",
  async () => {
    await parallelFor(100, () => {}, { numThreads: 2, chunkSize: 1 }); // a worker has started
    for (let round = 0; round < 5; round++) {
      for (const end = performance.now() + 5; performance.now() < end;); // the worker has left its blocking wait
      const main = shared(1); // not yet known to the worker
      const worker = shared(1);
      // The main isolate never yields to its event loop. The limit is reached only without progress.
      for (let tries = 0; tries < 20_000 && worker[0] === 0; tries++) {
        parallelForSync(1000, (_i, { main, worker }) => {
          (globalThis.constructor.name === "Window" ? main : worker)[0] = 1;
        }, { context: { main, worker }, numThreads: 2, chunkSize: 1 });
      }
      assertEquals([worker[0]], [1], `round ${round}`);
    }
  },
);

loopTest("parallelFor() gives advice when its body writes to a copied value", async () => {
  const bodies: [object, (i: number, context: never) => void][] = [
    [{ a: [0, 0] }, (i: number, { a }: { a: number[] }) => void (a[i] = 1)],
    [{ a: { n: 0 } }, (_i: number, { a }: { a: { n: number } }) => void a.n++],
  ];
  for (const [context, body] of bodies) {
    await assertRejects(
      () => parallelFor(10, body, { context: context as never }),
      TypeError,
      "make it with sharedArray(), use a Value, or combine results with parallelReduce()",
    );
  }
});

loopTest(
  "parallelForSync() compiles the loop of an inline body once",
  () => {
    const out = shared(100);
    const fill = () =>
      parallelForSync(100, (i, { out }) => {
        out[i] = i * 7;
      }, { context: { out } });
    assert(countEvaluations(fill) > 0);
    assertEquals(countEvaluations(fill), 0);
    assertEquals(out[99], 693);
  },
);
