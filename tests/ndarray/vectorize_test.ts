import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import createNdarray from "ndarray";
import {
  arange,
  fromArray,
  full,
  type NdArray,
  tolist,
  vectorize,
  vectorizeSync,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import { failAtSeven, shifted } from "../fixtures/ndarray_tasks.ts";
import { parallelFor } from "@sauropod/multiprocessing/loops";
import { loopTest } from "../loops/loops.ts";

/** Compiles only if both are the same type. */
function same<A, B>(..._: [A] extends [B] ? [B] extends [A] ? [] : [never] : [never]): void {}

loopTest("vectorize() calls fn for each element of views with any strides", async () => {
  const array = fromArray(Int16Array.from({ length: 12 }, (_, at) => at), [3, 4]);
  const square = vectorize((x: number) => x * x, { numThreads: 2 });
  for (const view of [array, array.transpose(1, 0), array.step(-1, 2), array.pick(null, 1)]) {
    const expected = JSON.stringify(tolist(view), (_, x) => typeof x === "number" ? x * x : x);
    const result = await square(view);
    assertEquals(JSON.stringify(tolist(result)), expected);
    assertEquals(result.dtype, "float64");
    assert(result.data.buffer instanceof SharedArrayBuffer);
  }
  assertEquals(tolist(await square(fromArray([3], []))), 9);
  assertEquals(tolist(await square(zeros([2, 0]))), [[], []]);
});

loopTest("vectorize() broadcasts arrays and numbers", async () => {
  const combine = vectorize((x: number, y: number, z: number) => 100 * x + 10 * y + z, {
    numThreads: 2,
    dtype: "uint16",
  });
  const result = await combine(fromArray([1, 2], [2, 1]), arange(3), 7);
  assertEquals(tolist(result), [[107, 117, 127], [207, 217, 227]]);
  same<typeof result, NdArray<Uint16Array>>();
  assertEquals(tolist(await combine(1, 2, 3)), 123);
  await assertRejects(
    () => combine(arange(2), arange(3), 1),
    RangeError,
    "Cannot vectorize: shapes [2] and [3] and [] do not match",
  );
});

loopTest("vectorize() takes tasks, built-in functions and bigints", async () => {
  const sync = vectorizeSync(shifted, { numThreads: 2 });
  assertEquals(tolist(sync(arange(3))), [100, 101, 102]);
  const root = vectorize(Math.sqrt, { numThreads: 2 });
  assertEquals(tolist(await root(fromArray([4, 9]))), [2, 3]);
  const doubled = vectorize((x: bigint) => 2n * x, { dtype: "bigint64", numThreads: 2 });
  assertEquals(tolist(await doubled(full([3], 2n ** 40n))), Array(3).fill(2n ** 41n));
  assertEquals(tolist(await doubled(2n ** 40n)), 2n ** 41n);
});

loopTest(
  "vectorize() works on large arrays, and on arrays that are not on shared memory",
  async () => {
    const numbers = arange(300_000);
    const odd = vectorize((x: number) => x % 2, { dtype: "uint8", numThreads: 2 });
    assert((await odd(numbers)).data.every((bit, at) => bit === at % 2));
    const rows = fromArray(numbers.data, [1000, 300]);
    const [flipped, mirrored] = [rows.transpose(1, 0), rows.transpose(1, 0).step(-1, 1)];
    const difference = vectorize((x: number, y: number, z: number) => x - 2 * y + z);
    const result = await difference(flipped, mirrored, 0.5);
    for (let i = 0; i < 300; i++) {
      for (let j = 0; j < 1000; j++) {
        const expected = rows.get(j, i) - 2 * rows.get(j, 299 - i) + 0.5;
        if (result.get(i, j) !== expected) assertEquals(result.get(i, j), expected, `${i}, ${j}`);
      }
    }
    const plain = createNdarray(Float64Array.of(5, 6), [2]) as unknown as NdArray;
    assertEquals(tolist(await odd(plain)), [1, 0]);
  },
);

loopTest(
  "vectorize() errors name fn, the element and the caller, with the advice of a pool",
  async () => {
    const failing = vectorize(failAtSeven, { numThreads: 2 });
    const array = fromArray([0, 7, 1, 2, 3, 4], [3, 2]).transpose(1, 0); // 7 is at [1, 0]
    const error = await assertRejects(() => failing(array), RangeError, "seven");
    assertMatch(
      error.stack!,
      /--- in task failAtSeven, index 3, run by PoolWorker-\d+, called from:\n.*vectorize_test\.ts/,
    );
    const sync = vectorizeSync(failAtSeven, { numThreads: 2 });
    const thrown = assertThrows(() => sync(array), RangeError, "seven");
    assertMatch(thrown.stack!, /--- in task failAtSeven, index 3, run by .*\n.*vectorize_test\.ts/);
    const later = zeros([200]); // in the middle of a part
    later.set(100, 7);
    const inPart = await assertRejects(() => failing(later), RangeError, "seven");
    assertMatch(inPart.stack!, /, index 100, run by/);
    const outside = 5;
    const closure = vectorize((x: number) => x + outside, { numThreads: 2 });
    await assertRejects(
      () => closure(arange(20)),
      ReferenceError,
      "outside is not defined. A function that is sent as source sees nothing outside itself",
    );
    const loop = parallelFor(10, (i) => {
      if (i === 4) throw new RangeError("four");
    }, { numThreads: 2 });
    const own = await assertRejects(() => loop, RangeError, "four");
    assertMatch(own.stack!, /, index 4, run by/); // not that of the call before
  },
);

loopTest("vectorize() ends with the reason of its signal", async () => {
  const reason = new SyntaxError("enough");
  for (const numThreads of [1, 2]) {
    const late = vectorize((x: number) => x, { numThreads, signal: AbortSignal.abort(reason) });
    await assertRejects(() => late(arange(20)), SyntaxError, "enough");
  }
  const controller = new AbortController();
  const { signal } = controller;
  const square = vectorize((x: number) => x * x, { numThreads: 2, signal });
  const outcome = assertRejects(() => square(arange(2)), SyntaxError, "enough");
  controller.abort(reason); // before a worker could answer
  await outcome;
  assertThrows(
    () => vectorizeSync(Math.sqrt, { signal } as object),
    TypeError,
    "there is no option signal",
  );
});

loopTest("vectorize() throws the first error of fn, or if a result is not a number", async () => {
  const failing = vectorize((x: number) => {
    if (x === 7) throw new RangeError("seven");
    return x;
  }, { numThreads: 2 });
  await assertRejects(() => failing(arange(20)), RangeError, "seven");
  for (const numThreads of [1, 2]) {
    const options = { numThreads };
    const nothing = vectorize((() => {}) as unknown as (x: number) => number, options);
    await assertRejects(() => nothing(arange(3)), TypeError, "must return a number");
    const late = vectorize(
      ((x: number) => Promise.resolve(x)) as unknown as (x: number) => number,
      options,
    );
    await assertRejects(() => late(arange(3)), TypeError, "not a promise");
    const failingLate = vectorize(
      ((x: number) => Promise.reject(new RangeError(`${x}`))) as unknown as (x: number) => number,
      options,
    );
    // Its own error is no unhandled rejection, which would end the isolate.
    await assertRejects(() => failingLate(arange(3)), TypeError, "not a promise");
  }
  assertThrows(() => vectorize(5 as never), TypeError, "fn must be a function, not 5");
  assertThrows(() => vectorize(Math.sqrt, { dtype: "int" as "int8" }), TypeError, 'not "int"');
  assertThrows(() => vectorize(Math.sqrt, { numThreads: 0 }), RangeError, "numThreads must be");
  assertThrows(() => vectorizeSync(Math.sqrt, { numThreads: 0.5 }), RangeError, "numThreads must");
  assertThrows(
    () => vectorize(Math.sqrt, { threads: 2 } as object),
    TypeError,
    "no option threads",
  );
  const plain = createNdarray(Float64Array.of(1), [1]) as unknown as NdArray;
  structuredClone(plain.data, { transfer: [plain.data.buffer as ArrayBuffer] });
  assertThrows(() => vectorizeSync(Math.sqrt)(plain), TypeError, "the data of argument 0");
  const one = vectorize(Math.sqrt);
  await assertRejects(() => one([1] as never), TypeError, "argument 0 must be an ndarray");
  await assertRejects(() => one(null as never), TypeError, "not null");
});
