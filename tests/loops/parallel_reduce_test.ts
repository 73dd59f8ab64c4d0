import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type LoopOperator,
  type NumberReduceOptions,
  parallelReduce,
  parallelReduceSync,
  prange,
} from "@sauropod/multiprocessing/loops";
import { longest } from "../fixtures/loop_tasks.ts";
import { loopTest, shared } from "./loops.ts";

const operators: Record<LoopOperator, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "*": (left, right) => left * right,
  min: Math.min,
  max: Math.max,
};
const identities = { "+": 0, "*": 1, min: Infinity, max: -Infinity };

loopTest("parallelReduce() returns the result of a plain loop, for each operator", async () => {
  const values = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      values,
      fc.constantFrom<LoopOperator>("+", "*", "min", "max"),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (values, combine, numThreads, deterministic) => {
        const expected = values.reduce(
          (left, right) => operators[combine](left, right),
          identities[combine],
        );
        const options = { combine, numThreads, deterministic, chunkSize: 3, context: { values } };
        const body = (i: number, { values }: { values: number[] }) => values[i];
        assertEquals(await parallelReduce(values.length, body, options), expected);
        assertEquals(parallelReduceSync(values.length, body, options), expected);
      },
    ),
    { numRuns: 40 },
  );
});

loopTest(
  "parallelReduce() returns a floating-point sum close to that of a plain loop",
  async () => {
    let serial = 0;
    for (let i = 0; i < 100_000; i++) serial += 1 / (i + 1);
    const sum = await parallelReduce(100_000, (i) => 1 / (i + 1), { combine: "+", numThreads: 2 });
    assert(Math.abs(sum - serial) < 1e-9);
  },
);

loopTest(
  "parallelReduce() with deterministic returns the same result for any numThreads",
  async () => {
    const body = (i: number) => Math.sin(i) * 10 ** (i % 17);
    const run = (numThreads: number) =>
      parallelReduce(50_000, body, { combine: "+", deterministic: true, numThreads });
    const one = await run(1);
    for (const numThreads of [2, 3, 5]) {
      for (let times = 0; times < 3; times++) assertEquals(await run(numThreads), one);
    }
    assertEquals(
      parallelReduceSync(50_000, body, { combine: "+", deterministic: true, numThreads: 2 }),
      one,
    );
  },
);

loopTest("parallelReduce() reduces into arrays", async () => {
  const body = (i: number, _context: object, counts: Float64Array) => {
    counts[i % 4] += i;
  };
  const expected = [0, 1, 2, 3].map((k) => [...prange(k, 1000, 4)].reduce((a, b) => a + b));
  for (const deterministic of [false, true]) {
    const identity = new Float64Array(4);
    const options = { combine: "+", identity, deterministic, numThreads: 2 } as const;
    assertEquals([...await parallelReduce(1000, body, options)], expected);
    assertEquals([...parallelReduceSync(1000, body, options)], expected);
    assertEquals([...identity], [0, 0, 0, 0]); // workers copy it
  }
});

loopTest("parallelReduce() finds the extremes of each column", async () => {
  const grid = shared(60);
  grid.forEach((_, i) => grid[i] = (i * 37) % 61);
  const highest = await parallelReduce(20, (row, { grid }, high) => {
    for (let column = 0; column < 3; column++) {
      high[column] = Math.max(high[column], grid[row * 3 + column]);
    }
  }, { combine: "max", identity: new Float64Array(3).fill(-Infinity), context: { grid } });
  const expected = [0, 1, 2].map((column) =>
    Math.max(...Array.from({ length: 20 }, (_, row) => grid[row * 3 + column]))
  );
  assertEquals([...highest], expected);
});

loopTest("parallelReduce() combines values of any kind by a function", async () => {
  const words = ["a", "bb", "cccc", "ddd", "eeee"];
  const body = (i: number, { words }: { words: string[] }) => words[i];
  const options = { combine: longest, identity: "", context: { words }, deterministic: true };
  assertEquals(await parallelReduce(5, body, { ...options, numThreads: 2 }), "cccc");
  assertEquals(parallelReduceSync(5, body, { ...options, numThreads: 2 }), "cccc");
  const joined = await parallelReduce(100, (i) => `${i},`, {
    combine: (left, right) => left + right,
    identity: "",
    deterministic: true, // in the order of the indices
    numThreads: 2,
  });
  assertEquals(joined, [...prange(100)].map((i) => `${i},`).join(""));
});

loopTest("parallelReduce() returns the identity if the range is empty", async () => {
  assertEquals(await parallelReduce(0, (i) => i, { combine: "+" }), 0);
  assertEquals(await parallelReduce(0, (i) => i, { combine: "*" }), 1);
  assertEquals(parallelReduceSync(0, (i) => i, { combine: "min" }), Infinity);
  assertEquals(
    [...parallelReduceSync(0, () => {}, { combine: "+", identity: new Int8Array(2) })],
    [0, 0],
  );
});

loopTest("parallelReduce() returns NaN if a value is NaN", async () => {
  for (const combine of ["min", "max", "+", "*"] as const) {
    const value = await parallelReduce(100, (i) => i === 50 ? NaN : i, { combine, numThreads: 2 });
    assertEquals(value, NaN);
  }
});

loopTest("parallelReduce() rejects invalid options and values", async () => {
  await assertRejects(
    () => (parallelReduce as (...args: unknown[]) => Promise<unknown>)(10, (i: number) => i),
    TypeError,
    'such as { combine: "+" }, not undefined',
  );
  const reduce = (options: unknown, body: unknown = (i: number) => i) =>
    parallelReduce(5, body as () => number, options as NumberReduceOptions<object, object>);
  const rejects = (options: unknown, errorClass: new () => Error, text: string) =>
    assertRejects(() => reduce(options), errorClass, text);
  await rejects({ combine: "-" }, RangeError, '"+", "*", "min", "max" or a function, not "-"');
  await rejects({}, TypeError, "combine must be");
  await rejects(
    { combine: "+", identity: NaN },
    RangeError,
    "identity must be a number other than NaN",
  );
  await rejects({ combine: "+", identity: 5 }, RangeError, 'the identity of "+" is 0, not 5');
  await rejects({ combine: "*", identity: 0 }, RangeError, 'the identity of "*" is 1, not 0');
  await rejects({ combine: "+", identity: "0" }, TypeError, "identity must be a number");
  const list = "There are combine, identity, deterministic, context, constants, schedule";
  await rejects({ combine: "+", initial: 0 }, TypeError, `no option initial. ${list}`);
  await rejects({ combine: "+", num_threads: 2 }, TypeError, "Write numThreads");
  assertThrows(
    () => parallelReduceSync(5, (i) => i, { combine: "+", n: 2 } as { combine: "+" }),
    TypeError,
    "Cannot reduce: there is no option n",
  );
  const all = {
    combine: "+",
    identity: 0,
    deterministic: true,
    context: {},
    constants: {},
  } as const;
  const loop = { schedule: "dynamic", chunkSize: 2, numThreads: 1 } as const;
  const { signal } = new AbortController();
  assertEquals(await parallelReduce(5, (i) => i, { ...all, ...loop, signal }), 10);
  assertEquals(parallelReduceSync(5, (i) => i, { ...all, ...loop }), 10);
  await rejects(
    { combine: "max", identity: new Float64Array([0, NaN]) },
    RangeError,
    "identity must be a number other than NaN",
  );
  await assertRejects(
    () => reduce({ combine: "+" }, () => "x"),
    TypeError,
    "the body must return a number, not string",
  );
  await assertRejects(() => reduce({ combine: "+" }, () => {}), TypeError, "not undefined");
  assertThrows(
    () => parallelReduceSync(5, () => null as unknown as number, { combine: "+" }),
    TypeError,
    "not null",
  );
});

loopTest("parallelReduce() runs indices beyond 32 bits, up and down", async () => {
  for (const at of [2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 40]) {
    for (
      const range of [prange(at - 3, at + 3), prange(at + 3, at - 3, -1), prange(at, at + 9, 3)]
    ) {
      const sum = await parallelReduce(range, (i) => i, { combine: "+", chunkSize: 2 });
      assertEquals(sum, [...range].reduce((a, b) => a + b));
    }
  }
});
