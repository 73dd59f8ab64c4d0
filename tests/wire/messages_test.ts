import { assert, assertEquals, assertThrows } from "@std/assert";
import { CorruptMessageError, Event } from "@sauropod/multiprocessing";
import type { Renaming } from "../../lib/codec/message_reader.ts";
import type { Definition } from "../../lib/codec/definition.ts";
import { discardMessage, storeValue, takeValue } from "../../lib/codec/message.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import {
  checkDefinition,
  ReceivedDefinitions,
  SentDefinitions,
} from "../../lib/wire/definitions.ts";
import { joined } from "../../lib/wire/frames.ts";
import { copyIn, copyOut, type WireMessage } from "../../lib/wire/messages.ts";
import { Random } from "../../scripts/stress/random.ts";
import { randomValue } from "../../scripts/fuzz/values.ts";
import { extending, Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";
import { sent } from "../fixtures/messages.ts";

/** Both sides of a connection between programs. They have the same heap here, which neither knows. */
class Connection {
  readonly definitions: Definition[] = [];
  readonly received = new ReceivedDefinitions();
  readonly sent = new SentDefinitions((definition) => {
    this.definitions.push(definition);
    this.received.add(structuredClone(definition));
  });

  /** The numbers of what is sent. Shared objects have none. */
  readonly numbers: Renaming = {
    definition: (address) => this.sent.numberOf(address),
    object: () => undefined,
  };
  /** The addresses of what is received. */
  readonly addresses: Renaming = {
    definition: (number) => this.received.addressOf(number),
    object: () => undefined,
  };

  /** Returns the bytes of a message with the value. */
  bytesOf(value: unknown): WireMessage {
    const message = storeValue(value, "value");
    const bytes = copyOut(message, this.numbers);
    discardMessage(message);
    return bytes;
  }

  /** Returns the value after it has crossed. */
  crossed<T>(value: T): T {
    return takeValue(copyIn(this.bytesOf(value), this.addresses)) as T;
  }
}

test("values of every kind cross between programs, several through one connection", () => {
  const connection = new Connection();
  const bytes = new Uint8Array(1000).map((_, at) => at);
  const value = {
    numbers: [1, 2.5, -3],
    text: ["short", "語".repeat(10_000), "x".repeat(400)],
    bytes,
    point: new Point(1, 2),
    map: new Map([[new Date(5), new Set([1n])]]),
    error: new RangeError("no", { cause: [new Point(3, 4)] }),
  };
  for (let times = 0; times < 2; times++) {
    const got = connection.crossed(value);
    assertEquals(got, value);
    assert(got.point instanceof Point);
  }
  assertEquals(connection.crossed(extending), extending);
  assertEquals(connection.crossed([extending, Math.max]), [extending, Math.max]);
});

test("a definition is sent once, and before the first message that names it", () => {
  const connection = new Connection();
  connection.bytesOf([new Point(1, 2), new Point(3, 4), Math.max]);
  assertEquals(connection.definitions.length, 2);
  connection.bytesOf({ max: Math.max, point: new Point(5, 6) });
  assertEquals(connection.definitions.length, 2);
});

test("whether a definition may be named is asked until it may, and then no more", () => {
  let [isAllowed, asked] = [false, 0];
  const received = new ReceivedDefinitions(() => (asked++, isAllowed));
  received.add({ kind: "global", name: "Math.max" });
  assertEquals([received.addressOf(0), received.addressOf(1), asked], [undefined, undefined, 1]);
  isAllowed = true;
  const address = received.addressOf(0);
  assertEquals([address, asked], [functionAddress(Math.max), 2]);
  isAllowed = false;
  assertEquals([received.addressOf(0), asked], [address, 2]);
});

test("a message that is copied out stays as it is", () => {
  const connection = new Connection();
  connection.bytesOf(Math.min); // so that numbers are not addresses by chance
  const message = storeValue([new Point(1, 2), "text"], "value");
  copyOut(message, connection.numbers);
  copyOut(message, connection.numbers);
  assertEquals(takeValue(message), [new Point(1, 2), "text"]);
});

test("messages that name what was not sent, or are damaged, are refused and leave nothing", () => {
  const [one, other] = [new Connection(), new Connection()];
  const before = usedBytes();
  const refused = (message: WireMessage, why: string) =>
    assertThrows(() => copyIn(message, other.addresses), CorruptMessageError, why);
  refused(one.bytesOf(new Point(1, 2)), "it names what is not known");
  const bytes = joined(one.bytesOf(["abc", 5]).parts);
  const parts = [bytes.subarray(0, 2), bytes.subarray(2, 6)];
  refused({ streamBytes: bytes.length, parts }, "is longer than its 6 bytes");
  refused({ streamBytes: 6, parts }, "it ends too early");
  refused({ streamBytes: 1, parts: [Uint8Array.of(250)] }, "byte 250 is not a tag");
  assertEquals(usedBytes(), before);
});

test("shared objects are named by numbers, and the message that arrives has references", () => {
  const [event, other] = [new Event(), new Event()];
  const addresses = [addressOf(event)!, addressOf(other)!];
  const references = () => addresses.map((address) => i32[address + objectWord.REFERENCES]);
  const before = references();
  const message = storeValue([event, other, event], "value");
  const wire = copyOut(message, {
    definition: () => undefined,
    object: (at) => addresses.indexOf(at),
  });
  discardMessage(message);
  assertEquals(references(), before);
  const back = { definition: () => undefined, object: (number: number) => addresses[1 - number] };
  const copy = copyIn(wire, back);
  assertEquals(references(), [before[0] + 1, before[1] + 1]);
  assertEquals(takeValue(copy), [other, event, other]);
  const missing = (number: number) => number === 0 ? addresses[0] : undefined;
  const unknown = { definition: () => undefined, object: missing };
  assertThrows(() => copyIn(wire, unknown), CorruptMessageError, "is not known");
  assertEquals(references(), before);
});

test("a definition of a program that is not trusted must have been sent to it, or be harmless", () => {
  const { sent, definitions } = new Connection();
  sent.numberOf(functionAddress(Point));
  const [point] = definitions;
  assertEquals(sent.mayName({ ...point }), true);
  const others: Definition[] = [
    { ...point, name: "Other" } as Definition,
    { kind: "export", name: "default", module: "data:text/javascript,export default 5" },
    { kind: "source", name: "", source: "() => 5" },
    { kind: "global", name: "eval" },
    { kind: "global", name: "Temporal.Now.instant" },
    { kind: "source", name: "Temporal.Instant.from", source: "() => 5" },
  ];
  assertEquals(others.map((definition) => sent.mayName(definition)), others.map(() => false));
  assertEquals(sent.mayName({ kind: "global", name: "Temporal.Instant.from" }), true);
});

test("checkDefinition() accepts definitions, and nothing else", () => {
  const { sent, definitions } = new Connection();
  for (const fn of [Point, Math.max, () => 5]) sent.numberOf(functionAddress(fn as () => unknown));
  for (const definition of definitions) {
    assertEquals(checkDefinition({ ...definition, more: 1 }), definition);
  }
  const wrong = [
    ...[undefined, null, 5, [], {}, { kind: "eval" }, { kind: "toString" }, { kind: "global" }],
    ...[{ kind: "source", name: "", source: 5 }, { kind: "task", name: "", module: "" }],
    { kind: "task", name: "", module: "", index: 0, hash: 0, twin: 0, member: ["a", 5] },
  ];
  for (const value of wrong) assertThrows(() => checkDefinition(value), CorruptMessageError);
});

test("checkDefinition() checks every property, and those that may be left out only if they are there", () => {
  const task = { kind: "task", name: "f", module: "m", index: 1, hash: 2, twin: 0 };
  const full = { ...task, at: "m:1:2", twins: 1, member: ["a", "b"] };
  const definitions: Record<string, object> = {
    task,
    full,
    twinsOnly: { ...task, twins: 1 },
    memberOfNone: { ...task, member: [] },
    export: { kind: "export", name: "f", module: "m" },
    global: { kind: "global", name: "Math.max" },
    source: { kind: "source", name: "f", source: "() => 5" },
  };
  for (const definition of Object.values(definitions)) {
    assertEquals(checkDefinition(definition) as object, definition);
    for (const name of Object.keys(definition)) {
      const isOptional = ["at", "twins", "member"].includes(name);
      const { [name]: _, ...others } = definition as Record<string, unknown>;
      for (const value of [null, {}, ["a", 5], true]) {
        assertThrows(() => checkDefinition({ ...others, [name]: value }), CorruptMessageError);
      }
      if (isOptional) assertEquals(checkDefinition(others) as object, others);
      else assertThrows(() => checkDefinition(others), CorruptMessageError);
      // What an object inherits was not sent.
      const inherited = Object.assign(
        Object.create({ [name]: Reflect.get(definition, name) }),
        others,
      );
      if (!isOptional) assertThrows(() => checkDefinition(inherited), CorruptMessageError);
    }
  }
  assertThrows(
    () => checkDefinition({ ...full, at: 5 }),
    CorruptMessageError,
    "at is not a string?",
  );
  assertThrows(() => checkDefinition({ ...full, twins: "5" }), CorruptMessageError, "twins is not");
  assertThrows(() => checkDefinition({ ...task, index: "5" }), CorruptMessageError, "its index is");
});

test("received definitions are counted and numbered in the order in which they came", () => {
  const received = new ReceivedDefinitions();
  assertEquals([received.count, received.at(0)], [0, undefined]);
  const definitions: Definition[] = [
    { kind: "global", name: "Math.max" },
    { kind: "global", name: "Math.min" },
  ];
  for (const definition of definitions) received.add(definition);
  assertEquals([received.count, received.at(0), received.at(1)], [2, ...definitions]);
  assertEquals(received.addressOf(1), functionAddress(Math.min));
});

test("attachments are copied out of the heap, or read there if the caller says so", () => {
  const { numbers } = new Connection();
  const bytes = new Uint8Array(100_000).fill(7);
  const message = storeValue(bytes, "value");
  const copy = copyOut(message, numbers);
  const inPlace = copyOut(message, numbers, false);
  const attachment = ({ parts }: WireMessage) => parts.at(-1)!;
  assertEquals(attachment(copy).buffer === i32.buffer, false);
  assertEquals(attachment(inPlace).buffer === i32.buffer, true);
  assertEquals(joined(copy.parts), joined(inPlace.parts));
  discardMessage(message);
  assertEquals(attachment(copy).every((byte) => byte === 7), true);
});

test("shared objects without a number do not cross between programs", () => {
  const message = storeValue({ event: new Event() }, "value");
  const connection = new Connection();
  assertThrows(() => copyOut(message, connection.numbers), CorruptMessageError, "is not known");
  discardMessage(message);
});

test("random values cross, and mutated ones are refused or name only what was sent", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  let [values, refused] = [0, 0];
  const connection = new Connection();
  for (let times = 0; times < 3000; times++) {
    const value = randomValue(random, false);
    const wire = connection.bytesOf(value);
    assertEquals(bytesOf(connection, connection.crossed(value)), bytesOf(connection, sent(value)));
    const bytes = joined(wire.parts);
    for (let changes = random.int(1, 3); changes > 0; changes--) {
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    }
    const before = usedBytes();
    try {
      const message = copyIn(
        { streamBytes: wire.streamBytes, parts: [bytes] },
        connection.addresses,
      );
      takeOrDiscard(message);
      values++;
    } catch (error) {
      if (!(error instanceof CorruptMessageError)) throw error;
      refused++;
    }
    assertEquals(usedBytes(), before);
  }
  assert(values > 100 && refused > 100, `${values} values, ${refused} refused`);
});

function bytesOf(connection: Connection, value: unknown): Uint8Array {
  return joined(connection.bytesOf(value).parts);
}

/** Reads a message that may be damaged in what only a decoder notices. */
function takeOrDiscard(message: number): void {
  try {
    takeValue(message);
  } catch (error) {
    discardMessage(message);
    throw error;
  }
}
