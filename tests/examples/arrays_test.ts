import { assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("sqrt_slices takes the roots, returned and in place", async () => {
  const roots = Array.from({ length: 10 }, (_, i) => Math.sqrt(11 * i).toFixed(4)).join(" ");
  const { code, lines, errors } = await runExample("sqrt_slices", "--workers", "3");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    "(0, 34) (34, 68) (68, 100)",
    `returned: ${roots}`,
    `in place: ${roots}`,
  ]);
});
