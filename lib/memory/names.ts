/**
 * Names by which all isolates of a program find a shared object.
 *
 * The names are a linked list in the shared heap, read and changed inside `NAMES_GUARD`. An entry
 * has a reference to its object, so a named object lives until its name is removed.
 *
 * | word of an entry | meaning |
 * |---|---|
 * | `NEXT` | the next entry; 0 for none |
 * | `OBJECT` | address of the object |
 * | `LENGTH` | length of the name in bytes |
 * | `NAME` | the bytes of the name |
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { rootWord } from "../heap/root_words.ts";
import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { addRef, handleFor, type ObjectAddress, release } from "../objects/shared_object.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";

const NAMES = rootWord(16, "first of the list of named blocks");
const NAMES_GUARD = rootWord(15, "guard of the list of named blocks");

const NEXT = 0;
const OBJECT = 1;
const LENGTH = 2;
const NAME = 3;

/** Gives an object a name. Returns false if the name is in use. */
export function putName(name: string, object: ObjectAddress): boolean {
  const bytes = new TextEncoder().encode(name);
  const entry = allocate(NAME * 4 + bytes.length);
  i32[entry + OBJECT] = object;
  i32[entry + LENGTH] = bytes.length;
  u8.set(bytes, (entry + NAME) * 4);
  const isFree = inNames(() => {
    if (linkTo(bytes) !== 0) return false;
    i32[entry + NEXT] = i32[NAMES];
    i32[NAMES] = entry;
    addRef(object);
    return true;
  });
  if (!isFree) free(entry);
  return isFree;
}

/** Returns this isolate's handle of the object with a name; `undefined` if there is none. */
export function findName(name: string): object | undefined {
  const bytes = new TextEncoder().encode(name);
  ensureIsolate();
  const object = inNames(() => {
    const link = linkTo(bytes);
    if (link === 0) return 0;
    addRef(i32[i32[link] + OBJECT]); // keeps it alive until this isolate has a handle
    return i32[i32[link] + OBJECT];
  });
  if (object === 0) return undefined;
  const handle = handleFor(object);
  release(object);
  return handle;
}

/** Removes a name. Returns false if there is no such name. */
export function removeName(name: string): boolean {
  const bytes = new TextEncoder().encode(name);
  const entry = inNames(() => {
    const link = linkTo(bytes);
    if (link === 0) return 0;
    const found = i32[link];
    i32[link] = i32[found + NEXT];
    return found;
  });
  if (entry === 0) return false;
  release(i32[entry + OBJECT]);
  free(entry);
  return true;
}

function inNames<T>(section: () => T): T {
  enter(NAMES_GUARD);
  try {
    return section();
  } finally {
    leave(NAMES_GUARD);
  }
}

/**
 * Returns the word that has the address of the entry with a name; 0 if there is none. Inside the
 * guard.
 */
function linkTo(name: Uint8Array): number {
  let link: number = NAMES;
  for (; i32[link] !== 0; link = i32[link] + NEXT) {
    if (isNamed(i32[link], name)) return link;
  }
  return 0;
}

function isNamed(entry: Address, name: Uint8Array): boolean {
  if (i32[entry + LENGTH] !== name.length) return false;
  const start = (entry + NAME) * 4;
  for (let at = 0; at < name.length; at++) {
    if (u8[start + at] !== name[at]) return false;
  }
  return true;
}
