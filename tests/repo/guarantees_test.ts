import { assert } from "@std/assert";
import { assertTestsExist, entriesOf } from "../fixtures/named_tests.ts";

Deno.test("docs/guarantees.md promises only what a test shows", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/guarantees.md", import.meta.url));
  const [promises] = text.split("## All of it together");
  const rows = promises.split("\n").filter((line) => /^\| (?!-|promise )/.test(line));
  assert(rows.length > 20);
  const tests = rows.flatMap((row) => {
    const [promise, shownBy] = row.split("|").slice(1, -1).map((cell) => cell.trim());
    const { tests, rest } = entriesOf(shownBy);
    assert(tests.length > 0 && rest === "", promise);
    return tests.map((test) => ({ ...test, where: promise }));
  });
  await assertTestsExist(tests);
});
