import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  CorruptMessageError,
  DataCloneError,
  Event,
  Lock,
  Pipe,
  Queue,
  task,
  tasksOf,
} from "@sauropod/multiprocessing";
import { Decoder, NeedsImport } from "../../lib/codec/decoder.ts";
import { storeDefinition } from "../../lib/codec/definition.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import {
  discardMessage,
  readMessage,
  storeThrown,
  storeValue,
  takeThrown,
  takeValue,
} from "../../lib/codec/message.ts";
import type { DecoderOptions } from "../../lib/codec/message_reader.ts";
import { registerReducer } from "../../lib/codec/reducers.ts";
import { MAX_DEPTH, Tag } from "../../lib/codec/tags.ts";
import { i32 } from "../../lib/heap/views.ts";
import { constantOf } from "../../lib/memory/constant.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  dropRef,
  objectWord,
} from "../../lib/objects/shared_object.ts";
import { Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";
import { bytesOf, sent } from "../fixtures/messages.ts";

/** Returns a decoder on a stream that consists of these bytes, followed by others. */
function decoderOf(
  stream: readonly number[],
  options?: DecoderOptions,
  behind: number = Tag.TRUE,
): Decoder {
  const bytes = new Uint8Array((stream.length + 71) & ~7).fill(behind);
  bytes.set(stream);
  const { buffer } = bytes;
  const decoder = new Decoder(options);
  const views = [new DataView(buffer), new Float64Array(buffer), new Int32Array(buffer)] as const;
  decoder.fromStream(bytes, ...views, stream.length);
  return decoder;
}

test("a value does not begin behind the end of the message, whatever lies there", () => {
  for (const [name, tag] of Object.entries(Tag)) {
    for (const stream of [[], [Tag.ARRAY, 1]]) {
      const decoder = decoderOf(stream, undefined, tag);
      assertThrows(() => decoder.value(), CorruptMessageError, "Cannot read message", name);
    }
  }
});

function read(stream: readonly number[], options?: DecoderOptions): unknown {
  return decoderOf(stream, options).value();
}

/** Returns the stream of a value. */
function streamOf(value: unknown): number[] {
  const encoder = encode(value);
  const stream = [...bytesOf(encoder).subarray(0, encoder.streamBytes)];
  encoder.discard();
  returnEncoder(encoder);
  return stream;
}

const word = (value: number) => [...new Uint8Array(Int32Array.of(value).buffer)];
const float = (value: number) => [...new Uint8Array(Float64Array.of(value).buffer)];
const text = (
  value: string,
) => [Tag.SHORT_STRING, value.length, ...new TextEncoder().encode(value)];
const shape = (...keys: string[]) => [...word(-1 - keys.length), ...keys.flatMap(text)];

/** Returns a stream with one string in one piece of a text, which begins at byte `start`. */
const piece = (length: number, packed: number[], text: number[], start: number) => [
  ...[Tag.TEXT_PIECE, ...word(length), ...packed, ...text, ...word(start)],
];

// Damaged messages

const EARLY = "it ends too early";
const TEXT = "its text ends too early";
const ELSEWHERE = "its text begins elsewhere";
const HUGE = word(-1);
const errorKeys = ["class", "name", "message", "stack", "cause", "hasCause", "hidden", "own"];

for (
  const [what, stream, message] of [
    ["an empty message", [], EARLY],
    ["a number that is cut", [Tag.INT32, 1, 2, 3], EARLY],
    ["a string that is cut", [Tag.SHORT_STRING, 30, 97], EARLY],
    ["a text longer than the message", [Tag.UTF8_STRING, ...HUGE, 97], EARLY],
    ["a piece of text longer than the message", piece(1, HUGE, [97], 9), TEXT],
    ["a piece of text of an unknown kind", piece(1, word(7), [97], 9), TEXT],
    ["a string longer than its piece", piece(2, word(4), [97], 9), TEXT],
    [
      "a string that is not ASCII, in a piece that should be",
      piece(2, word(8), [195, 169], 9),
      TEXT,
    ],
    ["a string without a piece", [Tag.TEXT, ...word(0)], TEXT],
    ["a text that begins before its strings", piece(1, word(4), [97], 3), ELSEWHERE],
    ["a text that begins behind the message", piece(1, word(4), [97], 99), ELSEWHERE],
    ["a text without a beginning", [Tag.TEXT_PIECE, ...word(1), ...word(4)], ELSEWHERE],
    ["an array longer than the message", [Tag.ARRAY, ...word(3), Tag.NULL], EARLY],
    ["numbers longer than the message", [Tag.NUMBERS, ...HUGE, 0, 0, 0], EARLY],
    ["integers longer than the message", [Tag.INTEGERS, ...HUGE, 0, 0, 0], EARLY],
    ["strings longer than the message", [Tag.STRINGS, ...HUGE, ...word(0), 0, 0, 0], EARLY],
    ["more pieces than the message has", [Tag.STRINGS, ...word(1), ...HUGE, 0, 0, 0, 0], EARLY],
    [
      "strings without a text",
      [Tag.STRINGS, ...word(1), ...word(0), ...Array(7).fill(0), ...word(5)],
      TEXT,
    ],
    [
      "a text that begins before the lengths of its strings",
      [Tag.STRINGS, ...word(1), ...word(1), ...word(4), 0, 0, 0, ...word(1), 65, ...word(13)],
      EARLY,
    ],
    ["a Map longer than the message", [Tag.MAP, ...HUGE, Tag.NULL, Tag.NULL], EARLY],
    ["a Set longer than the message", [Tag.SET, ...HUGE, Tag.NULL], EARLY],
    ["an object with more keys than the message", [Tag.OBJECT, ...word(-(2 ** 31))], EARLY],
    ["a buffer longer than the message", [Tag.ARRAY_BUFFER, ...HUGE, ...float(0)], EARLY],
    ["a typed array longer than the message", [Tag.TYPED_ARRAY, 1, ...word(1)], EARLY],
    ["a byte that is no tag", [99], "byte 99 is not a tag"],
    ["a hole outside of an array", [Tag.HOLES, ...word(1)], "byte 12 is not a tag"],
    ["more holes than elements", [Tag.ARRAY, ...word(1), Tag.HOLES, ...word(2)], "too many items"],
    ["a run of no holes", [Tag.ARRAY, ...word(1), Tag.HOLES, ...word(0)], "too many items"],
    ["a key that is no string", [Tag.OBJECT, ...word(-2), Tag.NULL], "tag 1 is not a string"],
    ["unknown keys", [Tag.OBJECT, ...word(0)], "it refers to keys that are not in it"],
    [
      "a reference to nothing",
      [Tag.REFERENCE, ...word(0)],
      "refers to an object that is not in it",
    ],
    [
      "a reference to an object that is not complete",
      [Tag.VIEW, 1, ...float(0), ...float(0), Tag.REFERENCE, ...word(0)],
      "refers to an object that is not in it",
    ],
    ["a bigint of other letters", [Tag.BIGINT, ...text("xyz")], "are not a bigint"],
    ["a bigint that is no text", [Tag.BIGINT, Tag.BIGINT, ...text("1")], "tag 10 is not a string"],
    ["a RegExp that is none", [Tag.REGEXP, ...text("("), ...text("")], "not a RegExp"],
    ["a boxed object", [Tag.BOXED, Tag.BOXED, Tag.TRUE], "tag 22 is in the wrong place"],
    ["a typed array of no class", [Tag.TYPED_ARRAY, 99, ...word(0)], "of no known class"],
    ["a DataView without a buffer", [Tag.TYPED_ARRAY, 12, ...word(0)], "has no buffer"],
    ["a view of a number", [Tag.VIEW, 1, ...float(0), ...float(1), Tag.INT8, 9], "wrong place"],
    [
      "a view of an object",
      [Tag.ARRAY, ...word(1), Tag.VIEW, 1, ...float(0), ...float(0), Tag.REFERENCE, ...word(0)],
      "a view has no buffer",
    ],
    [
      "a view that exceeds its buffer",
      [Tag.VIEW, 1, ...float(0), ...float(9), Tag.ARRAY_BUFFER, ...word(0), ...float(0)],
      "a view exceeds its buffer",
    ],
    [
      "a buffer that cannot grow so far",
      [Tag.ARRAY_BUFFER, ...word(0), ...float(2 ** 60)],
      "a buffer is too large",
    ],
    ["an error without parts", [Tag.ERROR, Tag.OBJECT, ...shape()], "an error lacks parts"],
    ["an error that is no object", [Tag.ERROR, Tag.NULL], "tag 14 is missing"],
    [
      "an error with parts of other types",
      [
        ...[Tag.ERROR, Tag.OBJECT, ...shape(...errorKeys), ...text("Error"), ...text("a")],
        ...[...text("b"), Tag.NULL, Tag.NULL, Tag.NULL, Tag.NULL, Tag.NULL],
      ],
      "an error lacks parts",
    ],
    ["a match that is no array", [Tag.MATCH, Tag.SET, ...word(0)], "tag 11 is missing"],
    ["a function that is none", [Tag.FUNCTION, ...word(128)], "not of a function"],
    ["a function outside of the heap", [Tag.FUNCTION, ...HUGE], "not of a function"],
    ["a shared object that is none", [Tag.SHARED, ...word(128)], "not of a shared object"],
    ["a shared object outside of the heap", [Tag.SHARED, ...HUGE], "not of a shared object"],
    [
      "an instance of a function that is no class",
      [Tag.INSTANCE, ...word(functionAddress(Math.sqrt)), Tag.OBJECT, ...shape()],
      "not of a class",
    ],
    [
      "an object that a class is to make of its parts",
      [Tag.REDUCED, ...word(functionAddress(Point)), Tag.NULL],
      "an object cannot be made of its parts",
    ],
    [
      "an instance that is a function",
      [
        ...[Tag.INSTANCE, ...word(functionAddress(Point)), Tag.FUNCTION],
        ...[...word(functionAddress(Math.sqrt)), Tag.PROPERTIES, ...shape("a"), Tag.NULL],
      ],
      "tag 26 is in the wrong place",
    ],
    [
      "a length of an array as its property",
      [
        ...[Tag.MATCH, Tag.ARRAY, ...word(0), Tag.PROPERTIES],
        ...[...shape("length"), Tag.INT32, ...word(2 ** 25)],
      ],
      "a property is not possible",
    ],
    [
      "an invalid length of an array as its property",
      [
        ...[Tag.MATCH, Tag.ARRAY, ...word(0), Tag.PROPERTIES],
        ...[...shape("length"), Tag.FLOAT64, ...float(0.5)],
      ],
      "a property is not possible",
    ],
  ] as [string, number[], string][]
) {
  test(`${what} is a CorruptMessageError`, () => {
    const before = usedBytes();
    const error = assertThrows(() => read(stream), CorruptMessageError, message);
    assertEquals(error.name, "CorruptMessageError");
    assert(/^Cannot read message: .*, at byte \d+ of \d+\. Check that/.test(error.message));
    assertEquals(usedBytes(), before);
  });
}

test("random bytes give a value or a CorruptMessageError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, trusted) => {
      try {
        read([...bytes], { trusted });
      } catch (error) {
        if (!(error instanceof CorruptMessageError)) throw error;
      }
    }),
    { numRuns: 5000 },
  );
});

test("every message that is cut is a CorruptMessageError", () => {
  const values = [
    ...[[1, "text", { a: 1.5, b: [new Date(0)] }], new Map([[1, new Set([2n])]])],
    ...[new TypeError("x", { cause: [1] }), /a/.exec("a"), new Point(1, 2), Math.sqrt],
  ];
  for (const value of values) {
    const stream = streamOf(value);
    read(stream);
    for (let length = 0; length < stream.length; length++) {
      assertThrows(() => read(stream.slice(0, length)), CorruptMessageError);
    }
  }
});

test("a message whose attachments are cut is a CorruptMessageError", () => {
  const encoder = encode([new Uint8Array(20), new Float64Array(3), new ArrayBuffer(9)]);
  const bytes = bytesOf(encoder);
  const { buffer } = bytes;
  const views = [new DataView(buffer), new Float64Array(buffer), new Int32Array(buffer)] as const;
  const decoder = new Decoder();
  decoder.fromStream(bytes, ...views, encoder.streamBytes, bytes.length);
  assertEquals((decoder.value() as unknown[]).length, 3);
  for (const missing of [8, 16, 24, 40]) {
    decoder.fromStream(bytes, ...views, encoder.streamBytes, bytes.length - missing);
    assertThrows(() => decoder.value(), CorruptMessageError, EARLY);
  }
  returnEncoder(encoder);
});

test("a message whose length is wrong is a CorruptMessageError", () => {
  const bytes = new Uint8Array(8);
  const { buffer } = bytes;
  const views = [new DataView(buffer), new Float64Array(buffer), new Int32Array(buffer)] as const;
  const decoder = new Decoder();
  for (const [stream, total] of [[9, undefined], [-1, undefined], [8, 7], [8, 16], [2 ** 31, 8]]) {
    assertThrows(
      () => decoder.fromStream(bytes, ...views, stream!, total),
      CorruptMessageError,
      "its length is wrong",
    );
    decoder.skip();
  }
});

test("itemsInto() reads as many items as it should, and refuses what is no array", () => {
  for (const value of [[1, 2, 3], [0.5, 1, 2], ["a", 1, 2]]) {
    const items = new Array(4);
    decoderOf(streamOf(value)).itemsInto(items, 1, 3);
    assertEquals(items.slice(1), value);
    for (const length of [0, 2, 4]) {
      const untouched = [0, 0, 0, 0];
      assertThrows(
        () => decoderOf(streamOf(value)).itemsInto(untouched, 0, length),
        CorruptMessageError,
        `it has 3 items, and should have ${length}`,
      );
      assertEquals(untouched, [0, 0, 0, 0]);
    }
  }
  assertThrows(
    () => decoderOf(streamOf({})).itemsInto([1], 0, 1),
    CorruptMessageError,
    "tag 14 is in the wrong place",
  );
});

// Memory

test("announced lengths take no memory", () => {
  // Each array announces as many elements as there are bytes, and is the first element of another.
  const nested = Array.from({ length: MAX_DEPTH - 1 }, () => [Tag.ARRAY, ...word(1_000_000)]);
  const stream = [...nested.flat(), ...Array(1_000_000).fill(Tag.NULL)];
  // Absent elements take no bytes.
  const holes = Array.from({ length: 10_000 }, () => [
    ...[Tag.ARRAY, ...word(2 ** 25), Tag.HOLES, ...word(2 ** 25)],
  ]);
  const sparse = [Tag.ARRAY, ...word(10_000), ...holes.flat()];
  const before = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  assertThrows(() => read(stream), CorruptMessageError, EARLY);
  const array = read(sparse) as unknown[][];
  const used = Deno.memoryUsage().external + Deno.memoryUsage().heapUsed - before;
  assert(used < 200_000_000, `${used} bytes`); // instead of 8 GB and 2,700 GB
  assertEquals([array.length, array[0].length, Object.keys(array[0])], [10_000, 2 ** 25, []]);
});

test("resizable buffers of a message from elsewhere reserve a limited part of the address space", () => {
  const buffers = (count: number, limit: number) => [
    ...[Tag.ARRAY, ...word(count)],
    ...Array(count).fill([Tag.ARRAY_BUFFER, ...word(0), ...float(limit + 1)]).flat(),
  ];
  const options = { trusted: false };
  assertEquals((read(buffers(1000, 1), options) as unknown[]).length, 1000);
  assertThrows(() => read(buffers(1025, 1), options), CorruptMessageError, "its buffers are too");
  assertThrows(() => read(buffers(2, 2 ** 29 + 1), options), CorruptMessageError, "its buffers");
});

// Depth

const levels: Record<string, (inner: unknown) => unknown> = {
  array: (inner) => [inner],
  "sparse array": (inner) => [, inner],
  object: (inner) => ({ inner }),
  instance: (inner) => Object.assign(new Point(1, 2), { inner }),
  Map: (inner) => new Map([[1, inner]]),
  "key of a Map": (inner) => new Map([[inner, 1]]),
  Set: (inner) => new Set([inner]),
};

function nested(level: (inner: unknown) => unknown, depth: number): unknown {
  let value: unknown = "innermost";
  for (let at = 0; at < depth; at++) value = level(value);
  return value;
}

for (const [what, level] of Object.entries(levels)) {
  test(`a value nested as deeply as allowed comes back: ${what}`, () => {
    const deepest = nested(level, MAX_DEPTH);
    assertEquals(streamOf(sent(deepest)), streamOf(deepest));
    assertThrows(
      () => sent(level(deepest)),
      DataCloneError,
      "…: it is nested too deeply",
    );
  });
}

test("a chain of causes as long as allowed comes back", () => {
  let error = new Error("first");
  for (let at = 1; at < MAX_DEPTH - 1; at++) error = new Error("next", { cause: error });
  assertEquals((sent(error).cause as Error).message, "next");
  const longer = new Error("next", { cause: new Error("next", { cause: error }) });
  assertThrows(() => sent(longer), DataCloneError, "Cannot send value.cause.cause.cause…: it is");
});

test("a message that is nested too deeply is a CorruptMessageError", () => {
  const stream = Array(MAX_DEPTH + 1).fill([Tag.ARRAY, ...word(1)]).flat();
  assertThrows(() => read(stream), CorruptMessageError, "it is nested too deeply");
});

/** Calls `action` with more and more of the stack left, until it returns; returns what it threw. */
function throwsWithLittleStack(action: () => void): unknown[] {
  const thrown: unknown[] = [];
  const zeros = new Array(800).fill(0); // 6 kB of the stack
  const recurse = (..._zeros: number[]): boolean => {
    try {
      if (!recurse(...zeros)) return false;
    } catch {
      return true; // the deepest call: the stack is used up
    }
    try {
      action();
      return false;
    } catch (error) {
      thrown.push(error);
      return true;
    }
  };
  recurse();
  return thrown;
}

test("a value that is sent and received with too little of the stack left leaves nothing", () => {
  const [here, there] = Pipe<string>();
  const value = nested((inner) => [inner], MAX_DEPTH - 1);
  const before = usedBytes();
  const thrown = throwsWithLittleStack(() => {
    const message = storeValue([value, there], "value");
    try {
      assertEquals((takeValue(message) as unknown[]).length, 2);
    } catch (error) {
      discardMessage(message);
      throw error;
    }
  });
  const names = new Set(thrown.map((error) => (error as Error).name));
  assertEquals([...names].sort(), ["DataCloneError", "RangeError"]);
  assertEquals(usedBytes(), before);
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("Queue works after values were put and got with too little of the stack left", () => {
  const queue = new Queue<unknown>();
  const value = nested((inner) => [inner], MAX_DEPTH - 1);
  let puts = 0;
  const thrown = throwsWithLittleStack(() => {
    queue.putSync([value, ++puts]);
    queue.getSync();
  });
  assert(thrown.length > 0);
  while (queue.size() > 0) assertEquals((queue.getSync() as unknown[]).length, 2);
  queue.putSync("next");
  assertEquals(queue.getSync(), "next");
});

test("reading a deep message with little stack left is a DataCloneError, and drops its references", () => {
  const event = new Event();
  const address = addressOf(event)!;
  const references = () => i32[address + objectWord.REFERENCES];
  const message = storeValue([event, nested((inner) => [inner], MAX_DEPTH - 1)], "value");
  assertEquals(references(), 2);
  const decoder = new Decoder();
  const thrown = throwsWithLittleStack(() => {
    readMessage(decoder, message);
    decoder.value();
    decoder.leave();
  });
  const deep = thrown.filter((error) => error instanceof DataCloneError);
  assert(deep.length > 0);
  assertEquals(
    (deep[0] as Error).message,
    "Cannot read message: it is nested too deeply for what is left of the stack. " +
      "Receive it outside of deep recursion",
  );
  discardMessage(message);
  assertEquals(references(), 1);
});

// Prototypes

test("no key of a message changes a prototype or runs a setter", () => {
  const keys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length"];
  const objects = [
    Tag.OBJECT,
    ...shape(...keys),
    ...Array(6).fill([Tag.OBJECT, ...shape()]).flat(),
  ];
  const value = read(objects) as Record<string, unknown>;
  assertEquals(Object.keys(value), keys);
  assertStrictEquals(Object.getPrototypeOf(value), Object.prototype);
  const instance = [Tag.INSTANCE, ...word(functionAddress(Point)), ...objects];
  const point = read(instance) as Record<string, unknown>;
  assertStrictEquals(Object.getPrototypeOf(point), Point.prototype);
  assertEquals(Object.keys(point), keys); // `length` is a getter of the class
  assertEquals(Reflect.ownKeys(Point), ["length", "name", "prototype"]);
  const error = sent(Object.assign(new Error("x"), { ["__proto__"]: null, constructor: 1 }));
  assertStrictEquals(Object.getPrototypeOf(error), Error.prototype);
});

// Addresses

test("a message from elsewhere names only the addresses that are allowed, and holds no reference", () => {
  const event = new Event();
  const address = addressOf(event)!;
  const references = () => i32[address + objectWord.REFERENCES];
  const streams = [event, Math.sqrt, new Point(1, 2)].map((value) => streamOf(value));
  for (const stream of streams) {
    for (const allowed of [undefined, new Set([1, 2])]) {
      const decoder = decoderOf(stream, { trusted: false, allowed });
      assertThrows(() => decoder.value(), CorruptMessageError, "an address is not of a");
      decoder.skip();
    }
  }
  const allowed = new Set([address, functionAddress(Math.sqrt), functionAddress(Point)]);
  for (const [at, expected] of [event, Math.sqrt, new Point(1, 2)].entries()) {
    const decoder = decoderOf(streams[at], { trusted: false, allowed });
    assertEquals(decoder.value(), expected);
    decoder.finish();
    decoderOf(streams[at], { trusted: false, allowed }).skip();
  }
  assertEquals(references(), 1);
});

test("what a reducer throws is a CorruptMessageError for a message from elsewhere only", () => {
  class Picky {
    constructor(readonly parts: unknown) {}
  }
  const revive = task(import.meta, (parts: unknown) => {
    throw new RangeError(`not ${parts}`);
  });
  registerReducer({ is: (it) => it instanceof Picky, reduce: ({ parts }) => parts, revive });
  const stream = streamOf(new Picky(5));
  assertThrows(() => read(stream), RangeError, "not 5");
  const allowed = new Set([functionAddress(revive)]);
  const error = assertThrows(
    () => read(stream, { trusted: false, allowed }),
    CorruptMessageError,
    "an object cannot be made of its parts",
  );
  assertEquals((error.cause as Error).message, "not 5");
});

test("an address of an object that was freed is refused", () => {
  const event = new Event();
  const stream = streamOf(event);
  const address = addressOf(event)!;
  const [type, references] = i32.subarray(address, address + 2);
  read(stream);
  i32[address + objectWord.REFERENCES] = 0;
  assertThrows(() => read(stream), CorruptMessageError, "not of a shared object");
  i32[address + objectWord.REFERENCES] = references;
  i32[address + objectWord.TYPE] = 0; // the link of a free block
  assertThrows(() => read(stream), CorruptMessageError, "not of a shared object");
  i32[address + objectWord.TYPE] = type;
});

class Refusing {}

/** Not in the test: a reducer is kept for good, with what is around it. */
function registerRefusing(): void {
  registerReducer({
    is: (it) => it instanceof Refusing,
    reduce: () => 0,
    revive: task(import.meta, () => {
      throw new RangeError("no");
    }),
  });
}

test("a message that cannot be read whole drops all its references, a damaged one none", () => {
  registerRefusing();
  const [first, second] = [new Event(), new Event()];
  const references = () =>
    [first, second].map((event) => i32[addressOf(event)! + objectWord.REFERENCES]);
  const queue = new Queue<unknown>();
  queue.putSync(["x", new Refusing()]);
  assertThrows(() => queue.getSync(), RangeError, "no"); // definitions have been written
  const before = usedBytes();
  for (const padding of ["", "x".repeat(200)]) {
    queue.putSync([padding, first, new Refusing(), [, second], { second }]);
    assertEquals(references(), [2, 2]);
    assertThrows(() => queue.getSync(), RangeError, "no");
    assertEquals(references(), [1, 1]);
  }
  assertEquals(usedBytes(), before);
  const decoder = decoderOf([...streamOf([first, second]).slice(0, -5), 99]);
  assertThrows(() => decoder.value(), CorruptMessageError);
  decoder.skip();
  assertEquals([decoder.sharedObjects(), references()], [[], [1, 1]]);
});

test("a message that is discarded makes no handles, for which it might have to wait", () => {
  const revived: number[] = [];
  const type = 251;
  defineType(type, "made here", {
    isLent: true,
    revive: (address) => {
      revived.push(address);
      return {};
    },
  });
  const object = createObject(type, objectWord.FIRST);
  const stream = [Tag.SHARED, ...word(object)];
  for (let reference = 0; reference < 2; reference++) addRef(object);
  const decoder = decoderOf(stream);
  decoder.skip();
  assertEquals([revived, i32[object + objectWord.REFERENCES]], [[], 1]);
  dropRef(object);
});

test("a decoder reads short messages from memory of its own, one after the other", () => {
  const decoder = new Decoder();
  const bytes = new Uint8Array(decoder.ownWords.buffer);
  for (const value of [[1, 2, 3], "text", { a: 5 }, [1.5], 7]) {
    const stream = streamOf(value);
    bytes.fill(255);
    bytes.set(stream);
    decoder.fromOwn(stream.length);
    assertEquals(decoder.streamBytes, stream.length);
    assertEquals(decoder.value(), value);
    decoder.finish();
    decoder.fromOwn(stream.length - 1);
    assertThrows(() => decoder.value(), CorruptMessageError, "it ends too early");
  }
  const message = storeValue(["in the heap"], "value"); // in between
  readMessage(decoder, message);
  assertEquals(decoder.value(), ["in the heap"]);
  decoder.leave();
  discardMessage(message);
  bytes.set([Tag.INT8, 5]);
  decoder.fromOwn(2);
  assertEquals(decoder.number(), 5);
});

test("the header of a message is a number, and its function has a definition", () => {
  assertEquals(decoderOf([Tag.INT8, 250]).number(), -6);
  for (const stream of [text("5"), [Tag.NULL], [Tag.ARRAY, ...word(0)]]) {
    const number = () => decoderOf(stream).number();
    assertThrows(number, CorruptMessageError, "its header is not a number");
  }
  const address = functionAddress(Math.max);
  assertEquals(decoderOf([Tag.FUNCTION, ...word(address)]).definition(), address);
  const definition = (stream: number[]) => () => decoderOf(stream).definition();
  assertThrows(definition([Tag.INT32, ...word(address)]), CorruptMessageError, "tag 26 is missing");
  assertThrows(
    definition([Tag.FUNCTION, ...word(address + 1)]),
    CorruptMessageError,
    "of a function",
  );
});

test("a message that is read again begins anew", () => {
  const decoder = decoderOf(streamOf([{ a: 1 }, { a: 2 }]));
  for (let times = 0; times < 2; times++) {
    assertEquals(decoder.value(), [{ a: 1 }, { a: 2 }]);
    decoder.rewind();
  }
});

test("an address that is not of a function revives nothing", () => {
  const address = storeDefinition({ kind: "global", name: "Math" });
  const reduced = [Tag.REDUCED, ...word(address), Tag.NULL];
  assertThrows(() => read(reduced), CorruptMessageError, "an address is not of a function");
});

class Unrevivable {}
registerReducer({
  is: Unrevivable,
  reduce: () => [1, 2],
  revive: task(import.meta, (): Unrevivable => {
    throw new RangeError("not today");
  }),
});

test("an object that cannot be made of its parts is these in an error that must arrive", () => {
  const error = Object.assign(new TypeError("x"), { it: new Unrevivable() });
  const message = storeValue(error, "value");
  assertThrows(() => takeValue(message), RangeError, "not today");
  discardMessage(message);
  const arrived = takeThrown(storeThrown(error)) as typeof error;
  assertEquals([arrived.message, arrived.it], ["x", [1, 2]] as never);
});

test("a constant that cannot be read fails its message, or is left out of an error that must arrive", () => {
  const constants: number[] = [];
  const streamWith = (value: object) => {
    const address = constantOf(storeValue(value, "value"));
    addRef(address); // as a message has it
    constants.push(address);
    return [Tag.ARRAY, ...word(2), Tag.SHARED, ...word(address), Tag.INT8, 5];
  };
  const broken = streamWith(new Unrevivable());
  assertThrows(() => read(broken), RangeError, "not today");
  const elsewhere = tasksOf<{ f(): void }>("file:///nowhere.ts").f;
  const lost = streamWith([elsewhere]);
  const error = assertThrows(() => read(lost)) as unknown;
  assert(error instanceof NeedsImport);
  assertEquals(error.address, functionAddress(elsewhere));
  const decoder = decoderOf(lost);
  assertEquals(decoder.valueWithoutImports(), [undefined, 5]);
  decoder.leave();
  constants.forEach(dropRef);
});

test("the names in a message are replaced before it is read", () => {
  const lock = new Lock();
  const other = new Lock();
  const value = { max: Math.max, lock, list: [lock, "text", 0.5], text: "x".repeat(300) };
  const stream = streamOf(value);
  const objects = new Map([[addressOf(lock)!, addressOf(other)!]]);
  const definitions = new Map([[functionAddress(Math.max), functionAddress(Math.min)]]);
  const renaming = {
    object: (name: number) => objects.get(name),
    definition: (name: number) => definitions.get(name),
  };
  const decoder = decoderOf(stream);
  decoder.value(); // it begins anew
  decoder.leave();
  decoder.rename(renaming);
  decoder.rewind();
  assertEquals(decoder.value(), {
    ...value,
    max: Math.min,
    lock: other,
    list: [other, "text", 0.5],
  });
  decoder.leave();
  for (const missing of [objects, definitions]) {
    missing.clear();
    const unknown = decoderOf(stream);
    assertThrows(() => unknown.rename(renaming), CorruptMessageError, "it names what is not known");
  }
  // A message that was refused is passed over with the names that it has.
  objects.set(addressOf(lock)!, 0);
  const half = decoderOf(streamOf([lock, Math.max]));
  assertThrows(() => half.rename(renaming), CorruptMessageError);
  half.rewind();
  assertThrows(() => half.value(), CorruptMessageError, "an address is not of a shared object");
});
