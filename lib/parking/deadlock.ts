/**
 * Finding blocking waits without time-out that no isolate could end.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { isMainIsolate, LIVE_WORKERS, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { isOnlyHere } from "../objects/shared_object.ts";
import type { Park } from "./park.ts";

/** Why a wait cannot end when no worker lives. */
export const ALONE =
  "no other worker lives that could end this wait, and this isolate does nothing " +
  "else while it blocks. Start one first, wait with a timeoutMs, or await the async form";

/**
 * Whether this is the main isolate and no worker lives. A worker that ends is counted until it has done
 * everything that could end a wait.
 */
export function isAlone(): boolean {
  return isMainIsolate() && Atomics.load(i32, LIVE_WORKERS) === 0;
}

/**
 * Returns why no isolate can end the wait, or `undefined` if one may.
 *
 * @param object the object that an isolate must have a handle for to end the wait; 0 for none
 */
export function findDeadlock(
  { word, ownerWord }: Park,
  object: Address<"object">,
): string | undefined {
  if (word === ownerWord && Atomics.load(i32, word) === thisIsolate) {
    return "this isolate owns what this call waits for, and cannot release it while it blocks. " +
      "Release it first, or wait with a timeoutMs if another worker will";
  }
  if (isAlone()) return ALONE;
  // The owner ends a wait for what it owns, even if it has no handle for the object.
  if (word !== ownerWord && object !== 0 && isOnlyHere(object)) {
    return "no other worker has what this call waits for, and none can get it while this isolate " +
      "blocks. Give it to a process or a task first, wait with a timeoutMs, or await the async form";
  }
  return undefined;
}
