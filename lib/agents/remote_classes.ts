/**
 * The classes whose objects a process of the operating system can use: it calls their methods, and its
 * agent carries them out on the object in the heap of the program.
 *
 * @module
 */

import { Connection } from "../channels/connection.ts";
import { JoinableQueue } from "../channels/joinable_queue.ts";
import { LifoQueue } from "../channels/lifo_queue.ts";
import { PriorityQueue } from "../channels/priority_queue.ts";
import { Queue } from "../channels/queue.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { SharedList } from "../memory/shared_list.ts";
import { SharedMap } from "../memory/shared_map.ts";
import { RawValue, Value } from "../memory/value.ts";
import { SharedHandle } from "../objects/shared_object.ts";
import { Barrier } from "../sync/barrier.ts";
import { Condition } from "../sync/condition.ts";
import { Event } from "../sync/event.ts";
import { Lock } from "../sync/lock.ts";
import { RLock } from "../sync/rlock.ts";
import { BoundedSemaphore, Semaphore } from "../sync/semaphore.ts";

/** A class of shared objects. */
export interface RemoteClass {
  readonly name: string;
  readonly prototype: object;
}

/** The classes; both sides know one by its place in the list. */
export const remoteClasses: readonly RemoteClass[] = [
  ...[Lock, RLock, Semaphore, BoundedSemaphore, Event, Condition, Barrier],
  ...[Queue, JoinableQueue, LifoQueue, PriorityQueue, SimpleQueue, Connection],
  ...[RawValue, Value, SharedMap, SharedList],
];

/**
 * Returns the place of the class of a handle in {@linkcode remoteClasses}; -1 if it is not there. What stands
 * for an object of another program has a prototype of its own above that of its class.
 */
export function classIndexOf(handle: object): number {
  for (let at = Object.getPrototypeOf(handle); at !== null; at = Object.getPrototypeOf(at)) {
    const index = remoteClasses.findIndex((remote) => remote.prototype === at);
    if (index >= 0) return index;
  }
  return -1;
}

/** What a process can do with a property of an object. */
export type Access = "call" | "wait" | "get";

/** Members that the process has itself: they use the others only, or are none of a user's. */
const OWN = new Set(["constructor", "forEach", "toString", "kind", "channel"]);

/**
 * Returns the properties of a class that a process can use: how, by their names.
 *
 * Methods that block have a counterpart that returns a promise: both are carried out by the latter.
 */
export function accessesOf({ prototype }: RemoteClass): ReadonlyMap<string, Access> {
  const accesses = new Map<string, Access>();
  for (let at = prototype; at !== SharedHandle.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (OWN.has(name) || accesses.has(name)) continue;
      if (typeof value !== "function") accesses.set(name, "get");
      else accesses.set(name, `${name}Sync` in prototype ? "wait" : "call");
    }
  }
  return accesses;
}
