/**
 * Uses of objects of the program: by which numbers they are named, and what a method returns for an answer.
 *
 * @module
 */

import { freeze } from "../memory/frozen.ts";
import { LockGuard } from "../sync/ownership.ts";
import { RLockGuard } from "../sync/rlock.ts";
import { Guard, List, type RemoteUse, Self } from "./remote_calls.ts";
import type { Access, FrozenPart } from "./remote_classes.ts";

/** The numbers by which the agent knows objects. */
const numbers = new WeakMap<object, number>();

/** Notes by which number the agent knows what an object stands for. */
export function setRemoteNumber(object: object, number: number): void {
  numbers.set(object, number);
}

/** Returns the number of an object of the program; `undefined` if the object is of this one. */
export function remoteNumberOf(object: object): number | undefined {
  return numbers.get(object);
}

/** Returns a use of an object of the program. */
export function useOf(object: object, access: Access, name: string, args: unknown[]): RemoteUse {
  return { object: numbers.get(object)!, access, name, args };
}

/** Returns what a method returns for what the agent has sent. */
export function resultFor(object: object, result: unknown, frozen?: FrozenPart): unknown {
  if (frozen !== undefined) freezePart(result instanceof List ? result.items : result, frozen);
  if (result instanceof Self) return object;
  if (result instanceof List) return result.items.values();
  if (!(result instanceof Guard)) return result;
  return result.token === 0
    ? new LockGuard(object as { release(): void })
    : new RLockGuard(object as never, result.token);
}

/** Freezes what cannot be changed by changing the copy that was returned. */
function freezePart(result: unknown, part: FrozenPart): void {
  if (part === "all") freeze(result);
  else for (const item of result as unknown[]) freezePart(item, part === "pairs" ? "items" : "all");
}
