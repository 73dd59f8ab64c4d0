/**
 * Signed messages, names, and messages of the codec between machines.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { takeValue } from "../../lib/codec/message.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { pack, type PackedMessage, unpack } from "../../lib/cluster/messages.ts";
import {
  AuthenticationError,
  count,
  isForeign,
  isSealed,
  namesOf,
  open,
  PROTOCOL,
  seal,
  text,
} from "../../lib/cluster/protocol.ts";
import { joined } from "../../lib/wire/frames.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { test } from "../fixtures/guarded.ts";
import { add } from "./cluster_tasks.ts";

const key = new TextEncoder().encode("a key");
const bytes = (...numbers: number[]) => new Uint8Array(numbers);

Deno.test("namesOf() has subjects of an owner, of a job and of a chunk", () => {
  const names = namesOf("x");
  assertEquals(names.subject("task", "me"), "mp.x.task.me.>");
  assertEquals(names.subject("result", "me", "7"), "mp.x.result.me.7.*");
  assertEquals(names.subject("dead", "me", "7", "0"), "mp.x.dead.me.7.0");
  assertEquals([names.cancel, names.who], ["mp.x.cancel", "mp.x.who"]);
  assertEquals(
    [names.tasks, names.results, names.dead, names.objects],
    ["mp_x_tasks", "mp_x_results", "mp_x_dead", "mp_x_objects"],
  );
});

for (const [name, secret] of [["with a key", key], ["without a key", undefined]] as const) {
  Deno.test(`open() returns what was sealed ${name}`, () => {
    const sealed = seal(secret, "s", { a: 1 }, [bytes(1, 2), bytes(3)]);
    const { header, message } = open(secret, "s", sealed);
    assertEquals([header, message], [{ a: 1, protocol: PROTOCOL }, bytes(1, 2, 3)]);
    const within = joined([bytes(9, 9, 9), sealed]).subarray(3); // not at the start of its buffer
    assertEquals(open(secret, "s", within).message, bytes(1, 2, 3));
    assertEquals(open(secret, "s", seal(secret, "s", {})).message, bytes());
    assert(isSealed(secret, "s", sealed));
  });
}

Deno.test("open() throws AuthenticationError unless all bytes and the subject are those that were signed", () => {
  const sealed = seal(key, "s", { a: 1 }, [bytes(1, 2)]);
  const throws = (subject: string, bytes: Uint8Array, secret: Uint8Array | undefined = key) => {
    const error = assertThrows(() => open(secret, subject, bytes), AuthenticationError, "authKey");
    assert(isForeign(error));
    assert(!isSealed(secret, subject, bytes));
  };
  for (let at = 0; at < sealed.length; at++) {
    throws("s", sealed.map((byte, index) => index === at ? byte ^ 1 : byte));
  }
  throws("t", sealed);
  throws("s", sealed, new TextEncoder().encode("another"));
  throws("s", seal(undefined, "s", { a: 1 }));
  assertThrows(() => open(undefined, "s", sealed), AuthenticationError);
});

Deno.test("open() throws CorruptMessageError for what no program seals", () => {
  const sealed = seal(undefined, "s", {});
  const jsonLength = sealed.length - 36;
  /** Returns the message with another header, of another length if it is given. */
  const withHeader = (json: Uint8Array, length = json.length) => {
    const made = joined([new Uint8Array(36), json]);
    new DataView(made.buffer).setUint32(32, length, true);
    return made;
  };
  const header = (value: unknown) => withHeader(new TextEncoder().encode(JSON.stringify(value)));
  const json = sealed.subarray(36);
  assertEquals(open(undefined, "s", withHeader(json)).message.length, 0);
  const damaged: [string, Uint8Array][] = [
    ["35 bytes are too few", sealed.subarray(0, 35)],
    ["its header is longer than it is", withHeader(json, jsonLength + 1)],
    ["its header is not JSON", withHeader(bytes())],
    ["its header is not JSON", withHeader(bytes(255))],
    ["its header is no object", header(1)],
    ["its header is no object", header(null)],
    ["its version is undefined", header({})],
    ["its version is 2", header({ protocol: PROTOCOL + 1 })],
  ];
  for (const [why, bytes] of damaged) {
    const error = assertThrows(() => open(undefined, "s", bytes), CorruptMessageError, why);
    assert(isForeign(error));
  }
  assert(!isForeign(new Error("of the program")));
});

Deno.test("text() and count() take what a header can have, up to their limits", () => {
  const header = { name: "abc", n: 3, negative: -1, half: 0.5 };
  assertEquals([text(header, "name", 3), count(header, "n", 3), count({ n: 0 }, "n")], [
    "abc",
    3,
    0,
  ]);
  const refused = [
    () => text(header, "name", 2),
    () => text(header, "n"),
    () => text(header, "none"),
    () => count(header, "n", 2),
    ...["negative", "half", "name", "none"].map((name) => () => count(header, name)),
  ];
  for (const refuse of refused) {
    assertThrows(refuse, CorruptMessageError, "Cannot read message of cluster");
  }
});

/** Packs a value, as the programs of a cluster do. */
function packed(value: unknown, named?: Set<string>): PackedMessage {
  const encoder = encode(value, "value", "machine");
  try {
    return pack(encoder, named);
  } finally {
    returnEncoder(encoder);
  }
}

test("unpack() makes the message that pack() was given, with its functions", () => {
  ensureIsolate();
  functionAddress(add);
  const named = new Set<string>();
  for (const value of [1, "two", { three: [3n, new Uint8Array(10)] }, [add, add]]) {
    const { streamBytes, definitions, parts } = packed(value);
    assertEquals(takeValue(unpack(streamBytes, definitions, parts)), value);
  }
  assertEquals(packed([add], named).definitions.length, 1);
  assertEquals(named.size, 1);
});

test("unpack() refuses definitions that it does not want, and lists that are none", () => {
  ensureIsolate();
  const { streamBytes, definitions, parts } = packed([add]);
  const read = (given: unknown, mayName?: () => boolean) =>
    takeValue(unpack(streamBytes, given, parts, mayName));
  assertEquals(read(definitions, () => true), [add]);
  assertThrows(() => read(definitions, () => false), CorruptMessageError);
  const many = (length: number) => Array(length).fill(definitions[0]);
  assertEquals(read(many(1000)), [add]);
  for (const list of [undefined, {}, many(1001), [1], []]) {
    assertThrows(() => read(list), CorruptMessageError);
  }
});
