import { assertEquals } from "@std/assert";
import { type OtherStep, pathOf, type Step } from "../../lib/codec/path.ts";

Deno.test("a path is the name and the steps, of which the innermost comes first", () => {
  const steps: Step[] = ["c", 0, "b"];
  assertEquals(pathOf("value", steps, false), "value.b[0].c");
  assertEquals(pathOf("value", [], false), "value");
  assertEquals(pathOf("", steps, false), "b[0].c");
  assertEquals(pathOf("", [0, "b c"], false), '["b c"][0]');
});

Deno.test("keys that are no names are in brackets", () => {
  const names = ["a", "$", "_x1"];
  assertEquals(names.map((name) => pathOf("v", [name], false)), names.map((name) => `v.${name}`));
  const others = ["", "1a", "a-b", "é", 'a"'];
  const shown = others.map((name) => `v[${JSON.stringify(name)}]`);
  assertEquals(others.map((name) => pathOf("v", [name], false)), shown);
});

Deno.test("of a long path the outermost steps are shown", () => {
  const steps: Step[] = ["e", "d", "c", "b"];
  assertEquals(pathOf("a", steps, true), "a.b.c.d…");
  assertEquals(pathOf("a", steps.slice(1), true), "a.b.c.d");
  assertEquals(pathOf("a", steps, false), "a.b.c.d.e");
});

Deno.test("steps into maps and sets show the keys and members", () => {
  const nameless = Object.defineProperty(() => {}, "name", { value: "given" });
  const bare = () => {};
  Reflect.deleteProperty(bare, "name");
  const cases: [OtherStep["kind"], unknown, string][] = [
    ["value of", "k", '.get("k")'],
    ["value of", 5, ".get(5)"],
    ["key", "k", '.keys(): "k"'],
    ["member", null, ".values(): null"],
    ["member", undefined, ".values(): undefined"],
    ["member", Symbol("s"), ".values(): Symbol(s)"],
    ["member", [1], ".values(): {Array}"],
    ["member", new Map(), ".values(): {Map}"],
    ["member", Object.create(null), ".values(): {}"],
    ["member", nameless, ".values(): given"],
    ["member", bare, ".values(): a function"],
  ];
  for (const [kind, key, shown] of cases) {
    assertEquals(pathOf("map", [{ kind, key }], false), `map${shown}`);
  }
});
