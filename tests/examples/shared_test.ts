import { assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("copied_array shows the change of a shared array, and none of a copied one", async () => {
  const { code, lines, errors } = await runExample("copied_array", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    "copied: starting with 0 0 0 0",
    "copied: I think my worker just added one: 0 0 0 0",
    "shared: starting with 0 0 0 0",
    "shared: I think my worker just added one: 1 1 1 1",
  ]);
});

Deno.test("large_array adds up the same numbers, copied or shared", async () => {
  for (const workers of ["1", "3"]) {
    const { code, lines, errors } = await runExample(
      "large_array",
      "--quick",
      "--workers",
      workers,
    );
    assertEquals([code, errors, lines.length], [0, [], 2]);
    for (const [at, how] of ["copied", "shared"].entries()) {
      const sum = 80_000 * 79_999 / 2;
      assertMatch(lines[at], new RegExp(`^${how}: the sum is ${sum}, after [0-9.]+ seconds$`));
    }
  }
});

Deno.test({
  name: "process_array adds up the same numbers, copied or shared by processes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, lines, errors } = await runExample("process_array", "--quick");
    assertEquals([code, errors, lines.length], [0, [], 3]);
    for (const [at, how] of ["copied", "shared", "again"].entries()) {
      const sum = 80_000 * 79_999 / 2;
      assertMatch(lines[at], new RegExp(`^${how}: the sum is ${sum}, after [0-9.]+ seconds$`));
    }
  },
});
