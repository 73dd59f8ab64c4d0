import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { copyOneByOne, copyUnits } from "../../lib/codec/string_units.ts";

/** Returns what the units of the texts are, as bytes. */
function bytesOf(texts: readonly string[], width: 1 | 2): Uint8Array {
  const units = [...texts.join("")].flatMap((point) => point.split(""));
  const numbers = units.map((unit) => unit.charCodeAt(0));
  return width === 1 ? Uint8Array.from(numbers) : new Uint8Array(Uint16Array.from(numbers).buffer);
}

/** Compares both ways of copying with what they should copy, and checks that nothing else was written. */
function compare(texts: readonly string[], width: 1 | 2, start: number, offset = 0): void {
  const expected = bytesOf(texts, width);
  for (const copy of [copyUnits, copyOneByOne]) {
    const buffer = new SharedArrayBuffer(offset + start + expected.length + 16);
    const target = new Uint8Array(buffer, offset).fill(7);
    copy(texts, width, target, start);
    const end = start + expected.length;
    assertEquals(target.slice(start, end), expected);
    const around = [...target.subarray(0, start), ...target.subarray(end)];
    assertEquals(around, around.map(() => 7));
  }
}

Deno.test("units of texts of all lengths are copied to any place, and nothing else", () => {
  for (let length = 0; length < 40; length++) {
    const text = String.fromCharCode(...Array.from({ length }, (_, at) => 256 * at + 200 - at));
    const narrow = text.replaceAll(/[^\0-\xff]/g, "é");
    for (let start = 0; start < 9; start++) {
      compare([text, "", narrow, text], 2, start);
      compare([narrow, "x", narrow], 1, start, start);
    }
  }
});

Deno.test("units of texts that are longer than what is copied at once are copied", () => {
  for (const length of [32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 200_001]) {
    const text = "1語\ud800é".repeat(Math.ceil(length / 4)).slice(0, length);
    compare([text], 2, 3);
    compare(["ab", text, text.slice(0, 70_000), "c"], 2, 0);
    compare(["a".repeat(length), "é".repeat(length)], 1, 5);
  }
});

Deno.test("units of any texts, ropes and slices among them, are copied", () => {
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 50 }), { maxLength: 60 });
  fc.assert(fc.property(texts, fc.nat(9), (texts, start) => {
    const rope = texts.reduce((all, text) => `${all}${text}`, "");
    compare([...texts, rope, rope.slice(1, -1)], 2, start);
  }));
});
