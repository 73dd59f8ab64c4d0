import { assert, assertThrows } from "@std/assert";
import { FuzzError, fuzzKernels } from "../../scripts/fuzz_kernels.ts";
import { stub } from "@std/testing/mock";
import { FunctionCode } from "../../lib/kernels/wasm_module.ts";
import { test } from "../fixtures/guarded.ts";

test("random kernels compute what the same JavaScript computes", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`deno task fuzz:kernels --seed ${seed}`);
  const { kernels, inner, expressions } = fuzzKernels({ seed, maxRuns: 50, timeMs: Infinity });
  assert(kernels > 5 && inner + expressions > 5, `${kernels} ${inner} ${expressions}`);
});

test("fuzzKernels() finds a kernel that computes something else, and writes a smaller one", () => {
  const { op } = FunctionCode.prototype;
  using _wrong = stub(FunctionCode.prototype, "op", function (...names) {
    return op.apply(this, names.map((name) => name === "f64x2.mul" ? "f64x2.add" : name));
  });
  const run = () => fuzzKernels({ seed: 1, maxRuns: 100, timeMs: Infinity });
  const error = assertThrows(run, FuzzError);
  assert(/deno task fuzz:kernels --run \d+$/.test(error.message), error.message);
});
