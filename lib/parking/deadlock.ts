/**
 * Finding blocking waits without time-out that no isolate could end.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { isMainIsolate, LIVE_WORKERS, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { isHeldOnlyHere } from "../objects/shared_object.ts";
import type { Park } from "./park.ts";

/** Why a wait cannot end when no worker lives. */
const ALONE = "no other worker lives that could end this wait, and this isolate does nothing " +
  "else while it blocks. Start one first, wait with a timeoutMs, or await the async form";

/**
 * Whether this is the main isolate and no worker lives. A worker that ends is counted until it has done
 * everything that could end a wait.
 */
function isAlone(): boolean {
  return isMainIsolate() && Atomics.load(i32, LIVE_WORKERS) === 0;
}

/** Why a wait cannot end when no other worker has the object. */
const ONLY_HERE =
  "no other worker has what this call waits for, and none can get it while this isolate " +
  "blocks. Give it to a process or a task first, wait with a timeoutMs, or await the async form";

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
  return word !== ownerWord && object !== 0 && isHeldOnlyHere(object) ? ONLY_HERE : undefined;
}

/**
 * As {@linkcode findDeadlock}, for a wait in several queues that do not have an owner.
 *
 * @param objects for each queue, the object that an isolate must have a handle for to wake it; 0 for none
 */
export function findDeadlockOfAny(objects: readonly Address<"object">[]): string | undefined {
  if (isAlone()) return ALONE;
  return objects.every((object) => object !== 0 && isHeldOnlyHere(object)) ? ONLY_HERE : undefined;
}
