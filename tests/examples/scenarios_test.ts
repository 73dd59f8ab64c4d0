import { assertEquals } from "@std/assert";
import { readExamples } from "../../scripts/list_examples.ts";

const range = (letter: string, last: number) =>
  Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);

/** Every scenario of the tutorials, document by document, and those of clusters, which are of no tutorial. */
const SCENARIOS = [
  ...range("A", 9),
  ...range("B", 12),
  ...range("C", 9),
  ...range("D", 14),
  ...range("E", 3),
  ...range("F", 2),
];

/** Scenarios without a script. */
const MISSING: string[] = [];

Deno.test("every scenario has an example, and every example a scenario", async () => {
  const shown = new Set((await readExamples()).flatMap(({ ids }) => ids));
  assertEquals(SCENARIOS.filter((id) => !shown.has(id)), MISSING);
  assertEquals([...shown].filter((id) => !SCENARIOS.includes(id)), []);
});
