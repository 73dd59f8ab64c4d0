/**
 * `python_behaviours.md` is complete, and names tests that exist.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertTestsExist, entriesOf } from "../fixtures/named_tests.ts";

const table = await Deno.readTextFile(new URL("./python_behaviours.md", import.meta.url));
const rows = table.split("\n").filter((line) => /^\| *\d/.test(line)).map((line) => {
  const [number, name, , mark, covers] = line.split("|").slice(1, -1).map((cell) => cell.trim());
  return { number: Number(number), name, mark, covers };
});

Deno.test("python_behaviours.md has the numbers from 1 to 298, each once", () => {
  assertEquals(rows.map(({ number }) => number), Array.from({ length: 298 }, (_, at) => at + 1));
  for (const { number, name, mark } of rows) {
    assertMatch(name, /^`\S.*`$/, `${number}`);
    assertMatch(mark, /^(APPLIES|ADAPT|N-A)$/, `${number}`);
  }
});

Deno.test("python_behaviours.md names tests for each behaviour, or a reason why there are none", () => {
  for (const { number, mark, covers } of rows) {
    const { tests, rest } = entriesOf(covers);
    if (mark === "N-A") assert(tests.length === 0 && rest !== "", `${number}: a reason`);
    else if (tests.length === 0) assertMatch(rest, /^(none|not yet): \S/, `${number}`);
    else assertMatch(rest, /^(but not: \S.*)?$/, `${number}`);
  }
});

Deno.test("python_behaviours.md names tests that exist", async () => {
  const tests = rows.flatMap(({ number, covers }) =>
    entriesOf(covers).tests.map((test) => ({ ...test, where: `${number}` }))
  );
  await assertTestsExist(tests);
});
