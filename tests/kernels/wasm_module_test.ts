import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeModule, FunctionCode, ValueType } from "../../lib/kernels/wasm_module.ts";
import { test } from "../fixtures/guarded.ts";

const { I32, F64, V128 } = ValueType;
type Exports = Record<string, (...args: number[]) => number>;

/** Instantiates a module with one function, which is exported as `f`. */
function instantiate(
  code: FunctionCode,
  { memory, globals = [] }: { memory?: WebAssembly.Memory; globals?: ValueType[] } = {},
): Exports {
  const imports = {
    memories: memory === undefined ? 0 : 1,
    functions: [{ name: "hypot", parameters: 2 }],
  };
  const bytes = encodeModule(imports, [{ code, exportedAs: "f" }], globals);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    math: { hypot: Math.hypot },
    memory: { 0: memory! },
  });
  return instance.exports as Exports;
}

test("FunctionCode encodes constants of any size", () => {
  const check = (value: number) => {
    const int = new FunctionCode([], [I32]).i32(value);
    assertEquals(instantiate(int).f(), value | 0);
    const low = new FunctionCode([], [I32]).i64(BigInt(value | 0) * 2n ** 31n + 5n);
    low.i64(31n).op("i64.shr_u", "i32.wrap_i64");
    assertEquals(instantiate(low).f(), value | 0);
  };
  for (const value of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]) {
    check(value);
  }
  fc.assert(fc.property(fc.integer(), check));
  fc.assert(fc.property(fc.double(), (value) => {
    const code = new FunctionCode([], [F64]).f64(value);
    assert(Object.is(instantiate(code).f(), value));
  }));
});

test("FunctionCode counts labels from the innermost block", () => {
  // Adds the numbers below n up, and leaves the loop by a branch out of two blocks.
  const code = new FunctionCode([I32], [I32]);
  const [sum, at] = [code.local(I32), code.local(I32)];
  const exit = code.block();
  const next = code.loop();
  code.get(at).get(0).op("i32.ge_s").if();
  code.branch(exit).end();
  code.get(sum).get(at).op("i32.add").set(sum);
  code.get(at).i32(1).op("i32.add").tee(at).get(0).op("i32.lt_s").branchIf(next);
  code.end().end().get(sum);
  const { f } = instantiate(code);
  assertEquals([f(0), f(1), f(10)], [0, 0, 45]);
});

test("FunctionCode has more than 127 local variables, and globals", () => {
  const code = new FunctionCode([F64], [F64]);
  const locals = Array.from({ length: 300 }, () => code.local(F64));
  for (const local of locals) code.get(0).set(local);
  code.getGlobal(1).get(locals[299]).op("f64.add").setGlobal(1).getGlobal(1);
  const { f } = instantiate(code, { globals: [V128, F64, I32] });
  assertEquals([f(2), f(3)], [2, 5]);
});

test("FunctionCode calls functions that are imported", () => {
  const code = new FunctionCode([F64], [F64]).get(0).f64(4).call(0);
  assertEquals(instantiate(code).f(3), 5);
});

test("FunctionCode takes lanes apart, and puts them together", () => {
  const code = new FunctionCode([F64, F64], [F64]);
  const local = code.local(V128);
  code.get(0).op("f64x2.splat").get(1).lane("f64x2.replace_lane", 1).f64x2(10, 20);
  code.op("f64x2.mul").set(local);
  code.get(local).lane("f64x2.extract_lane", 0).get(local).lane("f64x2.extract_lane", 1);
  code.op("f64.sub");
  assertEquals(instantiate(code).f(3, 7), 30 - 140);
});

test("encodeModule() imports memories of any number of pages", () => {
  for (const pages of [1, 3]) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Float64Array(memory.buffer)[pages * 8192 - 1] = 5;
    const code = new FunctionCode([I32], [F64]).get(0);
    code.load("f64.load", 0);
    assertEquals(instantiate(code, { memory }).f(pages * 65536 - 8), 5);
  }
});
