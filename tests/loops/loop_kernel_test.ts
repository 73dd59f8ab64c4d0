import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DataCloneError, Pool, type Progress } from "@sauropod/multiprocessing";
import {
  explainLoop,
  type LoopOptions,
  parallelFor,
  parallelForSync,
  parallelReduce,
  parallelReduceSync,
  prange,
  type Range,
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { kindsOf } from "../kernels/compare.ts";
import { evaluate, type NumberArray } from "../kernels/evaluate.ts";
import { randomBody } from "../kernels/random_bodies.ts";
import { sumOfSquares } from "../fixtures/loop_tasks.ts";
import { loopTest } from "./loops.ts";

// deno-lint-ignore no-explicit-any -- bodies with contexts of their own
type Body = (index: number, context: any) => any;
type Arrays = Record<string, NumberArray>;

/** A length whose arrays have a memory of their own. */
const LONG = 10_007;

/** Makes a body of its text. */
function bodyOf(text: string): Body {
  return new Function(
    text.startsWith("method") ? `return ({ ${text} }).method` : `return ${text}`,
  )();
}

/** Returns a body that does the same, and has no kernel. */
function withoutKernel(text: string): Body {
  const start = text.indexOf("=> {") + "=> {".length;
  return bodyOf(`${text.slice(0, start)} void 0; ${text.slice(start)}`);
}

function float64(length: number, value: (at: number) => number = () => 0) {
  const array = sharedArray("float64", length);
  for (let at = 0; at < length; at++) array[at] = value(at);
  return array;
}

/** Asserts that arrays are equal; assertEquals takes minutes to diff long ones. */
function assertSame(actual: NumberArray, expected: NumberArray, message?: string): void {
  assertEquals(actual.length, expected.length, message);
  const at = actual.findIndex((value, at) => !Object.is(value, expected[at]));
  if (at >= 0) assertEquals([at, actual[at]], [at, expected[at]], message);
}

const uneven = (at: number) => Math.sin(at) * 10 ** (at % 9 - 4);

/** Loops: the range, the body, and what it needs, each time anew. */
const loops: [name: string, Range | number, text: string, context: () => object][] = [
  [
    "elements",
    LONG,
    "(i, { a, o }) => { o[i] = Math.sqrt(Math.abs(a[i])) * 2 - a[i] / 3; }",
    () => ({ a: float64(LONG, uneven), o: float64(LONG) }),
  ],
  [
    "a stencil",
    prange(0, LONG),
    "(i, { a, o }) => { o[i] = (a[i - 1] + 2 * a[i] + a[i + 1]) / 4; }",
    () => ({ a: float64(LONG, uneven), o: float64(LONG) }),
  ],
  [
    "backwards",
    prange(LONG - 1, -5, -3),
    "(i, { o }) => { o[i] = Math.sqrt(i * 0.5) * 3 + i / 7; }",
    () => ({ o: float64(LONG) }),
  ],
  [
    "steps",
    prange(-10, LONG, 7),
    "(i, { o, scale }) => { o[i] = Math.abs(i * scale - 70) * 3 + i / 7; }",
    () => ({ o: sharedArray("int16", LONG), scale: 0.3 }),
  ],
  [
    "the product of matrices",
    60,
    `(i, { a, b, o, n }) => {
      for (let j = 0; j < n; j++) o[i * n + j] = 0;
      for (let k = 0; k < n; k++) {
        const x = a[i * n + k];
        for (let j = 0; j < n; j++) o[i * n + j] += x * b[k * n + j];
      }
    }`,
    () => ({ a: float64(3600, uneven), b: float64(3600, uneven), o: float64(10_000), n: 60 }),
  ],
  [
    "Mandelbrot",
    2000,
    `(i, { o }) => {
      const cx = (i % 50) * 0.05 - 2;
      const cy = Math.floor(i / 50) * 0.05 - 1;
      let x = 0;
      let y = 0;
      let n = 0;
      while (n < 60 && x * x + y * y <= 4) {
        const t = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = t;
        n++;
      }
      o[i] = n;
    }`,
    () => ({ o: sharedArray("uint8", 70_000) }),
  ],
];

loopTest("parallelFor() computes the same with a kernel as without, bit for bit", async () => {
  for (const [name, range, text, makeContext] of loops) {
    assert(explainLoop(range, bodyOf(text), { context: makeContext() }).isVectorized, name);
    const plain = makeContext();
    const slow = withoutKernel(text);
    assert(!explainLoop(range, slow, { context: plain }).isVectorized, name);
    parallelForSync(range, slow, { context: plain, numThreads: 1 });
    for (const numThreads of [undefined, 1, 2, 3]) {
      for (const options of [{}, { schedule: "static" }, { chunkSize: 17 }] as LoopOptions[]) {
        const context = makeContext();
        await parallelFor(range, bodyOf(text), { ...options, context, numThreads });
        for (const [key, array] of Object.entries(context)) {
          if (typeof array === "object") assertSame(array, (plain as Arrays)[key], name);
        }
      }
      const context = makeContext();
      parallelForSync(range, bodyOf(text), { context, numThreads });
      for (const [key, array] of Object.entries(context)) {
        if (typeof array === "object") assertSame(array, (plain as Arrays)[key], name);
      }
    }
  }
});

loopTest("parallelFor() computes what random bodies mean", () => {
  const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(seeds, fc.integer({ min: 5, max: 40 }), (seed, size) => {
      const { source, length, makeContext } = randomBody(seed, { size, isIndependent: true });
      const expected = makeContext();
      const parsed = parseBody(source, kindsOf(expected));
      if ("obstacle" in parsed) return;
      const { arrays, numbers } = makeContext();
      const isShared = seed % 2 === 0;
      const shared = Object.fromEntries(
        Object.entries(arrays).map(([name, array]) => [name, isShared ? inMemory(array) : array]),
      );
      const order = Array.from({ length }, (_, index) => index);
      for (const index of order) evaluate(parsed.program, index, expected);
      const backwards = makeContext();
      for (const index of order.toReversed()) evaluate(parsed.program, index, backwards);
      const names = Object.keys(arrays);
      if (names.some((name) => !isSame(backwards.arrays[name], expected.arrays[name]))) return;
      const options = isShared ? { context: { ...shared, ...numbers } } : {
        constants: { ...arrays, ...numbers },
      };
      parallelForSync(length, bodyOf(source), { ...options, numThreads: 1 } as LoopOptions);
      for (const name of names) {
        assertSame(shared[name], expected.arrays[name], `seed ${seed}, size ${size}: ${source}`);
      }
    }),
    { numRuns: 100 },
  );
});

/** Copies an array to a memory of WebAssembly. */
function inMemory(array: NumberArray): NumberArray {
  const { buffer } = sharedArray("uint8", 70_000);
  const { constructor } = array as unknown as {
    constructor: new (buffer: SharedArrayBuffer, offset: number, length: number) => NumberArray;
  };
  const copy = new constructor(buffer, 8, array.length);
  copy.set(array);
  return copy;
}

function isSame(a: NumberArray, b: NumberArray): boolean {
  return a.every((value, at) => Object.is(value, b[at]));
}

loopTest("parallelReduce() adds up with a kernel within the error of rounding", async () => {
  const text = "(i, { a }) => { return a[i] * a[i] - a[i]; }";
  const a = float64(LONG, uneven);
  const size = a.reduce((sum, x) => sum + Math.abs(x * x - x), 0);
  const plain = parallelReduceSync(LONG, withoutKernel(text), {
    combine: "+",
    context: { a },
    numThreads: 1,
  });
  assert(explainLoop(LONG, bodyOf(text), { combine: "+", context: { a } }).isVectorized);
  const fixed = new Set<number>();
  for (const numThreads of [1, 2, 3]) {
    for (const deterministic of [false, true]) {
      const options = { combine: "+", context: { a }, numThreads, deterministic } as const;
      const sum = await parallelReduce(LONG, bodyOf(text), options);
      const error = Math.abs(sum - plain);
      assert(error <= LONG * Number.EPSILON * size, `${numThreads} ${deterministic}: ${error}`);
      if (deterministic) fixed.add(sum).add(parallelReduceSync(LONG, bodyOf(text), options));
    }
  }
  assertEquals(fixed.size, 1);
});

loopTest("parallelReduce() combines integers exactly with a kernel", async () => {
  const a = sharedArray("int32", LONG);
  for (let at = 0; at < LONG; at++) a[at] = (at * 7919) % 10_007 - 5000;
  const context = { a };
  const body = (i: number, { a }: typeof context) => a[i];
  const sum = a.reduce((left, right) => left + right);
  for (const numThreads of [undefined, 1, 2, 3]) {
    const options = { context, numThreads };
    assertEquals(await parallelReduce(LONG, body, { combine: "+", ...options }), sum);
    assertEquals(await parallelReduce(LONG, body, { combine: "min", ...options }), -5000);
    assertEquals(await parallelReduce(LONG, body, { combine: "max", ...options }), 5006);
    assertEquals(await parallelReduce(LONG, body, { combine: "+", identity: 0, ...options }), sum);
    assertEquals(await parallelReduce(0, body, { combine: "+", ...options }), 0);
  }
});

loopTest(
  "parallelFor() copies constants that a kernel reads, and sees their present elements",
  () => {
    const constants = { table: Float64Array.of(1, 2, 3, 4) };
    const context = { o: float64(LONG) };
    const body = (i: number, { table, o }: typeof constants & typeof context) => {
      o[i] = (table[i & 3] * 2 + 1) * 0.5;
    };
    for (const factor of [1, 10]) {
      constants.table[2] = 3 * factor;
      assert(explainLoop(LONG, body, { context, constants }).isVectorized);
      parallelForSync(LONG, body, { context, constants, numThreads: 2 });
      assertEquals([...context.o.subarray(0, 4)], [1.5, 2.5, 3 * factor + 0.5, 4.5]);
    }
  },
);

loopTest("parallelFor() with a kernel reports progress", async () => {
  const reports: Progress[] = [];
  const context = { o: float64(LONG) };
  const body = (i: number, { o }: typeof context) => {
    o[i] = i * i;
  };
  for (const numThreads of [1, 2]) {
    const onProgress = (progress: Progress) => reports.push(progress);
    await parallelFor(LONG, body, { context, numThreads, onProgress });
    assertEquals(reports.splice(0).at(-1), { done: LONG, total: LONG, ended: true });
  }
});

loopTest("parallelFor() with a kernel ends when its signal is aborted", async () => {
  const context = { o: sharedArray("float64", LONG), rounds: 20_000 };
  const body = (i: number, { o, rounds }: typeof context) => {
    let x = i;
    for (let k = 0; k < rounds; k++) x = Math.sin(x) + k;
    o[i] = x;
  };
  assert(explainLoop(LONG, body, { context }).isVectorized);
  const controller = new AbortController();
  const options = { context, signal: controller.signal, numThreads: 2, chunkSize: 8 };
  const onProgress = ({ done }: Progress) => done > 0 && controller.abort(new Error("enough"));
  await assertRejects(() => parallelFor(LONG, body, { ...options, onProgress }), Error, "enough");
  assertEquals(context.o.at(-1), 0);
  controller.abort();
  await assertRejects(() => parallelFor(LONG, body, options), Error, "enough");
});

loopTest("parallelFor() has a kernel in the worker of a pool, and in a loop", async () => {
  await using pool = new Pool(2);
  const a = float64(LONG, (at) => at);
  const expected = a.reduce((sum, x) => sum + x * x, 0);
  const sums = await pool.map(sumOfSquares, [a, a, a.subarray(0, 3)]);
  assertEquals(sums, [expected, expected, 5]);
});

loopTest("loops with a kernel reject what loops without one reject", async () => {
  const context = {
    o: float64(LONG),
    unused: new WeakMap(),
  };
  const body = (i: number, { o }: typeof context) => {
    o[i] = i;
  };
  const run = () => parallelFor(LONG, body, { context, numThreads: 2 });
  await assertRejects(run, DataCloneError, "unused");
  const bare = { o: float64(10) };
  const notShared = () =>
    parallelForSync(10, body, { context: { o: new Float64Array(10) } as never });
  assertThrows(notShared, TypeError, "context.o is not on shared memory");
  const noNumber = (i: number, { o }: typeof bare) => {
    if (i > 1e9) return o[i];
    return undefined as never;
  };
  const options = { combine: "+", context: bare, numThreads: 1 } as const;
  assertThrows(() => parallelReduceSync(10, noNumber, options), TypeError, "must return a number");
  const missing = (i: number, { p }: { p: Float64Array }) => {
    p[i] = 1;
  };
  assertThrows(
    () => parallelForSync(3, missing, { context: {} as never, numThreads: 1 }),
    TypeError,
  );
});

loopTest("parallelFor() runs a body as it is if its kernel cannot be made", () => {
  const context = { o: float64(LONG) };
  const long = Array.from({ length: 3000 }, (_, at) => `o[i] += ${at % 2 === 0 ? 1 : -1};`);
  const deep = `${"(".repeat(1500)}i${"+ 1)".repeat(1500)}`;
  const texts = [
    `(i, { o }) => { o[i] = i; ${long.join(" ")} }`,
    `(i, { o }) => { o[i] = ${deep} - 1500; }`,
    `(i, { o }) => { ${"if (i >= 0) { ".repeat(1500)} o[i] = i; ${"}".repeat(1500)} }`,
  ];
  for (const text of texts) {
    context.o.fill(0);
    parallelForSync(100, bodyOf(text), { context, numThreads: 1 });
    assertEquals([...context.o.subarray(98, 101)], [98, 99, 0]);
  }
});

loopTest("parallelFor() runs a body as it is if the engine compiles no kernel", () => {
  const context = { o: float64(LONG) };
  const { Module } = WebAssembly;
  try {
    WebAssembly.Module = class {
      constructor() {
        throw new WebAssembly.CompileError("not today");
      }
    } as unknown as typeof Module;
    parallelForSync(LONG, (i, { o }) => {
      o[i] = 3 * i + 12345;
    }, { context, numThreads: 1 });
  } finally {
    WebAssembly.Module = Module;
  }
  assertEquals(context.o.at(-1), 3 * (LONG - 1) + 12345);
});

loopTest("parallelFor() takes contexts of any members", () => {
  const o = float64(LONG);
  const frozen = Object.freeze({ o, constructor: 2, toString: 3 });
  parallelForSync(LONG, (i, { o, constructor, toString }) => {
    o[i] = constructor * i + toString;
  }, { context: frozen, numThreads: 1 });
  assertEquals(o[100], 203);
  const own = Object.defineProperty({ o }, "__proto__", { value: 4, enumerable: true });
  parallelForSync(LONG, bodyOf("(i, { o, __proto__ }) => { o[i] = __proto__ * i; }"), {
    context: own,
    numThreads: 1,
  });
  assertEquals(o[100], 400);
  let gets = 0;
  const computed = {
    o,
    get scale() {
      gets++;
      return 5;
    },
  };
  parallelForSync(LONG, (i, context) => {
    "use strict";
    const { o, scale } = context;
    /* größer ⚠ */ o[i] = scale * i; // ❤️
  }, { context: computed, numThreads: 1 });
  assertEquals([o[100], gets > 0], [500, true]);
  class Doubled extends Float64Array<SharedArrayBuffer> {}
  const doubled = new Doubled(o.buffer, 0, LONG);
  parallelForSync(LONG, (i, { doubled }) => {
    doubled[i] = i + 0.5;
  }, { context: { doubled }, numThreads: 1 });
  assertEquals(o[100], 100.5);
  parallelForSync(0, (i, { empty }) => {
    empty[i] = 1;
  }, { context: { empty: sharedArray("float64", 0) } });
  assertGreater(gets, 0);
});

loopTest("parallelFor() runs a short loop in the caller, with a kernel or without", async () => {
  const out = sharedArray("float64", 1000);
  const isHere = async (length: number, options: object = {}) => {
    const body = (i: number, context: { out: Float64Array }) => {
      context.out[i] = i;
    };
    const loop = parallelFor(length, body, { context: { out, ...options } });
    const isDone = out[length - 1] === length - 1; // before anything is awaited
    await loop;
    out.fill(0);
    return isDone;
  };
  for (const length of [4, 1000]) {
    assertEquals(await isHere(length), true);
    assertEquals(await isHere(length, { other: "crosses, which only a worker finds out" }), false);
  }
});

loopTest("loops over windows take missing elements for NaN, at both ends of an array", () => {
  type Arrays = { x: Float64Array; y: Float64Array; n: number };
  const bodies: ((i: number, arrays: Arrays) => void)[] = [
    (i, { x, y }) => {
      let sum = 0;
      for (let k = -1; k <= 1; k++) sum += x[i + k];
      y[i] = sum;
    },
    (i, { x, y, n }) => {
      let sum = 0;
      for (let k = -2; k <= 2; k++) if (i + k >= 0 && i + k < n) sum += x[i + k];
      y[i] = sum;
    },
    (i, { x, y }) => {
      let sum = 0;
      for (let k = 0; k < 5; k++) if (i >= k) sum += x[i - k];
      y[i] = sum;
    },
    (i, { x, y, n }) => {
      if (i < 2 || i >= n - 2) return;
      for (let k = -2; k <= 2; k++) y[i] += x[i + k];
    },
  ];
  const n = 100;
  const x = sharedArray("float64", Array.from({ length: n }, (_, i) => Math.sin(i)));
  for (const body of bodies) {
    const [y, expected] = [sharedArray("float64", n), sharedArray("float64", n)];
    assert(explainLoop(n, body, { context: { x, y, n } }).isVectorized);
    parallelForSync(n, body, { context: { x, y, n }, numThreads: 1 });
    for (let i = 0; i < n; i++) body(i, { x, y: expected, n });
    assertEquals([...y], [...expected]);
  }
});

loopTest("remainders in a kernel are those of JavaScript", () => {
  const numbers = [0, -0, 1, -1, 2, 3.5, -3.5, 7, -8, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53];
  numbers.push(1e300, 5e-324, Infinity, -Infinity, NaN);
  const { length } = numbers;
  const a = sharedArray("float64", numbers.flatMap((x) => numbers.map(() => x)));
  const b = sharedArray("float64", numbers.flatMap(() => numbers));
  const out = sharedArray("float64", length * length);
  const context = { a, b, out };
  parallelForSync(out.length, (i, { a, b, out }) => {
    out[i] = a[i] % b[i];
  }, { context, numThreads: 1 });
  assertEquals([...out], [...a].map((x, i) => x % b[i]));
});
