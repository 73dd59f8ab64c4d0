/**
 * The classes whose objects a process of the operating system can use: it calls their methods, and its
 * agent carries them out on the object in the heap of the program.
 *
 * @module
 */

import { Connection } from "../channels/connection.ts";
import { JoinableQueue } from "../channels/joinable_queue.ts";
import { LifoQueue } from "../channels/lifo_queue.ts";
import { Listener } from "../channels/listener.ts";
import { PriorityQueue } from "../channels/priority_queue.ts";
import { Queue } from "../channels/queue.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { Claims } from "../heap/claims.ts";
import { attributesOf, Namespace, reviveElsewhere } from "../memory/namespace.ts";
import type { Revise } from "../memory/revision.ts";
import { reviseElement, reviseOrder, SharedList } from "../memory/shared_list.ts";
import { reviseMap, SharedMap } from "../memory/shared_map.ts";
import { RawValue, Value } from "../memory/value.ts";
import { type ObjectAddress, SharedHandle } from "../objects/shared_object.ts";
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

/** What a process can do with a property of an object. */
export type Access = "call" | "wait" | "get";

/** How processes use the objects of a class. */
export interface RemoteUses {
  readonly remote: RemoteClass;
  /** The properties that a process can use: how, by their names. */
  readonly accesses: ReadonlyMap<string, Access>;
  /** How the members that compute something by a function read what the function gets, by their names. */
  readonly revisions?: ReadonlyMap<string, Revise> | undefined;
  /** What is frozen of what a member returns, by the names of the members. */
  readonly frozen?: ReadonlyMap<string, FrozenPart> | undefined;
  /** How they are used if their properties are not those of their prototype. */
  readonly inner?: InnerObject | undefined;
}

/** What is frozen of what a member returns: all of it, its items, or the items of its items. */
export type FrozenPart = "all" | "items" | "pairs";

/** The name by which an object is iterated over. */
export const ITERATE = "[Symbol.iterator]";

/** How an object is used by another one inside of it. */
export interface InnerObject {
  /** Returns what the agent carries out calls on. */
  of(handle: object): object;
  /**
   * Makes the handle in a process of an object whose properties have any names; `inner` stands there for
   * the inner object. If omitted, the handle has the members of the inner object.
   */
  revive?(inner: object, address: ObjectAddress): object;
}

/** The most classes that there can be. */
const MAX_CLASSES = 255;
const claims = new Claims("class of objects for processes", MAX_CLASSES);
/** The classes, by the number by which both sides know one. */
const classes: (RemoteUses | undefined)[] = [];

/**
 * Defines a class whose objects processes can use. The module of the class calls it once.
 *
 * @param number the number by which both sides know it
 * @param members the properties that a process can use: how, by their names
 * @throws {Error} if another class has the number
 */
export function defineRemoteClass(
  number: number,
  remote: RemoteClass,
  members: Readonly<Record<string, Access>>,
  { inner, revisions = {}, frozen = {} }: RemoteOptions = {},
): void {
  classes[claims.claim(number, remote.name)] = {
    remote,
    accesses: new Map(Object.entries(members)),
    revisions: new Map(Object.entries(revisions)),
    frozen: new Map(Object.entries(frozen)),
    inner,
  };
}

/** Options of {@linkcode defineRemoteClass}. */
interface RemoteOptions {
  /** See {@linkcode RemoteUses.inner}. */
  inner?: InnerObject;
  /** See {@linkcode RemoteUses.revisions}. */
  revisions?: Readonly<Record<string, Revise>>;
  /** See {@linkcode RemoteUses.frozen}. */
  frozen?: Readonly<Record<string, FrozenPart>>;
}

/** Returns how processes use the objects of the class with a number. */
export function remoteUsesOf(classNumber: number): RemoteUses {
  return classes[classNumber]!;
}

/**
 * Returns the number of the class of a handle; `undefined` if processes cannot use it. What stands for an
 * object of another program has a prototype of its own above that of its class.
 */
export function classNumberOf(handle: object): number | undefined {
  for (let at = Object.getPrototypeOf(handle); at !== null; at = Object.getPrototypeOf(at)) {
    const number = classes.findIndex((uses) => uses?.remote.prototype === at);
    if (number >= 0) return number;
  }
  return undefined;
}

/**
 * Members that processes do not call: they have them themselves, by means of others, or only the module of
 * the class uses them.
 */
const OWN = ["constructor", "toString"];
const OWN_OF_QUEUES = ["kind", "channel", "values"];
const OWN_OF_CONNECTIONS = ["recvBytesInto", "recvBytesIntoSync"];
const OWN_OF_CONDITIONS = ["waitFor", "waitForSync"];
const OWN_OF_VALUES = ["update"];
const OWN_OF_MAPS = ["forEach", "snapshot", "recompute", "exchange"];
const OWN_OF_LISTS = ["forEach", "snapshot", "replace", "outOfRange"];

/**
 * Returns the properties of a class that its users have: how they are used, by their names.
 *
 * Methods that block have a counterpart that returns a promise: both are carried out by the latter.
 */
function publicMembersOf({ prototype }: RemoteClass, own: string[]): Record<string, Access> {
  const members: Record<string, Access> = {};
  for (let at = prototype; at !== SharedHandle.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (OWN.includes(name) || own.includes(name) || Object.hasOwn(members, name)) continue;
      if (typeof value !== "function") members[name] = "get";
      else members[name] = `${name}Sync` in prototype ? "wait" : "call";
    }
  }
  return members;
}

const mapOptions: RemoteOptions = {
  revisions: { update: (map, [key]) => reviseMap(map as SharedMap, key) },
  frozen: { get: "all", setdefault: "all", values: "items", entries: "pairs", [ITERATE]: "pairs" },
};
const listOptions: RemoteOptions = {
  revisions: {
    update: (list, [index]) => reviseElement(list as SharedList, index),
    sort: (list) => reviseOrder(list as SharedList),
  },
  frozen: { at: "all", get: "all", slice: "items", [ITERATE]: "items" },
};

const builtIn: [RemoteClass[], string[]?, RemoteOptions?][] = [
  [[Lock, RLock, Semaphore, BoundedSemaphore]],
  [[Event], ["changeFrom"]],
  [[Condition], OWN_OF_CONDITIONS],
  [[Barrier]],
  [[Queue, JoinableQueue, LifoQueue, PriorityQueue, SimpleQueue], OWN_OF_QUEUES],
  [[Connection], OWN_OF_CONNECTIONS],
  [[RawValue, Value], OWN_OF_VALUES],
  [[SharedMap], OWN_OF_MAPS, mapOptions],
  [[SharedList], OWN_OF_LISTS, listOptions],
  [[Listener]],
];

let lastNumber = -1;
for (const [remotes, names = [], options = {}] of builtIn) {
  for (const remote of remotes) {
    defineRemoteClass(++lastNumber, remote, publicMembersOf(remote, names), options);
  }
}
defineRemoteClass(++lastNumber, Namespace, publicMembersOf(SharedMap, OWN_OF_MAPS), {
  inner: { of: attributesOf, revive: reviveElsewhere },
  ...mapOptions,
});
