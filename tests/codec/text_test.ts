import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  asciiText,
  kindOf,
  latin1Text,
  utf16Text,
  utf8Text,
  writeTexts,
} from "../../lib/codec/text.ts";
import { Lock, Queue } from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { borrowEncoder, encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { Tag, TextKind } from "../../lib/codec/tags.ts";
import { bytesOf, sent } from "../fixtures/messages.ts";

const bytes = new Uint8Array(new SharedArrayBuffer(1000));
const written = new Uint8Array(2000);

const readers = { [TextKind.ASCII]: asciiText, [TextKind.LATIN1]: latin1Text };

/** Writes the units of a text, and reads them. Returns how they were written. */
function writeAndRead(text: string, bytes: Uint8Array, start: number): number {
  const kind = kindOf(text);
  writeTexts([text, text], kind, bytes, start);
  const read = readers[kind as keyof typeof readers] ?? utf16Text;
  const byteLength = text.length * (kind === TextKind.UTF16 ? 2 : 1);
  for (const at of [start, start + byteLength]) assertEquals(read(bytes, at, text.length), text);
  return kind;
}

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
    assertEquals(writeAndRead(text, written, 3), TextKind.ASCII);
    const isWide = units.some((unit) => unit > 0);
    const wide = String.fromCharCode(...units.map((unit, at) => unit * 256 + at % 7));
    assertEquals(writeAndRead(wide, written, 8), isWide ? TextKind.UTF16 : TextKind.ASCII);
    const isAscii = units.every((unit) => unit < 128);
    const narrow = String.fromCharCode(...units);
    assertEquals(writeAndRead(narrow, written, 6), isAscii ? TextKind.ASCII : TextKind.LATIN1);
  }
}

Deno.test("texts of any length are read as they were written, before and after there were many", () => {
  compare();
  const long = "x".repeat(200);
  const many = Array.from({ length: 20_000 }, (_, at) => `${long}${at}`);
  assertEquals(sent(many), many); // loads `node:buffer`
  const wide = "語é\ud800".repeat(1_000_000);
  for (let times = 0; times < 12; times++) assertEquals(sent(wide), wide); // loads `node:v8`
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

/** Strings of every kind: short and long, of one byte and two, with lone surrogates. */
const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.nat(0xff).map((unit) => String.fromCharCode(unit)), maxLength: 300 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 300 }),
  fc.nat(40_000).map((length) => "x".repeat(length)),
  fc.nat(20_000).map((length) => "語".repeat(length)),
);

Deno.test("strings of every kind, many and few, anywhere in a value, arrive as they were", () => {
  fc.assert(
    fc.property(fc.array(strings, { maxLength: 40 }), (all) => {
      const value = {
        all,
        again: all,
        entries: Object.fromEntries(all.map((text, at) => [`${text}${at}`, { text, at }])),
        map: new Map(all.map((text) => [text, new Set([text, 1])])),
        boxed: new String(all[0] ?? ""),
        big: 2n ** 2000n,
        reason: new Error(all[1], { cause: all[2] }),
      };
      const got = sent(value);
      assertEquals(got, value);
      assertEquals(got.all === got.again, true);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a long text is read in pieces, so that a string that is kept does not keep all of it", () => {
  const many = Array.from({ length: 10_000 }, (_, at) => `line ${at}, `.repeat(10));
  const pieces = (value: unknown) => {
    const encoder = encode(value);
    const [tag, ...bytes] = encoder.bytes.subarray(0, encoder.position);
    returnEncoder(encoder);
    if (tag === Tag.STRINGS) return new Int32Array(Uint8Array.from(bytes.slice(0, 8)).buffer)[1];
    return bytes.filter((byte) => byte === Tag.TEXT_PIECE).length;
  };
  for (const value of [many, many.map((text) => [text])]) {
    assertEquals(pieces(value) > 100, true);
    assertEquals(sent(value), value);
  }
});

Deno.test("strings that were written before a value that cannot cross, or again, leave no trace", () => {
  const texts = Array.from({ length: 50 }, (_, at) => `text number ${at} of many`);
  const encoder = borrowEncoder();
  encoder.value(texts, "texts");
  encoder.finish();
  const bytes = bytesOf(encoder);
  encoder.reset();
  let failed = false;
  try {
    encoder.value([texts, Symbol()], "texts");
  } catch {
    failed = true;
  }
  encoder.reset();
  encoder.value(texts, "texts");
  encoder.finish();
  assertEquals([failed, bytesOf(encoder)], [true, bytes]);
  returnEncoder(encoder);
  const buffer = new ArrayBuffer(8);
  const views = {
    texts,
    views: [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4)],
    again: texts[3],
  };
  assertEquals(sent(views), views); // is written twice, because the views share a buffer
  const error = Object.assign(new Error("not all of it crosses"), {
    texts,
    fn: () => {},
    more: [...texts],
  });
  const { message, more } = sent(error);
  assertEquals([message, more], [error.message, texts]);
});

Deno.test("what is not ASCII is found anywhere in lines of any length", () => {
  for (const length of [64, 100, 256, 4096, 16_384]) {
    const text = "1".padEnd(length, "é").repeat(Math.ceil(1_000_000 / length));
    assertEquals(kindOf(text), TextKind.LATIN1);
    for (const at of [0, length - 1, length, 2 * length + 1]) {
      const plain = "x".repeat(3 * length);
      assertEquals(kindOf(plain), TextKind.ASCII);
      const one = `${plain.slice(0, at)}é${plain.slice(at + 1)}`;
      assertEquals(kindOf(one), TextKind.LATIN1);
    }
  }
});

Deno.test("only text whose units are below 256 is taken for Latin-1, and below 128 for ASCII", () => {
  const far = "x".repeat(5000);
  const { ASCII, LATIN1, UTF16 } = TextKind;
  const kinds = (...texts: string[]) => texts.map((text) => kindOf(text));
  assertEquals(kinds(`${far}ÿ`, `${far}Ā`), [LATIN1, UTF16]);
  const [narrow] = `${far}ÿĀ`.split("Ā"); // stored by two bytes a unit
  assertEquals(kinds(narrow), [LATIN1]);
  assertEquals(kinds(`${far}~${far}`, `${far}\x80${far}`), [ASCII, LATIN1]);
});

Deno.test("arrays of strings of any lengths arrive, alone, behind each other and behind other text", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 60 }),
      fc.array(fc.string({ maxLength: 9000, size: "max" }), { minLength: 16, maxLength: 20 }),
      (short, long) => {
        const value = [short, "x".repeat(300), long, short, { long, text: long[0] }, [...short, 5]];
        assertEquals(sent(value), value);
        assertEquals(sent(short), short);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("an array of strings is read once, element by element", () => {
  let reads = 0;
  const odd = new Proxy(Array(20).fill("text"), {
    get: (target, key) => /^\d+$/.test(String(key)) && reads++ > 25 ? 5 : Reflect.get(target, key),
  });
  assertEquals(sent([odd]), [Array(20).fill("text")]);
  const match = /(.)(.)/.exec("ab")!;
  assertEquals(sent([match, Array(20).fill("")]), [match, Array(20).fill("")]);
  const mixed = [...Array(20).fill("text"), 5, , "text"];
  assertEquals(sent([mixed, mixed]), [mixed, mixed]);
});

Deno.test("messages with arrays of strings are discarded whole, also of empty strings", () => {
  const lock = new Lock();
  const references = () => i32[addressOf(lock)! + objectWord.REFERENCES];
  for (const text of ["", "text", "x".repeat(5000)]) {
    const queue = new Queue<unknown>();
    for (let times = 0; times < 2; times++) queue.putSync([Array(20).fill(text), lock, text]);
    assertEquals(references(), 3);
    const [texts] = queue.getSync() as string[][];
    assertEquals(texts, Array(20).fill(text));
    queue.shutdown({ immediate: true });
    assertEquals(references(), 1);
  }
});
