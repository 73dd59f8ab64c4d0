import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("callback continues the main program, and gets each result", async () => {
  const { code, lines, errors } = await runExample("callback", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines[0], "the main program continues");
  const expected = [1, 2, 3, 4, 5].map((x) => `${x} squared is ${x * x}`);
  assertEquals(lines.slice(1).toSorted(), expected);
});

Deno.test("callback prints results in the order in which they are ready", async () => {
  const { lines } = await runExample("callback", "--quick", "--workers", "1");
  assertEquals(lines.slice(1), [5, 4, 3, 2, 1].map((x) => `${x} squared is ${x * x}`));
});

Deno.test("errors shows that no error is lost", async () => {
  const { code, lines, errors } = await runExample("errors", "--quick");
  assertEquals(code, 0);
  const error = "RangeError: 0 has no inverse";
  assertEquals(lines, [
    `map threw ${error}, a RangeError: true`,
    "got 1",
    `got ${error}`,
    "got 0.25",
    `errorCallback got ${error}`,
    "apply threw WorkerDiedError",
    "the pool still works: 0.5",
    `the process ended with exit code 1: ${error}`,
  ]);
  assertEquals(errors[0], `Process Process-1: ${error}`);
  assert(errors.some((line) => line.includes("examples/pools/errors.ts:")), "with a stack");
});

Deno.test("limits shows that a pool is whole after tasks that do not end as they should", async () => {
  const { code, lines, errors } = await runExample("limits", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    "a task that hangs: TimeoutError",
    "a search that was given up: TimeoutError",
    "a worker that ended: exit code 7, at item 2",
    "the same with a retry: 1 4 9",
  ]);
});

Deno.test("async_maps returns at once, and gets the results later", async () => {
  const { code, lines, errors } = await runExample("async_maps", "--quick");
  assertEquals([code, errors], [0, []]);
  const [ready] = lines.splice(3, 1);
  assert(/^ready after 0 ms: (true|false)$/.test(ready)); // either may come first
  assertEquals(lines, [
    "both maps still run: true",
    "the main program does something else",
    "squares: 0 1 4 9 16 25 36 49",
    "powers: 1 2 4 8 16 32 64 128",
  ]);
});

Deno.test("constants gives each call the same table, sent or as a constant", async () => {
  const { code, lines } = await runExample("constants", "--quick");
  assertEquals(code, 0);
  assertEquals(lines.map((line) => line.split(",")[0]), [
    "sent: the texts score 1700",
    "constant: the texts score 1700",
  ]);
});

Deno.test("progress ends each bar with all items, on stderr", async () => {
  const { code, lines, errors } = await runExample("progress", "--quick", "--workers", "2");
  assertEquals(code, 0);
  assertEquals(lines, [
    "the largest root: 9.950",
    "the sum of the results: 661.463",
    "the mean in the loop: 6.615",
  ]);
  const ends = errors.filter((line) => line.includes(", in ")).map((line) => line.split(",")[0]);
  assertEquals(ends, [
    "map: 100 % 100 of 100 roots",
    "imapUnordered: 100 % 100 of 100 items",
    "parallelReduce: 100 % 1000000 of 1000000 indices",
  ]);
});
