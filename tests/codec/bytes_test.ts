import { assertEquals } from "@std/assert";
import { Lock } from "@sauropod/multiprocessing";
import { bytesIn, describeMessage } from "../../lib/codec/bytes.ts";
import { discardMessage, messageStart, storeValue, totalBytesOf } from "../../lib/codec/message.ts";
import { dataView } from "../../lib/heap/views.ts";
import { test } from "../fixtures/guarded.ts";

/** Calls a function with where the message of a value lies, and how long it is. */
function withMessage<T>(value: unknown, use: (start: number, totalBytes: number) => T): T {
  const message = storeValue(value, "value");
  try {
    return use(messageStart(message), totalBytesOf(message));
  } finally {
    discardMessage(message);
  }
}

test("the bytes of a message that is one Uint8Array are read in place", () => {
  for (const length of [0, 1, 2, 8, 9, 1000, 100_000]) {
    const bytes = new Uint8Array(length).map((_, at) => at + 1);
    const [copy, isInHeap] = withMessage(bytes, (start, totalBytes) => {
      const found = bytesIn(start, totalBytes)!;
      return [found.slice(), found.buffer === dataView.buffer];
    });
    assertEquals([copy, isInHeap], [bytes, true]);
  }
});

test("other messages are no bytes", () => {
  const others = [
    ...[
      [1, 2],
      "text",
      new Int8Array(3),
      new Uint8ClampedArray(3),
      new DataView(new ArrayBuffer(8)),
    ],
    ...[new ArrayBuffer(3), [new Uint8Array(3)], { bytes: new Uint8Array(3) }, undefined, 5],
  ];
  for (const value of others) assertEquals(withMessage(value, bytesIn), undefined);
  const views = [new Uint8Array(3), 5];
  assertEquals(withMessage(views, bytesIn), undefined);
});

test("bytes that are longer than their message are damaged", () => {
  withMessage(new Uint8Array(20), (start, totalBytes) => {
    const bytesWith = (length: number) => {
      dataView.setUint32(start + 2, length, true);
      return bytesIn(start, totalBytes)?.length;
    };
    const most = totalBytes - 8; // behind tag, kind and length
    assertEquals([19, most, most + 1, 2 ** 32 - 1].map(bytesWith), [
      19,
      most,
      undefined,
      undefined,
    ]);
    bytesWith(20);
  });
});

test("describeMessage() says what a message is that is no bytes", () => {
  const buffer = new ArrayBuffer(8);
  const cases: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [true, "a boolean"],
    [false, "a boolean"],
    [5, "a number"],
    [1000, "a number"],
    [0.5, "a number"],
    ["short", "a string"],
    ["語", "a string"],
    ["x".repeat(500), "a string"],
    [10n, "a bigint"],
    [["a", 1], "an array"],
    [[1, 2, 3], "an array"],
    [[0.5, 1.5, 2.5, 3.5], "an array"],
    [Array(20).fill("text"), "an array"],
    [new ArrayBuffer(3), "an ArrayBuffer"],
    [Math.max, "a function"],
    [new Int16Array(3), "a Int16Array"],
    [new Uint8Array(3), "a Uint8Array"],
    [new DataView(buffer, 2, 4), "a DataView on a whole buffer"],
    [{}, "an object"],
    [new Map(), "an object"],
    [new Lock(), "an object"],
  ];
  assertEquals(
    cases.map(([value]) => withMessage(value, describeMessage)),
    cases.map((it) => it[1]),
  );
  const resizable = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }));
  assertEquals(withMessage(resizable, describeMessage), "a Uint8Array on a whole buffer");
});
