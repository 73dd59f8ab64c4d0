import { assertEquals } from "@std/assert";
import { bugsIn } from "../../scripts/plant/bugs.ts";

const source = `export async function f(x: number): Promise<boolean> {
  if (x < 1) return true;
  try {
    await wait(x + 1);
    note(x);
  } finally {
    release();
  }
  return false;
}
`;

Deno.test("bugsIn() drops no await that makes no difference", () => {
  const inTry = "async () => { try { return await x; } catch {} }";
  const found = (source: string) => bugsIn(source).filter(({ what }) => what.includes("await"));
  assertEquals(found("async () => { return await x; }"), []);
  assertEquals(found("async () => { return await x as unknown as Y; }"), []);
  assertEquals(found("async () => await x"), []);
  assertEquals(found("async () => y ? (await x) as Y : await z"), []);
  assertEquals(found("async () => await y ? 1 : 2").length, 1);
  assertEquals(found("async () => (await x).y").length, 1);
  assertEquals(found(inTry).length, 1);
});

Deno.test("bugsIn() subtracts no constant that is 0", () => {
  const found = bugsIn("const ZERO = 0, ONE = 1; const a = x + ZERO, b = x + ONE, c = ZERO + x;");
  assertEquals(found.map(({ what }) => what), ["- in x + ONE", "- in ZERO + x"]);
});

Deno.test("bugsIn() changes one expression or statement each, and no type", () => {
  const planted = bugsIn(source).map(({ from, to, text }) => {
    const all = source.slice(0, from) + text + source.slice(to);
    const lines = source.split("\n");
    return all.split("\n").filter((line, at) => line !== lines[at])[0].trim();
  });
  assertEquals(planted, [
    "if (false) return true;",
    "if (x <= 1) return true;",
    "if (x < 1) return false;",
    "} finally {}",
    "wait(x + 1);",
    "await wait(x - 1);",
    ";",
    ";",
    "return true;",
  ]);
});
