import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { LaneObstacle } from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { test } from "../fixtures/guarded.ts";
import {
  compareKernels,
  comparePrograms,
  compileFor,
  isCombined,
  kindsOf,
  runKernel,
} from "./compare.ts";
import { type Context, evaluate, type NumberArray } from "./evaluate.ts";
import { ARRAY_TYPES, randomBody } from "./random_bodies.ts";

/** Numbers that are easily converted wrong. */
const SPECIAL = [
  ...[0, -0, 0.5, -0.5, 1.5, 2.5, 0.49999999999999994, -1, -1.5, 126.5, 127.5, 128, 254.5, 255.5],
  ...[256, -129, 32767.5, 32768, 65535.5, 65536, 1e10, -1e10, 2 ** 31, -(2 ** 31) - 1, 2 ** 32],
  ...[2 ** 53 + 2, 2 ** 63, -(2 ** 63), 2 ** 63 + 2 ** 40, 3 * 2 ** 70, 2 ** 84, 1e300, -1e300],
  ...[NaN, Infinity, -Infinity, 5e-324, 3.4028235677973366e38, 1e-46, 16777217],
];

/** Returns `length` numbers of a pattern, some negative. */
function ramp(length: number): Float64Array {
  return Float64Array.from({ length }, (_, at) => (at * 7) % 11 - 3);
}

/** Compares the kernels of a body; returns how many there were. */
function compare(source: string, context: Context, length: number) {
  const makeContext = () => ({
    numbers: context.numbers,
    arrays: Object.fromEntries(
      Object.entries(context.arrays).map(([name, array]) => [name, array.slice()]),
    ),
  });
  return compareKernels({ source, makeContext, length });
}

test("compileKernel() compiles what random bodies mean, with each possible loop in lanes", () => {
  const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
  let inner = 0;
  fc.assert(
    fc.property(
      seeds,
      fc.integer({ min: 1, max: 60 }),
      fc.boolean(),
      (seed, size, isIndependent) => {
        const body = randomBody(seed, { size, isIndependent });
        try {
          inner += compareKernels(body).inner;
        } catch (cause) {
          throw new Error(`seed ${seed}, size ${size}: ${body.source}`, { cause });
        }
      },
    ),
    { numRuns: 300 },
  );
  assertGreater(inner, 0);
});

test("compileKernel() reads and writes elements of each type as JavaScript does", () => {
  for (const [name, type] of Object.entries(ARRAY_TYPES)) {
    for (const length of [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, SPECIAL.length]) {
      const arrays: Record<string, NumberArray> = {
        a: Float64Array.from(SPECIAL),
        o: new type(length),
        f: new Float64Array(length),
        g: new Float64Array(length),
      };
      const source = "(i, { a, o, f, g }) => { o[i] = a[i]; f[i] = o[i] * 0.5; g[i] = o[i] | 0; }";
      assertEquals(compare(source, { arrays, numbers: {} }, length).kernels, 1, name);
    }
  }
});

test("compileKernel() converts numbers to integers as JavaScript does", () => {
  const arrays = {
    a: Float64Array.from(SPECIAL),
    b: Float64Array.from(SPECIAL.toReversed()),
    o: new Float64Array(8 * SPECIAL.length),
  };
  const operations = ["a[i] | 0", "a[i] & b[i]", "~a[i]", "a[i] >>> 0", "a[i] << b[i]"];
  operations.push("a[i] >> b[i]", "Math.round(a[i])", "a[i] % b[i]");
  const statements = operations.map((operation, at) => `o[8 * i + ${at}] = ${operation};`);
  const source = `(i, { a, b, o }) => { ${statements.join(" ")} }`;
  assertEquals(compare(source, { arrays, numbers: {} }, SPECIAL.length).kernels, 1);
});

test("compileKernel() computes cubes, which only array expressions have", () => {
  const makeContext = () => ({
    arrays: { a: Float64Array.from(SPECIAL), o: new Float64Array(SPECIAL.length) },
    numbers: { x: 1.25 },
  });
  const parsed = parseBody(
    "(i, { a, o, x }) => { o[i] = a[i]; o[0] = x; }",
    kindsOf(makeContext()),
  );
  assert(!("obstacle" in parsed));
  const cubes = parsed.program.statements.map((statement) => {
    assert(statement.op === "store");
    return { ...statement, value: { op: "cube", args: [statement.value] } as const };
  });
  const [varying, uniform] = cubes;
  const sum = { op: "add", args: [varying.value, uniform.value] } as const;
  const program = { ...parsed.program, statements: [{ ...varying, value: sum }] };
  assertEquals(comparePrograms(program, SPECIAL.length, makeContext).kernels, 1);
});

test("compileKernel() reads and writes elements whose index an inner loop changes", () => {
  for (const [name, type] of Object.entries(ARRAY_TYPES)) {
    // Next to each other for consecutive turns: within the arrays in any case, or beyond their ends.
    for (const length of [24, 19]) {
      const arrays = { a: new type(length), o: new type(length), p: new type(length) };
      arrays.a.set(ramp(length).map((x) => x * 1.3));
      for (const text of ["o[i + j] = a[i + j] * 1.5;", "if (a[i] > 2) o[i + j] = a[i + j] + i;"]) {
        const source = `(i, { a, o, p }) => {
          for (let j = 2; j < 4; j++) { if (j > 2) { p[i - j] = a[i - j] + a[i + j]; } }
          for (let j = 3; j < 4; j++) { ${text} }
        }`;
        const { kernels } = compare(source, { arrays, numbers: {} }, 20);
        assertEquals(kernels, 3, `${name} ${length}: ${source}`); // with each loop in lanes
      }
    }
  }
});

test("compileKernel() reads constants and numbers of the context bit for bit", () => {
  for (const value of SPECIAL) {
    const text = Object.is(value, -0) ? "-0" : `${value}`;
    const source = `(i, { o, x }) => {
      o[6 * i] = x; o[6 * i + 1] = ${text}; o[6 * i + 2] = 1 / x; o[6 * i + 3] = x * i;
      o[6 * i + 4] = i - ${text}; o[6 * i + 5] = ${text} * i;
    }`;
    const context = { arrays: { o: new Float64Array(54) }, numbers: { x: value } };
    assertEquals(compare(source, context, 9).kernels, 1, source);
  }
});

test("compileKernel() takes elements that are missing for NaN, and does not write them", () => {
  const arrays = { a: ramp(20), o: new Float64Array(20) };
  const table = [
    "(i, { a, o }) => { o[i] = (a[i - 1] + 2 * a[i] + a[i + 1]) / 4; }",
    "(i, { a, o }) => { o[i] = a[i - 25] + a[i + 2147483647]; }",
    "(i, { a, o }) => { o[i + 15] = a[i]; }",
    "(i, { a, o }) => { o[i - 5] = a[i]; }",
    "(i, { a, o }) => { o[2 * i] = a[0.5 * i]; }",
    "(i, { a, o }) => { o[i - 2147483647] = a[i]; o[-1 - i] = 1; }",
    "(i, { a, o }) => { o[i] = a[4294967296 + i] + a[NaN]; }",
  ];
  for (const source of table) {
    for (const length of [1, 17, 20, 24]) {
      assertEquals(compare(source, { arrays, numbers: {} }, length).kernels, 1, source);
    }
  }
});

test("compileKernel() compiles loops that lanes leave at different turns", () => {
  const escape = "x * x + y * y <= 4";
  const turn = "const t = x * x - y * y + cx; y = 2 * x * y + cy; x = t;";
  const start = "const cx = i * 0.11 - 2; const cy = 0.31; let x = 0; let y = 0;";
  const table = [
    `let n = 0; while (n < 50 && ${escape}) { ${turn} n++; } o[i] = n;`,
    `let n = 0; for (; n < 50; n++) { if (!(${escape})) break; ${turn} } o[i] = n;`,
    `for (let n = 0; n < 50; n++) { if (!(${escape})) { o[i] = n; return; } ${turn} } o[i] = 50;`,
    `let n = 0; do { ${turn} n++; if (n % 2 === 0 && x < 0) break; } while (n < 50); o[i] = n;`,
    `let n = 0; for (let k = 0; k < i; k++) { if (k % 3 === 1) continue; n += k; } o[i] = n;`,
    `if (i < 3) return; if (cx > 0) { o[i] = 1; return; } o[i] = 2;`,
  ];
  for (const text of table) {
    const arrays = { o: new Float64Array(37) };
    const source = `(i, { o }) => { ${start} ${text} }`;
    assertGreater(compare(source, { arrays, numbers: {} }, 37).kernels, 0, source);
  }
});

test("compileKernel() leaves the right loop after one that runs in lanes", () => {
  const arrays = { a: ramp(30), o: ramp(30), p: ramp(30) };
  const inner = "for (let k = 0; k < 20; k++) o[k] = o[k] + a[k];";
  const table = [
    `for (let j = 0; j < 5; j++) { ${inner} if (a[j] > 2) continue; p[j] = o[j] * 2; }`,
    `let j = 0; while (j < 9) { ${inner} j++; if (a[j] > 6) break; p[j] = o[j] * 2; }`,
    `let j = 0; while (j < 5) { j++; ${inner} if (a[j] > 2) continue; p[j] = o[j] * 2; }`,
  ];
  for (const text of table) {
    const source = `(i, { a, o, p }) => { ${text} }`;
    assertGreater(compare(source, { arrays, numbers: {} }, 3).inner, 0, source);
  }
});

test("compileKernel() ends a turn where all lanes return", () => {
  const arrays = { a: ramp(20), o: new Float64Array(20) };
  for (const n of [0, 1, 2]) {
    for (
      const text of [
        "if (n > 1) return; o[i] = a[i];",
        "if (n > 0) { o[i] = 1; if (n > 1) return; o[i] = 2; } o[i] += a[i];",
        "for (let k = 0; k < n; k++) o[i] += k; if (n > 0) { return; } o[i] = a[i];",
      ]
    ) {
      const source = `(i, { a, o, n }) => { ${text} }`;
      assertGreater(compare(source, { arrays, numbers: { n } }, 20).kernels, 0, source);
    }
    const value = "(i, { a, n }) => { if (n > 1) return a[i]; return 0.5 * n; }";
    assertEquals(compare(value, { arrays: { a: ramp(20) }, numbers: { n } }, 20).values, 4);
  }
});

test("compileKernel() keeps the order in which turns of a `for` write an element", () => {
  const arrays = { a: ramp(30), w: ramp(3), o: ramp(30) };
  const table: [body: string, inner: number][] = [
    [
      "for (let k = 0; k < 20; k++) for (let j = 0; j < 3; j++) o[k + j] = o[k + j] * 2 + a[k] * w[j];",
      1,
    ],
    ["for (let k = 0; k < 20; k++) for (let j = 0; j < 3; j++) o[k + j] = a[k] * 10 + j;", 1],
    ["for (let k = 0; k < 20; k++) { let q = 0; const x = o[k + q]; q = 1; o[k + q] = x + 1; }", 0],
    [
      `for (let k = 0; k < 20; k++) {
        for (let j = 0; j < 3; j++) { const v = o.subarray(j); v[k] = v[k] * 2 + a[k]; }
      }`,
      0,
    ],
    ["for (let k = 1; k < 20; k++) o[k] = o[k - 1] * 0.5 + a[k];", 0],
    ["for (let k = 0; k < 20; k++) { const p = k + 2; o[p] = o[p] * 0.5 + a[k]; }", 1],
  ];
  for (const [text, inner] of table) {
    const source = `(i, { a, w, o }) => { ${text} }`;
    assertEquals(compare(source, { arrays, numbers: {} }, 1).inner, inner, source);
  }
});

test("compileKernel() compiles loops whose bounds are far apart", () => {
  const arrays = { o: ramp(30), bounds: Int32Array.of(2e9, -2e9, -(2 ** 31), 2 - 2 ** 31) };
  const numbers = { from: 2e9, to: -2e9 };
  const table = [
    "for (let k = from; k < to; k++) o[k - from] = 7;",
    `const from = bounds[0]; const to = bounds[1]; let t = 0.5;
     for (let k = from; k < to; k++) t = Math.max(t, k);
     o[0] = t;`,
    `const from = bounds[2]; const to = bounds[3]; let t = 0.5;
     for (let k = from; k < to; k++) t = Math.min(t, k);
     o[0] = t;`,
  ];
  for (const text of table) {
    const parameters = text.includes("bounds") ? "{ o, bounds }" : "{ o, from, to }";
    const source = `(i, ${parameters}) => { ${text} }`;
    assertEquals(compare(source, { arrays, numbers }, 1).inner, 1, source);
  }
});

test("compileKernel() compiles a loop whose bound grows in a loop around it", () => {
  const arrays = { a: ramp(30), o: new Float64Array(1) };
  const source = `(i, { a, o }) => {
    let bound = 0;
    for (let n = 0; n < 9; n++) {
      let sum = 0.5;
      for (let k = 0; k < bound; k++) sum += a[k];
      o[i] = sum;
      bound = Math.min(bound + 1, 4);
    }
  }`;
  assertEquals(compare(source, { arrays, numbers: {} }, 1).kernels, 2);
});

test("compileKernel() keeps the sign of products that become 0", () => {
  const source = `(i, { o }) => {
    const x = (i + 1) / 1e300;
    const down = Math.floor(x * (0 - x));
    const near = Math.trunc(x * (0 - x));
    o[2 * i] = 1 / down;
    o[2 * i + 1] = 1 / near;
  }`;
  const arrays = { o: new Float64Array(8) };
  assertEquals(compare(source, { arrays, numbers: {} }, 4).kernels, 1);
});

test("compileKernel() adds integers up exactly, and other numbers within the error of rounding", () => {
  const folds: [string, "+" | "*" | "min" | "max"][] = [
    ["s += term", "+"],
    ["s -= term", "+"],
    ["s *= term", "*"],
    ["s = Math.max(s, term)", "max"],
    ["s = Math.min(term, s)", "min"],
    ["if (term > 1) s += term", "+"],
    ["if (k % 3 === 1) continue; s += term", "+"],
  ];
  for (const [fold, operator] of folds) {
    for (const length of [0, 1, 3, 7, 8, 16, 17, 40]) {
      for (const factor of [1, 0.1]) {
        const source = `(i, { a, o }) => {
          let s = 0.5;
          for (let k = 0; k < ${length}; k++) {
            const term = a[k + i] * ${factor};
            o[k + i * ${length}] = term;
            ${fold};
          }
          return s;
        }`;
        const signs = ramp(48).map((x) => operator === "*" ? Math.sign(x) * 1.25 : x);
        const terms = 2 * length;
        const context = { numbers: {}, arrays: { a: signs, o: new Float64Array(terms) } };
        const { sequential, parallel } = runBoth(source, context);
        assertEquals(parallel.context.arrays.o, sequential.arrays.o, source);
        const isExact = factor === 1 || operator === "min" || operator === "max";
        if (isExact) assertEquals(parallel.value, sequential.value, source);
        else {
          const all = [sequential.value, ...Array(terms).fill(0)];
          const size = Array.from(sequential.arrays.o).reduce((sum, x) => sum + Math.abs(x), 2);
          const error = Math.abs(parallel.value! - sequential.value);
          const bound = operator === "*" ? Math.abs(sequential.value) : size;
          assert(error <= all.length * Number.EPSILON * bound, `${source}: ${error}`);
        }
      }
    }
  }
});

/** Runs a body for two indices, and with its `for` in lanes. */
function runBoth(source: string, context: Context) {
  const parsed = parseBody(source, kindsOf(context));
  assert(!("obstacle" in parsed), source);
  const { program } = parsed;
  const kernel = compileFor(program, context, 2, "+", 1);
  assert(kernel !== undefined && !(kernel instanceof LaneObstacle), source);
  const arrays = { ...context.arrays, o: context.arrays.o.slice() };
  const values = [0, 1].map((index) => evaluate(program, index, { numbers: {}, arrays })!);
  const sequential = { arrays, value: values[0] + values[1] };
  return { sequential, parallel: runKernel(kernel, program, context, 2, "+") };
}

test("compileKernel() combines the values of turns", () => {
  for (const length of [0, 1, 2, 7, 8, 9, 16, 17, 100]) {
    const context = { numbers: {}, arrays: { a: ramp(100) } };
    const source = "(i, { a }) => a[i] * 0.1";
    assertEquals(compare(source, context, length).values, 4);
  }
});

test("compileKernel() combines what each branch of a body returns", () => {
  const context = { numbers: {}, arrays: { a: ramp(20) } };
  const source = "(i, { a }) => { if (a[i] > 2) { return a[i]; } else { return -1; } }";
  assertEquals(compare(source, context, 20).values, 4);
  for (const text of ["if (a[i] > 2) return 1;", "if (a[i] > 2) return; return 1;", "a[i] = 1;"]) {
    assertEquals(compare(`(i, { a }) => { ${text} }`, context, 20).values, 0, text);
  }
});

test("isCombined() tells a sum from one that lacks a value", () => {
  assert(isCombined(0.6, [0.1, 0.2, 0.3], "+"));
  assert(!isCombined(0.5, [0.1, 0.2, 0.3], "+"));
  assert(isCombined(NaN, [1, NaN], "+") && !isCombined(1, [1, NaN], "+"));
  assert(isCombined(6, [1, 2, 3], "*") && !isCombined(2, [1, 2, 3], "*"));
  assert(isCombined(-0, [1, -0], "min") && !isCombined(0, [1, -0], "min"));
});
