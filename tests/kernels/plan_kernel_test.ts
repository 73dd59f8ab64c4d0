import {
  assert,
  assertEquals,
  assertLess,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { compileKernel } from "../../lib/kernels/compile_kernel.ts";
import { kernelLoop } from "../../lib/kernels/kernel.ts";
import { LaneObstacle } from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import {
  type KernelRequest,
  orWithout,
  planKernel,
  type PlannedKernel,
  writtenArrays,
} from "../../lib/kernels/plan_kernel.ts";
import type { Program } from "../../lib/kernels/program.ts";
import { isKernelArray, type KernelArray } from "../../lib/kernels/typed_arrays.ts";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { test } from "../fixtures/guarded.ts";
import { factsOf } from "./compare.ts";

/** A length whose array has a memory of its own. */
const LONG = 10_000;

/** Makes an array in a memory of WebAssembly, of numbers from 0 on. */
function counted(length = LONG): Float64Array<SharedArrayBuffer> {
  const array = sharedArray("float64", length);
  for (let at = 0; at < length; at++) array[at] = at;
  return array;
}

/** Makes a shared array outside of WebAssembly. */
function foreign(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}

function programOf(source: string, arrays: object, numbers: object = {}): Program {
  const kinds = [
    ...Object.keys(arrays).map((name) => [name, "array"] as const),
    ...Object.keys(numbers).map((name) => [name, "number"] as const),
  ];
  const parsed = parseBody(source, Object.fromEntries(kinds));
  assert(!("obstacle" in parsed), source);
  return parsed.program;
}

type Options = Partial<KernelRequest> & Pick<KernelRequest, "arrays">;

function plan(source: string | Program, options: Options) {
  const { arrays, numbers = {} } = options;
  const program = typeof source === "string" ? programOf(source, arrays, numbers) : source;
  const rest = { first: 0, turns: 100, operator: undefined, isElementwise: false };
  return planKernel({ program, ...rest, ...options, numbers });
}

function planned(source: string | Program, options: Options): PlannedKernel {
  const result = plan(source, options);
  assert(!(result instanceof LaneObstacle), (result as LaneObstacle).reason);
  return result;
}

function obstacle(source: string | Program, options: Options): string {
  const result = plan(source, options);
  assert(result instanceof LaneObstacle);
  return result.reason;
}

const DOUBLE = "(i, { a, b }) => { b[i] = 2 * a[i]; }";

test("planKernel() compiles a program once for arrays of the same lengths and types", () => {
  const program = programOf(DOUBLE, { a: counted(), b: counted() });
  const { kernel } = planned(program, { arrays: { a: counted(), b: counted() } });
  const again = planned(program, { arrays: { a: counted(), b: counted() } });
  assertStrictEquals(again.kernel.module, kernel.module);
  // For other lengths, and another program of the same text, the code is the same.
  const longer = planned(program, { arrays: { a: counted(LONG + 1), b: counted() } });
  assertStrictEquals(longer.kernel.module, kernel.module);
  const other = planned(DOUBLE, { arrays: { a: counted(), b: counted() } });
  assertStrictEquals(other.kernel.module, kernel.module);
  const float32 = sharedArray("float32", LONG);
  const narrow = planned(program, { arrays: { a: counted(), b: float32 } });
  assert(narrow.kernel.module !== kernel.module);
});

test("planKernel() finds arrays that overlap", () => {
  const inner = "(i, { a, b }) => { for (let k = 0; k < 50; k++) b[k] = b[k] * 0.5 + a[k]; }";
  const all = counted();
  const float32 = new Float32Array(all.buffer, 0, LONG);
  const table: [KernelArray, KernelArray, boolean][] = [
    [counted(), counted(), false],
    [all.subarray(0, 60), all.subarray(60, 120), false],
    [all.subarray(0, 60), all.subarray(59, 119), true],
    [all, all.subarray(0, LONG - 1), true],
    [float32, all, true],
    [all, all, false],
    [all.subarray(1), all.subarray(1), false],
  ];
  for (const [at, [a, b, overlap]] of table.entries()) {
    const result = plan(inner, { arrays: { a, b }, turns: 1 });
    assertEquals(result instanceof LaneObstacle, overlap, `row ${at}`);
  }
  const shifted = "(i, { a, b }) => { for (let k = 0; k < 50; k++) b[k] = a[k + 1]; }";
  const same = { arrays: { a: all, b: all }, turns: 1 };
  obstacle(shifted, same);
  planned(shifted, { ...same, arrays: { a: counted(), b: all } });
});

test("planKernel() copies arrays outside of WebAssembly if they are small and only read", () => {
  const b = counted();
  planned(DOUBLE, { arrays: { a: foreign(8192), b } });
  assertStringIncludes(
    obstacle(DOUBLE, { arrays: { a: foreign(8193), b } }),
    "`a` is not on memory of WebAssembly",
  );
  assertStringIncludes(
    obstacle(DOUBLE, { arrays: { a: b, b: foreign(10) } }),
    "`b` is not on memory of WebAssembly",
  );
  planned(DOUBLE, { arrays: { a: foreign(8193), b: foreign(8193) }, isElementwise: true });
});

test("planKernel() finds an obstacle in an array whose elements 32 bits do not count", () => {
  const long = { length: 2 ** 31 } as KernelArray; // stands for one of 2 GiB
  const reason = "`a` has more than 2147483647 elements";
  assertEquals(obstacle(DOUBLE, { arrays: { a: long, b: counted() } }), reason);
});

test("planKernel() finds an obstacle in what the engine cannot compile", () => {
  const arrays = Object.fromEntries(
    Array.from({ length: 600 }, (_, at) => [`a${at}`, at === 0 ? counted() : foreign(1)]),
  );
  const sum = Object.keys(arrays).map((name) => `${name}[0]`).join("; t += ");
  const source = `(i, { ${Object.keys(arrays)} }) => { let t = 0.5; t += ${sum}; a0[i] = t; }`;
  assertStringIncludes(obstacle(source, { arrays }), "no kernel could be made of it");
});

test("planKernel() finds an obstacle in a program that is too long", () => {
  const statements = Array.from({ length: 2000 }, (_, at) => `b[i + ${at}] = a[i] * ${at};`);
  const arrays = { a: counted(), b: counted() };
  const source = `(i, { a, b }) => { ${statements.join(" ")} }`;
  assertEquals(obstacle(source, { arrays }), "the body is too long");
});

test("planKernel() finds an obstacle in a program that is nested too deeply", () => {
  const arrays = { a: counted(), b: counted() };
  const program = programOf(DOUBLE, arrays);
  let value = { op: "number", value: 1 } as Program["statements"][0] & { op: "set" } extends
    { value: infer Value } ? Value : never;
  for (let depth = 0; depth < 100_000; depth++) value = { op: "neg", args: [value] };
  const [store] = program.statements;
  const statements = [{ ...store, value }] as Program["statements"];
  assertStringIncludes(
    obstacle({ ...program, statements }, { arrays }),
    "no kernel could be made of it",
  );
});

test("planKernel() makes kernels in proportion to the program, not to the paths through it", () => {
  const arrays = { a: counted(), b: counted() };
  const steps = Array.from(
    { length: 9 },
    (_, at) => `const v${at + 1} = v${at} + v${at} - v${at};`,
  );
  const source = `(i, { a, b }) => {
    for (let k = 0; k < 16; k++) { const v0 = k; ${steps.join(" ")} b[v9] = a[v9] * 2; }
  }`;
  const program = programOf(source, arrays);
  const facts = factsOf({ arrays, numbers: {} }, 100);
  const identities = { a: { same: "a", overlaps: false }, b: { same: "b", overlaps: false } };
  const compiled = compileKernel({
    ...{ program, facts, identities, turns: 100, operator: undefined, memories: [0, 1] },
  });
  assert(!(compiled instanceof LaneObstacle));
  assertLess(compiled.bytes.length, 10_000); // the definitions, written out, have 3 ** 9 operations
});

test("orWithout() makes an obstacle of an error", () => {
  assertEquals(orWithout(() => 5), 5);
  const result = orWithout(() => {
    throw new WebAssembly.CompileError("bad module");
  });
  assertEquals((result as LaneObstacle).reason, "no kernel could be made of it: bad module");
});

test("isKernelArray() tells arrays that have the methods of their class from others", () => {
  class Vector extends Float64Array {}
  const changed = new Float64Array(1);
  Object.setPrototypeOf(changed, null);
  const detached = new Float64Array(1);
  structuredClone(detached, { transfer: [detached.buffer] });
  const growable = new Uint8Array(new SharedArrayBuffer(8, { maxByteLength: 16 }));
  for (const array of [counted(), foreign(1), new Uint8ClampedArray(3), growable]) {
    assert(isKernelArray(array));
  }
  const others = [new Vector(1), changed, detached, new DataView(new ArrayBuffer(8))];
  for (const other of [...others, new BigInt64Array(1), new Float16Array(1), [1], 5, null]) {
    assert(!isKernelArray(other));
  }
});

test("kernelLoop() runs a kernel on views at any offset, of any length", () => {
  for (const type of ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32"] as const) {
    for (let offset = 0; offset < 5; offset++) {
      for (let length = 0; length <= 17; length++) {
        const all = sharedArray(type, 70_000);
        for (let at = 0; at < 100; at++) all[at] = at * 3 - 50;
        const before = all.slice(0, 200);
        const a = all.subarray(offset, offset + length);
        const b = all.subarray(100 + offset, 100 + offset + length);
        const { kernel } = planned(DOUBLE, { arrays: { a, b } });
        kernelLoop(kernel)(0, 100);
        for (let at = 0; at < length; at++) before[100 + offset + at] = 2 * before[offset + at];
        assertEquals(all.slice(0, 200), before, `${type} ${offset} ${length}`);
      }
    }
  }
});

test("kernelLoop() runs a kernel on copies of arrays outside of WebAssembly", () => {
  const a = foreign(50);
  const b = counted();
  const { kernel } = planned(DOUBLE, { arrays: { a, b } });
  const loop = kernelLoop(kernel);
  for (const value of [3, 4]) { // the second chunk sees what has changed
    a.fill(value);
    loop(0, 60);
    assertEquals([b[0], b[49], b[50], b[60]], [2 * value, 2 * value, NaN, 60]);
  }
});

test("kernelLoop() keeps the copies of several arrays apart, whatever their types", () => {
  const length = 21;
  const bytes = new Uint8Array(length).map((_, at) => at + 1);
  const shorts = new Int16Array(length).map((_, at) => -at);
  const doubles = new Float64Array(length).map((_, at) => at * 0.5);
  const o = counted();
  const source = "(i, { bytes, shorts, doubles, o }) => { " +
    "o[i] = bytes[i] + 1000 * shorts[i] + 1e6 * doubles[i]; }";
  const { kernel } = planned(source, { arrays: { bytes, shorts, doubles, o }, turns: length });
  kernelLoop(kernel)(0, length);
  for (let at = 0; at < length; at++) {
    assertEquals(o[at], bytes[at] + 1000 * shorts[at] + 1e6 * doubles[at]);
  }
});

test("kernelLoop() of elements writes back the arrays that the program writes, and no others", () => {
  const length = 10_000;
  const [a, o] = [foreign(length).fill(2), foreign(length)];
  const bytes = new Uint8Array(length).fill(3);
  const source = "(i, { a, bytes, o }) => { o[i] = a[i] * bytes[i]; }";
  const { kernel } = planned(source, {
    arrays: { a, bytes, o },
    turns: length,
    isElementwise: true,
  });
  assertEquals(kernel.isWritten, kernel.arrays.map((array) => array === o));
  kernelLoop(kernel)(0, length);
  assert(o.every((value) => value === 6));
});

test("writtenArrays() finds the arrays that are written through views, too", () => {
  const arrays = { a: counted(), b: counted(), o: counted() };
  const table: [text: string, written: string[]][] = [
    ["o[i] = a[i];", ["o"]],
    ["const v = b.subarray(1), w = v.subarray(2); w[0] = a[i];", ["w", "v", "b"]],
    ["if (i > 2) { while (a[i] > 9) { a[i]--; } } else { b[i] = 1; }", ["a", "b"]],
    ["const v = b.subarray(1); return v[0];", []],
  ];
  for (const [text, written] of table) {
    const program = programOf(`(i, { a, b, o }) => { ${text} }`, arrays);
    assertEquals([...writtenArrays(program)], written, text);
  }
  const view = "(i, { a, b }) => { const v = b.subarray(1); v[i] = 2 * a[i]; }";
  assertStringIncludes(
    obstacle(view, { arrays: { a: counted(), b: foreign(10) } }),
    "`b` is not on memory of WebAssembly",
  );
});

test("planKernel() says whether workers would wake too late for a loop", () => {
  const arrays = { a: counted(), b: counted() };
  for (const [turns, isShort] of [[1000, true], [1_000_000_000, false]] as const) {
    assertEquals(planned(DOUBLE, { arrays, turns }).isShort, isShort);
  }
});

test("kernelLoop() computes remainders and functions of Math as JavaScript does", () => {
  const arrays = { a: counted(), b: counted() };
  const source = "(i, { a, b }) => { b[i] = a[i] * 0.7 % 0.3 + Math.tanh(a[i] / 100); }";
  const { kernel } = planned(source, { arrays });
  kernelLoop(kernel)(0, 100);
  const { a, b } = arrays;
  for (let at = 0; at < 100; at++) assertEquals(b[at], a[at] * 0.7 % 0.3 + Math.tanh(a[at] / 100));
});

test("kernelLoop() of elements copies in and out what a call uses", () => {
  class Vector extends Float32Array<SharedArrayBuffer> {
    override subarray(): Vector {
      throw new Error("called");
    }
  }
  const buffer = new SharedArrayBuffer(4 * 30_001);
  const a = new Vector(buffer, 4, 30_000).fill(1.5);
  const b = foreign(30_000).fill(7);
  const { kernel } = planned(DOUBLE, { arrays: { a, b }, turns: 30_000, isElementwise: true });
  kernelLoop(kernel)(10_001, 9_998);
  const expected = foreign(30_000).fill(7).fill(3, 10_001, 19_999);
  assertEquals(b.findIndex((value, at) => value !== expected[at]), -1);
  assertEquals([...a.slice(0, 2)], [1.5, 1.5]);
});

test("kernelLoop() combines the values of the turns of a call", () => {
  const a = counted();
  const source = "(i, { a, n }) => a[i] * n";
  const numbers = { n: 2 };
  const table = [["+", 2 * (10_000 * 9_999 / 2)], ["min", 0], ["max", 19_998]] as const;
  for (const [operator, expected] of table) {
    const { kernel } = planned(source, { arrays: { a }, numbers, operator, turns: LONG });
    const loop = kernelLoop(kernel);
    assertEquals(loop(0, LONG), expected);
    assertEquals(loop(5, 1), 10); // nothing of the turns before
  }
});
