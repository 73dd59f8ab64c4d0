import { assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("array_expression finds the integral in all ways", async () => {
  const { code, lines, errors } = await runExample("loops/array_expression", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines[0], "100 points: 0.6468"); // as the document
  const results = lines.slice(2).map((line) => / (\d\.\d{6}) /.exec(line)?.[1]);
  assertEquals(results, Array(4).fill("0.666647"));
});

Deno.test("array_expression tells about itself, and refuses what it does not know", async () => {
  const help = await runExample("loops/array_expression", "--help");
  assertEquals([help.code, help.lines[0].startsWith("Integrates")], [0, true]);
  const { code, errors } = await runExample("loops/array_expression", "--points", "none");
  assertEquals(code, 2);
  assertEquals(errors, [
    'array_expression: --points must be a whole number from 1 to 100000000, not "none"',
  ]);
});
