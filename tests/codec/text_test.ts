import { assertEquals } from "@std/assert";
import { asciiText, latin1Text, utf8Text } from "../../lib/codec/text.ts";
import { sent } from "../fixtures/messages.ts";

const bytes = new Uint8Array(new SharedArrayBuffer(1000));

/** Compares the texts of all short lengths with those that are made unit by unit. */
function compare(): void {
  for (let length = 0; length < 300; length++) {
    const start = length % 7;
    for (let at = 0; at < length; at++) bytes[start + at] = (at * 31 + length) % 256;
    const units = [...bytes.subarray(start, start + length)];
    assertEquals(latin1Text(bytes, start, length), String.fromCharCode(...units));
    for (let at = 0; at < length; at++) bytes[start + at] &= 127;
    const text = String.fromCharCode(...bytes.subarray(start, start + length));
    assertEquals(asciiText(bytes, start, length), text);
    assertEquals(utf8Text(bytes, start, length), text);
  }
}

Deno.test("texts of any length are read as they were written, before and after there were many", () => {
  compare();
  const long = "x".repeat(200);
  const many = Array.from({ length: 20_000 }, (_, at) => `${long}${at}`);
  assertEquals(sent(many), many); // loads `node:buffer`
  compare();
});

Deno.test("texts at any place of the shared heap are read", () => {
  const heap = new Uint8Array(new SharedArrayBuffer(2 ** 32));
  for (const start of [2 ** 31 - 50, 2 ** 31 + 7, 2 ** 32 - 100]) {
    heap.fill(97, start, start + 100);
    for (const read of [latin1Text, asciiText, utf8Text]) {
      assertEquals(read(heap, start, 100), "a".repeat(100));
    }
  }
});
