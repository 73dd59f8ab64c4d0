import { assertEquals } from "@std/assert";
import { headerOf, permissionsOf, readExamples } from "../../scripts/list_examples.ts";

Deno.test("headerOf() reads the ids and the first sentence", () => {
  const source =
    "/**\n * A6, A8: Denoises a 3.5 MB image\n * slice by slice. More.\n *\n * @module\n */\n";
  assertEquals(headerOf(source), {
    ids: "A6, A8",
    sentence: "Denoises a 3.5 MB image slice by slice.",
  });
  assertEquals(headerOf("/** D12: One line. */\n"), { ids: "D12", sentence: "One line." });
});

Deno.test("headerOf() returns undefined for a file without such a header", () => {
  assertEquals(headerOf("import 1;\n/** A1: Too late. */"), undefined);
  assertEquals(headerOf("/** No ids. */"), undefined);
});

Deno.test("permissionsOf() reads the flags before the path", () => {
  const help = "deno run --allow-read --allow-net=a:1 examples/a/b.ts [--quick]\ndeno run x.ts\n";
  assertEquals(permissionsOf("examples/a/b.ts", help), ["--allow-read", "--allow-net=a:1"]);
  assertEquals(permissionsOf("x.ts", help), []);
  assertEquals(permissionsOf("b.ts", help), undefined);
});

Deno.test("readExamples() finds each name once", async () => {
  const names = (await readExamples()).map(({ name }) => name);
  assertEquals(names.filter((name, at) => names.indexOf(name) !== at), []);
});
