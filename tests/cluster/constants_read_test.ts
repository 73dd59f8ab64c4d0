/**
 * The constants that a process of a node has read.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { constant } from "@sauropod/multiprocessing";
import {
  forgetConstants,
  readConstants,
  type RemoteConstant,
} from "../../lib/cluster/constants.ts";
import { copied } from "../../lib/cluster/messages.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { readMessage } from "../../lib/codec/message.ts";
import { i32 } from "../../lib/heap/views.ts";
import { messageOfConstant } from "../../lib/memory/constant.ts";
import {
  addRef,
  addressOf,
  type ObjectAddress,
  objectWord,
  release,
} from "../../lib/objects/shared_object.ts";
import { joined } from "../../lib/wire/frames.ts";
import { keepsMemory, test } from "../fixtures/guarded.ts";

keepsMemory(); // of the constants that were read last

const addressIn = (value: object) => addressOf(value) as ObjectAddress;

test("a process reads each constant once, and keeps the eight that it has read last", async () => {
  const folder = await Deno.makeTempDir();
  const values = Array.from({ length: 9 }, (_, n) => constant({ n }));
  const remote = values.map((value, at): RemoteConstant => {
    const { streamBytes, definitions, parts } = copied(
      messageOfConstant(addressIn(value))!,
      new Set(),
      true,
    );
    const path = `${folder}/${at}`;
    Deno.writeFileSync(path, joined(parts));
    return { path, streamBytes, definitions, constants: [] };
  });
  const read = (...indexes: number[]) => readConstants(indexes.map((index) => remote[index]));
  const first = read(0, 1, 2, 3, 4, 5, 6, 7);
  for (const [at, address] of first.entries()) {
    const decoder = new Decoder();
    readMessage(decoder, messageOfConstant(address)!);
    assertEquals(decoder.value(), { n: at });
    decoder.finish();
  }
  forgetConstants();
  assertEquals(read(0, 1), first.slice(0, 2)); // were read last now
  read(8);
  const forgotten = first[2];
  addRef(forgotten); // so that it is there
  const references = () => i32[forgotten + objectWord.REFERENCES];
  const before = references();
  forgetConstants();
  assertEquals(references(), before - 1);
  release(forgotten);
  await Deno.remove(folder, { recursive: true });
  assertThrows(() => read(2), Deno.errors.NotFound);
  assertEquals(read(3, 4, 5, 6, 7, 0, 1), [3, 4, 5, 6, 7, 0, 1].map((at) => first[at]));
});
