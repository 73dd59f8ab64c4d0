import { assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("hello greets bob, or the name that it is given", async () => {
  assertEquals(await runExample("hello"), { code: 0, lines: ["hello bob"], errors: [] });
  assertEquals((await runExample("hello", "--to", "eve")).lines, ["hello eve"]);
});

Deno.test("pool_map prints the results of map, starmap and applyAsync", async () => {
  const { code, lines, errors } = await runExample("pool_map", "--workers", "2");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    "1 2 5 10 17 26 37 50",
    "0 2 4 6 8 10 12 14",
    "0.0000 1.0000 1.4142 1.7321 2.0000 2.2361 2.4495 2.6458 2.8284 3.0000",
  ]);
});

Deno.test("futures prints a line for every number, and for the call that fails", async () => {
  const { code, lines, errors } = await runExample("futures", "--workers", "2");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines.toSorted(), [
    "1099726899285419 is not prime",
    "112272535095293 is prime",
    "112582705942171 is prime",
    "115280095190773 is prime",
    "7 is prime",
    "NaN is not an integer",
  ]);
});

for (const name of ["queue", "pipe"]) {
  Deno.test(`${name} transfers the list`, async () => {
    const expected = { code: 0, lines: ['[ 42, null, "hello" ]'], errors: [] };
    assertEquals(await runExample(name), expected);
  });
}

Deno.test("wait_for_several prints all messages of four processes, those of each in order", async () => {
  const { code, lines, errors } = await runExample("wait_for_several");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines.length, 12);
  for (let id = 1; id <= 4; id++) {
    const expected = [1, 2, 3].map((at) => `process ${id}: ${at} of 3`);
    assertEquals(lines.filter((line) => line.startsWith(`process ${id}:`)), expected);
  }
});

Deno.test("lock keeps lines whole, and prints every letter without a lock too", async () => {
  const { code, lines, errors } = await runExample("lock");
  assertEquals([code, errors], [0, []]);
  const middle = lines.indexOf("without:");
  const expected = Array.from({ length: 10 }, (_, id) => `process ${id}`);
  assertEquals(lines.slice(0, 1), ["with a lock:"]);
  assertEquals(lines.slice(1, middle).sort(), expected);
  const letters = (text: string) => [...text].sort().join("");
  assertEquals(letters(lines.slice(middle + 1).join("")), letters(expected.join("")));
});

Deno.test("shared_values prints the numbers that a process stored", async () => {
  const { code, lines, errors } = await runExample("shared_values");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, ["3.1415927", "[0, -1, -2, -3, -4, -5, -6, -7, -8, -9]"]);
});

Deno.test("manager counts all words with any number of workers", async () => {
  for (const workers of ["1", "4"]) {
    const { code, lines, errors } = await runExample("manager", "--workers", workers);
    assertEquals([code, errors], [0, []]);
    assertEquals(lines, [
      "read 4 lines, the longest of 9 words",
      "dog 4, fox 2, lazy 2, quick 2, the 5",
      "d: dog",
      "l: lazy",
    ]);
  }
});
