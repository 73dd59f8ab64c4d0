/**
 * The functions of V8 for texts, which are loaded when it is worth it. Each test has a copy of the module.
 *
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import * as buffer from "node:buffer";
import nodeProcess from "node:process";
import * as v8 from "node:v8";

type NativeText = typeof import("../../lib/codec/native_text.ts");

let copies = 0;

/** Returns the module as a program has it that has begun. */
function fresh(): Promise<NativeText> {
  return import(`${new URL("../../lib/codec/native_text.ts", import.meta.url)}?copy=${++copies}`);
}

const MUCH = 10_000_000;
const { latin1Slice, ucs2Slice } = buffer.Buffer.prototype as unknown as Record<string, unknown>;
const { serialize } = v8;

/** Replaces the modules of Node. */
function withModules(modules: Record<string, unknown>): Disposable {
  return stub(nodeProcess, "getBuiltinModule", ((name: string) => modules[name]) as never);
}

/** Returns whether functions are used when these are there. */
async function areUsed(prototype: object, serialize: unknown): Promise<boolean> {
  const module = await fresh();
  using _ = withModules({ "node:buffer": { Buffer: { prototype } }, "node:v8": { serialize } });
  module.missNative(MUCH);
  return module.native !== undefined;
}

Deno.test("the functions are loaded once five milliseconds were lost without them", async () => {
  const module = await fresh();
  module.missNative(4_999_999);
  assertEquals(module.native, undefined);
  module.missNative(1);
  assertStrictEquals<unknown>(module.native?.serialize, serialize);
  assertStrictEquals<unknown>(module.native?.latin1Slice, latin1Slice);
  assertStrictEquals<unknown>(module.native?.ucs2Slice, ucs2Slice);
});

Deno.test("functions that were not there are not looked for again", async () => {
  const module = await fresh();
  {
    using _ = withModules({});
    module.missNative(MUCH);
  }
  module.missNative(MUCH);
  assertEquals(module.native, undefined);
});

Deno.test("the functions are used only if all are there and do what they did", async () => {
  const other = { latin1Slice: () => "a", ucs2Slice: () => "a" };
  assertEquals(await areUsed({ latin1Slice, ucs2Slice }, serialize), true);
  assertEquals(await areUsed({ ucs2Slice }, serialize), false);
  assertEquals(await areUsed({ latin1Slice }, serialize), false);
  assertEquals(await areUsed({ latin1Slice, ucs2Slice }, undefined), false);
  assertEquals(await areUsed({ ...other, ucs2Slice }, serialize), false);
  assertEquals(await areUsed({ ...other, latin1Slice }, serialize), false);
  const changed = (change: (bytes: Uint8Array, isNarrow: boolean) => void) => (text: string) => {
    const bytes = Uint8Array.from(serialize(text));
    change(bytes, text.startsWith("z"));
    return bytes;
  };
  const tags = { narrow: serialize("z")[2], wide: serialize("\u8a9e")[2] };
  for (
    const change of [
      (bytes: Uint8Array, isNarrow: boolean) => isNarrow && (bytes[2] = tags.wide),
      (bytes: Uint8Array, isNarrow: boolean) => !isNarrow && (bytes[2] = tags.narrow),
      (bytes: Uint8Array, isNarrow: boolean) => isNarrow && bytes[bytes.length - 1]++,
      (bytes: Uint8Array, isNarrow: boolean) => !isNarrow && bytes[bytes.length - 1]++,
    ]
  ) {
    assertEquals(await areUsed({ latin1Slice, ucs2Slice }, changed(change)), false);
  }
  assertEquals(await areUsed({ latin1Slice, ucs2Slice }, changed(() => {})), true);
});
