import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { native } from "../../lib/codec/native_text.ts";
import { copyUnits } from "../../lib/codec/string_units.ts";

/** Returns what the units of the texts are, as bytes. */
function bytesOf(texts: readonly string[], width: 1 | 2): Uint8Array {
  const units = texts.join("").split("").map((unit) => unit.charCodeAt(0));
  return width === 1 ? Uint8Array.from(units) : new Uint8Array(Uint16Array.from(units).buffer);
}

/** Compares what is copied with what should be, and checks that nothing else was written. */
function compare(texts: readonly string[], width: 1 | 2, start: number, offset = 0): void {
  const expected = bytesOf(texts, width);
  const buffer = new SharedArrayBuffer(offset + start + expected.length + 16);
  const target = new Uint8Array(buffer, offset).fill(7);
  copyUnits(texts, width, target, start);
  const end = start + expected.length;
  assertEquals(target.slice(start, end), expected);
  const around = [...target.subarray(0, start), ...target.subarray(end)];
  assertEquals(around, around.map(() => 7));
}

/** Compares texts of all short lengths. */
function compareShort(): void {
  for (let length = 0; length < 40; length++) {
    const text = String.fromCharCode(...Array.from({ length }, (_, at) => 256 * at + 200 - at));
    const narrow = text.replaceAll(/[^\0-\xff]/g, "é");
    for (let start = 0; start < 9; start++) {
      compare([text, "", narrow, text], 2, start * 2);
      compare([narrow, "x", narrow], 1, start, start);
    }
  }
}

/** Compares texts of lengths at which it changes how they are copied. */
function compareLong(lengths: readonly number[]): void {
  for (const length of lengths) {
    const text = "1語\ud800é".repeat(Math.ceil(length / 4)).slice(0, length);
    compare([text], 2, 4);
    compare(["ab", text, text.slice(0, 70_000), "c"], 2, 0);
    compare(["a".repeat(length), "é".repeat(length)], 1, 5);
    compare(["é".repeat(length)], 2, 6); // V8 keeps it as bytes
    compare([`語${"é".repeat(length)}`.slice(1)], 1, 3); // and this one as units of two bytes
  }
}

const STEPS = [1023, 1024, 1025, 32_767, 32_768, 32_769];

Deno.test("units of texts of all lengths are copied to any place, and nothing else", () => {
  compareShort();
  compareLong(STEPS);
  assertEquals(native, undefined, "they were copied one by one");
});

Deno.test("units of texts of all lengths are copied by the serializer", () => {
  compare(["語".repeat(3_000_000)], 2, 0); // it is worth loading the serializer
  assertEquals(native !== undefined, true);
  compareShort();
  compareLong([...STEPS, 65_535, 65_536, 65_537, 200_001]);
});

Deno.test("units of any texts, ropes and slices among them, are copied", () => {
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 50 }), { maxLength: 60 });
  fc.assert(fc.property(texts, fc.nat(9), fc.nat(40), (texts, start, times) => {
    const rope = texts.reduce((all, text) => `${all}${text.repeat(times)}`, "");
    compare([...texts, rope, rope.slice(1, -1)], 2, start * 2);
  }));
});
