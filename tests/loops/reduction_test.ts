import { assertEquals, assertStrictEquals } from "@std/assert";
import { combine, combineInPairs, identities, type Reduction } from "../../lib/loops/reduction.ts";
import { test } from "../fixtures/guarded.ts";

test("combine() applies an operator to numbers, and to the elements of arrays in place", () => {
  const expected = { "+": 8, "*": 15, min: 3, max: 5 };
  for (const name of ["+", "*", "min", "max"] as const) {
    const numbers: Reduction = { kind: "numbers", name, identity: identities[name] };
    assertEquals(combine(numbers, 3, 5), expected[name], name);
    assertEquals(combine(numbers, identities[name], 5), 5, name);
    const arrays: Reduction = { kind: "arrays", name, identity: new Float64Array(2) };
    const left = Float64Array.of(3, 1);
    assertStrictEquals(combine(arrays, left, Float64Array.of(5, 1)), left);
    assertEquals(left[0], expected[name], name);
  }
  const values: Reduction = {
    kind: "values",
    combine: (left: string, right: string) => left + right,
    identity: "",
  };
  assertEquals(combine(values, "a", "b"), "ab");
});

test("combineInPairs() combines in a tree, each half before the whole", () => {
  const inPairs = (text: string) => combineInPairs([...text], (left, right) => `(${left}${right})`);
  assertEquals(
    ["a", "ab", "abc", "abcd", "abcde"].map(inPairs),
    ["a", "(ab)", "(a(bc))", "((ab)(cd))", "((ab)(c(de)))"],
  );
});
