import { assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("array_expression finds the integral in each way", async () => {
  const { code, lines, errors } = await runExample("array_expression", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines[0], "100 points: 0.6468"); // as the tutorial
  const results = lines.slice(2).map((line) => / (\d\.\d{6}) /.exec(line)?.[1]);
  assertEquals(results, Array(4).fill("0.666647"));
});

Deno.test("array_expression rejects a number of points that is not a number", async () => {
  const { code, errors } = await runExample("array_expression", "--points", "none");
  assertEquals(code, 2);
  assertEquals(errors, [
    'array_expression: --points must be an integer from 1 to 100000000, not "none"',
  ]);
});
