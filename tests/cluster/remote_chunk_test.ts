/**
 * Chunks of other machines, run in this isolate.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { MaybeEncodingError, TaskLookupError } from "@sauropod/multiprocessing";
import { runRemoteChunk } from "../../lib/cluster/remote_chunk.ts";
import { pack, type PackedMessage, unpack } from "../../lib/cluster/messages.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import type { Definition } from "../../lib/codec/definition.ts";
import { borrowEncoder, returnEncoder } from "../../lib/codec/encoder.ts";
import { functionAddress, functionNameAt } from "../../lib/codec/functions.ts";
import { freeMessage, readMessage } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { CallMode, ChunkStatus, type Failure } from "../../lib/pool/chunks/chunk.ts";
import { test } from "../fixtures/guarded.ts";
import { add, failing, square } from "./cluster_tasks.ts";

ensureIsolate();
const worker = "one";
const nameOf = (fn: (...args: never[]) => unknown) => functionNameAt(functionAddress(fn));

/** Packs a chunk, as a caller does. */
function packed(fn: (...args: never[]) => unknown, items: unknown[]): PackedMessage {
  const encoder = borrowEncoder();
  try {
    encoder.definition(functionAddress(fn));
    encoder.destination = "machine";
    encoder.items(items, 0, items.length, "items");
    return pack(encoder);
  } finally {
    returnEncoder(encoder);
  }
}

/** Runs a packed chunk. Returns how it ended, and what came of it. */
async function ran(
  mode: CallMode,
  { streamBytes, parts, definitions }: PackedMessage,
): Promise<[status: ChunkStatus, payload: unknown]> {
  const result = await runRemoteChunk({
    mode,
    streamBytes,
    definitions,
    parts,
    constants: [],
    worker,
  });
  const message = unpack(result.streamBytes, result.definitions, result.parts);
  const decoder = new Decoder();
  readMessage(decoder, message);
  const ended: [ChunkStatus, unknown] = [decoder.number() as ChunkStatus, decoder.value()];
  decoder.finish();
  freeMessage(message);
  return ended;
}

/** Returns the failure of a chunk that has failed. */
async function failureOf(
  mode: CallMode,
  chunk: PackedMessage,
): Promise<Failure & { error: Error }> {
  const [status, payload] = await ran(mode, chunk);
  assertEquals(status, ChunkStatus.FAILED);
  return payload as Failure & { error: Error };
}

test("runRemoteChunk() calls the function as the mode says", async () => {
  const { DONE } = ChunkStatus;
  assertEquals(await ran(CallMode.APPLY, packed(add, [1, 2])), [DONE, 3]);
  assertEquals(await ran(CallMode.MAP, packed(square, [1, 2, 3])), [DONE, [1, 4, 9]]);
  assertEquals(await ran(CallMode.STARMAP, packed(add, [[1, 2], [3, 4]])), [DONE, [3, 7]]);
  const later = async (x: number) => await Promise.resolve(x + 1);
  assertEquals(await ran(CallMode.MAP, packed(later, [1, 2])), [DONE, [2, 3]]);
  assertEquals(await ran(CallMode.APPLY, packed(later, [1])), [DONE, 2]);
});

test("runRemoteChunk() names the task, the item and the worker of an error", async () => {
  const { error, index, by } = await failureOf(CallMode.MAP, packed(failing, [1, 2]));
  assertInstanceOf(error, RangeError);
  assertEquals([error.cause, index, by], [{ x: 2 }, 1, { task: nameOf(failing), worker }]);
  const [status, payload] = await ran(CallMode.MAP_ALL, packed(failing, [2, 1]));
  assertEquals(status, ChunkStatus.DONE);
  const { results, failures } = payload as { results: unknown[]; failures: Failure[] };
  assertEquals([results[1], failures.map(({ index }) => index)], [1, [0]]);
});

test("runRemoteChunk() says what a function lacked that was sent as source", async () => {
  const outside = 1;
  const { error } = await failureOf(CallMode.APPLY, packed((x: number) => x + outside, [1]));
  assertInstanceOf(error, ReferenceError);
  assertStringIncludes(error.message, "sees nothing outside itself");
});

test("runRemoteChunk() says which result cannot cross, and runs the chunk to its end", async () => {
  const some = (x: number) => x === 1 ? new WeakMap() : x;
  for (const mode of [CallMode.MAP, CallMode.APPLY]) {
    const { error, index } = await failureOf(
      mode,
      packed(some, mode === CallMode.MAP ? [0, 1] : [1]),
    );
    assertInstanceOf(error, MaybeEncodingError);
    assertEquals(index, mode === CallMode.MAP ? 1 : 0);
  }
});

test("runRemoteChunk() fails with the name of a function that cannot be found, and without one if there is none", async () => {
  const chunk = packed(square, [1]);
  const [definition] = chunk.definitions as unknown as Record<string, unknown>[];
  const lost = { ...definition, module: new URL("no_such_module.ts", import.meta.url).href };
  const definitions = [lost] as unknown as Definition[];
  const missing = await failureOf(CallMode.MAP, { ...chunk, definitions });
  assertInstanceOf(missing.error, TaskLookupError);
  assertEquals([missing.index, missing.by], [0, { task: nameOf(square), worker }]);
  for (const damaged of [{ ...chunk, definitions: [] }, { ...chunk, streamBytes: 1 }]) {
    const { error, by } = await failureOf(CallMode.MAP, damaged);
    assert(error.message.startsWith("Cannot read"), error.message);
    assertEquals(by, { task: "unknown", worker });
  }
});
