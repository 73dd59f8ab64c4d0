import { assert, assertEquals } from "@std/assert";
import {
  compileDistances,
  DISTANCES_BASE64,
  type Row,
} from "../../examples/loops/kernels/distances.ts";
import { compileWat } from "../../scripts/compile_wat.ts";
import { runExample } from "./run_example.ts";

Deno.test("wasm_simd finds the same distances by both loops", async () => {
  for (const columns of ["100", "7", "1"]) {
    const { code, lines, errors } = await runExample(
      ...["wasm_simd", "--quick", "--workers", "2", "--columns", columns] as const,
    );
    assertEquals([code, errors], [0, []]);
    const first = lines.indexOf(`60 x ${columns}, the best of 3 runs:`);
    assert(first >= 0, lines.join("\n"));
    const time = String.raw` +\d+\.\d\d ms on `;
    const form = new RegExp(
      `^(plain body|written by hand) *${time}1${time}2 +\\d+\\.\\d\\d x$`,
    );
    const rows = lines.slice(first + 1, first + 3);
    assertEquals(rows.map((line) => form.test(line)), [true, true], lines.join("\n"));
    assertEquals(lines.at(-1), "largest difference: below 1e-12");
  }
});

Deno.test("wasm_simd rejects a matrix without rows", async () => {
  const { code, errors } = await runExample("wasm_simd", "--rows", "0");
  assertEquals(code, 2);
  assertEquals(errors, ['wasm_simd: --rows must be an integer from 1 to 5000, not "0"']);
});

Deno.test("distances.ts has the compiled distances.wat", async () => {
  const wat = new URL("../../examples/loops/kernels/distances.wat", import.meta.url);
  assertEquals((await compileWat(wat)).toBase64(), DISTANCES_BASE64);
});

Deno.test("the kernel computes distances with any number of columns", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = new WebAssembly.Instance(compileDistances(), { env: { memory } });
  const row = exports.row as unknown as Row;
  for (let columns = 1; columns <= 9; columns++) {
    const X = new Float64Array(memory.buffer, 8, 3 * columns);
    const D = new Float64Array(memory.buffer, 4096, 9);
    X.set(Array.from(X, (_, at) => Math.floor(at / columns) * 2)); // rows of 0, 2 and 4
    for (let i = 0; i < 3; i++) row(i, 3, columns, 8, 4096);
    const one = Math.sqrt(4 * columns);
    const two = Math.sqrt(16 * columns);
    assertEquals([...D], [0, one, two, one, 0, one, two, one, 0]);
  }
});
