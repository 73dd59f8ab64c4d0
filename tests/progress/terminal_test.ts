/**
 * Bars on the stderr of this program, as if that were a terminal.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { stub } from "@std/testing/mock";
import { progress, progressBar } from "@sauropod/multiprocessing/progress";
import { test } from "../fixtures/guarded.ts";

test("a bar is as wide as the terminal, and 80 characters if nobody knows its width", () => {
  assertEquals(process.stderr.fd, 2); // it is made here: below it would be one of a terminal, with a listener
  const decoder = new TextDecoder();
  let written = "";
  using _isTerminal = stub(Deno.stderr, "isTerminal", () => true);
  using _write = stub(Deno.stderr, "writeSync", (bytes) => {
    written += decoder.decode(bytes.subarray(0, 10)); // a part at a time
    return Math.min(bytes.length, 10);
  });
  let width = (): number => 40;
  using _size = stub(Deno, "consoleSize", () => ({ columns: width(), rows: 5 }));
  const widths: [() => number, number][] = [[() => 40, 40], [() => 0, 80], [() => {
    throw new Error("not a terminal");
  }, 80]];
  for (const [columns, expected] of widths) {
    width = columns;
    written = "";
    const bar = progressBar({ label: "x".repeat(200) });
    bar.add();
    bar.end();
    assertEquals(Math.max(...written.matchAll(/x+/g).map(([text]) => text.length)), expected);
  }
  written = "";
  assertEquals([...progress([1, 2], { label: "two" })], [1, 2]);
  assertEquals(/two: 100 % .* 2 of 2 items/.test(written), true);
});

test("a bar whose output nobody reads any more does not end the work", () => {
  using _write = stub(Deno.stderr, "writeSync", () => {
    throw new Deno.errors.BrokenPipe();
  });
  assertEquals([...progress([1, 2])], [1, 2]);
});
