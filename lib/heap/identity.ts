/**
 * The name of this isolate and of its parent, for messages and logs.
 *
 * | words of the record | meaning | written by |
 * |---|---|---|
 * | `NAME` | length of the name in bytes, then the name in UTF-8, shortened if it is longer than 60 bytes; 0 in the main isolate | the isolate, when it has read its start request |
 *
 * @module
 */

import { type IsolateAddress, recordWord, thisIsolate } from "./isolate_record.ts";
import { i32, u8 } from "./views.ts";

const NAME_WORDS = 16;
const NAME = recordWord(40, "name", NAME_WORDS);

/** The names of an isolate. */
export interface Identity {
  name: string;
  daemon: boolean;
  /** Record of the parent; 0 in the main isolate. */
  parent: number;
  parentName: string;
  /** How many workers and processes it is nested in, itself included; 0 in the main isolate. */
  depth: number;
}

let identity: Identity = {
  name: "MainProcess",
  daemon: false,
  parent: 0,
  parentName: "",
  depth: 0,
};

/** Returns the identity of this isolate. */
export function currentIdentity(): Identity {
  return identity;
}

/** Sets the identity of this isolate, a worker that has read its start request. */
export function adoptIdentity(newIdentity: Identity): void {
  identity = newIdentity;
  const start = (thisIsolate + NAME + 1) * 4;
  const room = u8.subarray(start, start + (NAME_WORDS - 1) * 4);
  i32[thisIsolate + NAME] = new TextEncoder().encodeInto(newIdentity.name, room).written;
}

/** Returns the name of any isolate of the program, which may have ended. */
export function nameOf(record: IsolateAddress): string {
  const start = (record + NAME + 1) * 4;
  const bytes = u8.slice(start, start + i32[record + NAME]);
  return bytes.length === 0 ? "MainProcess" : new TextDecoder().decode(bytes);
}
