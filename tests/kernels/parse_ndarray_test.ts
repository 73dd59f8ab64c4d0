import { assertEquals } from "@std/assert";
import { type MemberKind, parseBody } from "../../lib/kernels/parse_body.ts";
import { test } from "../fixtures/guarded.ts";
import { printStatements } from "./print_program.ts";

const KINDS: Record<string, MemberKind> = { image: { axes: 2 }, row: { axes: 1 }, n: "number" };

/** Returns the program of a body in the notation of the tests, or what stands in the way. */
function parsed(block: string): string {
  const result = parseBody(`(i, { image, row, n }) => { ${block} }`, KINDS);
  return "obstacle" in result ? result.obstacle.reason : printStatements(result.program.statements);
}

test("parseBody() knows the elements of ndarrays", () => {
  const at = "($image.offset + ($image.stride.0 * i)) + ($image.stride.1 * $n)";
  assertEquals(parsed("return image.get(i, n);"), `return image.data[${at}]`);
  assertEquals(parsed("image.set(i, n, 2 * i);"), `image.data[${at}] = 2 * i`);
  assertEquals(
    parsed("const same = row; same.set(i, row.get(i + 1));"),
    "row.data[$row.offset + ($row.stride.0 * i)] = " +
      "row.data[$row.offset + ($row.stride.0 * (i + 1))]",
  );
});

test("parseBody() knows the parts of ndarrays", () => {
  assertEquals(parsed("return image.shape[1] * n;"), "return $image.shape.1 * $n");
  assertEquals(
    parsed("row.data[row.offset + i] = image.size;"),
    "row.data[$row.offset + i] = $image.size",
  );
  assertEquals(
    parsed("for (let k = 0; k < image.shape[0]; k++) row.set(k, i);"),
    "for k in 0..$image.shape.0 { row.data[$row.offset + ($row.stride.0 * k)] = i }",
  );
});

test("parseBody() returns what a set() that is the whole body returns", () => {
  const result = parseBody("(i, { row }) => row.set(i, i / 2)", KINDS);
  const text = "obstacle" in result ? "" : printStatements(result.program.statements);
  assertEquals(
    text,
    "value = i / 2; row.data[$row.offset + ($row.stride.0 * i)] = value; return value",
  );
});

test("parseBody() says what it does not know of ndarrays", () => {
  const table: [block: string, reason: string][] = [
    ["return image.get(i);", "calls `image.get` with 1 arguments, not 2"],
    ["row.set(i);", "calls `row.set` with 1 arguments, not 2"],
    ["return image[i];", "uses an element of `image`, which is not an array: use its get() and"],
    ["return image.shape[2];", "uses `shape` with an index that is not the number of an axis"],
    ["return image.shape[i];", "uses `shape` with an index that is not the number of an axis"],
    ["return image.shape[0.5];", "uses `shape` with an index that is not the number of an axis"],
    ["return image.shape[-1];", "uses `shape` with an index that is not the number of an axis"],
    ["return image.shape['0'];", "uses `shape` with an index that is not the number of an axis"],
    ["return row.stride[1];", "uses `stride` with an index that is not the number of an axis"],
    ["return n.shape[0];", "uses `n.shape`, which is not a number or a typed array"],
    ["return image.data.shape[0];", "uses `image.data.shape`, which is not a number or a typed"],
    ["return image['shape'][0];", "uses `image[…]`, which is not a number or a typed array"],
    ["return other.shape[0];", "uses `other`, which is outside of the body"],
    ["return image.other[0];", "uses `image.other`, which is not a number or a typed array"],
    ["return f().shape[0];", "uses `(…).shape`, which is not a number or a typed array"],
    ["return n.get(i);", "calls `n.get`"],
    ["n.set(i, 1);", "calls `n.set`"],
    ["return other.get(i);", "calls `other.get`"],
    ["return f().get(i);", "calls `(…).get`"],
    ["return row['get'](i);", "calls `row[…]`"],
    ["return row[0].get(i);", "calls `row[…].get`"],
    ["return image.pick(i);", "calls `image.pick`"],
    ["return image;", "uses the array `image` as a value"],
    ["return image.dtype;", "uses `image.dtype`, which is not a number or a typed array"],
  ];
  for (const [block, reason] of table) {
    assertEquals(parsed(block).slice(0, reason.length), reason, block);
  }
});
