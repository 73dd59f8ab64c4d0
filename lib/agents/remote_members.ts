/**
 * Members that an object of the program has in a process itself: they use its other members, or do a part
 * of their work here.
 *
 * @module
 */

import { checkFunction } from "../arguments/values.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import {
  type AnyBuffer,
  intoReader,
  recvBytesIntoNames,
  type RecvBytesIntoOptions,
} from "../channels/bytes.ts";
import { itemIterator } from "../channels/item_iterator.ts";
import { computeNext } from "../memory/container.ts";
import type { Revision } from "../memory/revision.ts";
import { type Compare, compareBy } from "../memory/shared_list.ts";
import { readySteps, type RemoteReadiness, remoteReadiness } from "../parking/readiness.ts";
import { refusePromise } from "../sync/settled.ts";
import { beginRemote, callRemote, callRemoteSync, type RemoteUse } from "./remote_calls.ts";
import { ITERATE, type RemoteUses } from "./remote_classes.ts";
import { remoteNumberOf, resultFor, useOf } from "./remote_uses.ts";

/** A connection, as far as receiving into a buffer uses it. */
interface BytesReceiver {
  recvBytes(options?: WaitOptions): Promise<Uint8Array<ArrayBuffer>>;
  recvBytesSync(options?: WaitOptions): Uint8Array<ArrayBuffer>;
}

async function recvBytesInto(
  this: BytesReceiver,
  buffer: AnyBuffer,
  options?: RecvBytesIntoOptions,
): Promise<number> {
  const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
  const read = intoReader(buffer, options?.offset);
  return read(await this.recvBytes(wait));
}

function recvBytesIntoSync(
  this: BytesReceiver,
  buffer: AnyBuffer,
  options?: RecvBytesIntoOptions,
): number {
  const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
  const read = intoReader(buffer, options?.offset);
  return read(this.recvBytesSync(wait));
}

/** The name by which the agent waits until one of several objects is ready. */
export const WAIT_ANY = "[waitAny]";

/** The use of several objects of the program that waits for them. */
function waitOf(
  objects: readonly object[],
  { timeoutMs = Infinity, signal }: WaitOptions,
): RemoteUse {
  const all = objects.map((object) => remoteNumberOf(object)!);
  return { ...useOf(objects[0], "call", WAIT_ANY, [all, timeoutMs]), signal };
}

/** Waits for objects of the program. */
const readiness: RemoteReadiness = {
  wait: (objects, options) => callRemote(waitOf(objects, options)) as Promise<number[]>,
  poll: (objects) => callRemoteSync(waitOf(objects, { timeoutMs: 0 })) as number[],
  begin(objects) {
    const { steps, result } = beginRemote(waitOf(objects, {}));
    return { steps, ready: () => result() as number[] };
  },
};

/** The names by which a process reads something in order to change it, stores what it made, and ends that. */
export const Revising = { READ: "[read]", STORE: "[store]", RELEASE: "[release]" } as const;

/**
 * Reads something of an object of the program in order to change it. The agent runs no function of the
 * user's: it keeps what was read, so that it can tell whether it is there still.
 *
 * @param member which of its members does so, with arguments that say what is read
 */
export function reviseRemote(object: object, member: string, args: unknown[]): Revision {
  const call = (name: string, args: unknown[]) =>
    callRemoteSync({ ...useOf(object, "call", name, args), label: `${member}()` });
  const [number, value] = call(Revising.READ, [member, ...args]) as [number, unknown];
  let isOver = false;
  return {
    value,
    store(next) {
      const isStored = call(Revising.STORE, [number, next]);
      isOver = true;
      return isStored === true;
    },
    release() {
      if (!isOver) call(Revising.RELEASE, [number]);
    },
  };
}

/** Stores what is made of a revision, again until it was not too late. Returns what was made. */
function revise<T>(
  object: object,
  member: string,
  args: unknown[],
  make: (value: unknown) => T,
): T {
  for (;;) {
    const revision = reviseRemote(object, member, args);
    try {
      const next = make(revision.value);
      if (revision.store(next)) return next;
    } finally {
      revision.release();
    }
  }
}

/** The container is of no use to its function, which is called here, and not where the container lies. */
const NO_CONTAINER = 0;

function updateContents(this: object, key: unknown, fn?: unknown): unknown {
  if (typeof fn !== "function") {
    return resultFor(this, callRemoteSync(useOf(this, "call", "update", [key, fn])));
  }
  return revise(
    this,
    "update",
    [key],
    (value) => computeNext(NO_CONTAINER, fn as (value: unknown) => unknown, value),
  );
}

function sortContents(this: object, compare?: unknown): unknown {
  if (typeof compare !== "function") {
    return resultFor(this, callRemoteSync(useOf(this, "call", "sort", [compare])));
  }
  revise(this, "sort", [], (values) => {
    const items = values as unknown[];
    return [...items.keys()].sort((a, b) => compareBy(compare as Compare, items[a], items[b]));
  });
  return this;
}

/** A number, as far as an update uses it. */
interface Cell {
  readonly value: unknown;
  compareExchange(expected: unknown, replacement: unknown): unknown;
}

function updateNumber(this: Cell, next: (old: unknown) => unknown): unknown {
  checkFunction("update value", "next", next);
  for (;;) {
    const old = this.value;
    const element = next(old);
    refusePromise(element, "Cannot update value: the function returned a promise. Await it before");
    const found = this.compareExchange(old, element);
    if (found === old || Object.is(found, old)) return old;
  }
}

/** A condition, as far as waiting for a predicate uses it. */
interface Waitable {
  wait(options?: WaitOptions): Promise<boolean>;
  waitSync(options?: WaitOptions): boolean;
}

async function waitFor<T>(this: Waitable, predicate: () => T, options?: WaitOptions): Promise<T> {
  const deadline = deadlineOf(options);
  let value = predicate();
  while (!value && performance.now() < deadline) {
    await this.wait({ ...options, timeoutMs: deadline - performance.now() });
    value = predicate();
  }
  return value;
}

function waitForSync<T>(this: Waitable, predicate: () => T, options?: WaitOptions): T {
  const deadline = deadlineOf(options);
  let value = predicate();
  while (!value && performance.now() < deadline) {
    this.waitSync({ ...options, timeoutMs: deadline - performance.now() });
    value = predicate();
  }
  return value;
}

/** A queue, as far as an iteration uses it. */
interface Gettable {
  get(options?: WaitOptions): Promise<unknown>;
  readonly closed: boolean;
}

/** Iterates over a queue. */
function values(this: Gettable, options?: WaitOptions): AsyncIterableIterator<unknown> {
  const left = new AbortController();
  const signal = options?.signal === undefined
    ? left.signal
    : AbortSignal.any([options.signal, left.signal]);
  return itemIterator({
    next: () => this.get({ ...options, signal }),
    isClosed: () => this.closed,
    leave: () => left.abort(),
  });
}

/** Returns what the objects of a class have themselves, by the names. */
export function ownMembersOf({ remote, accesses, revisions, frozen }: RemoteUses): OwnMembers {
  const has = (name: string | symbol) => name in remote.prototype;
  const members: OwnMembers = new Map();
  if (has("recvBytesInto")) {
    members.set("recvBytesInto", recvBytesInto).set("recvBytesIntoSync", recvBytesIntoSync);
  }
  if (has("waitFor")) members.set("waitFor", waitFor).set("waitForSync", waitForSync);
  if (revisions?.has("update")) members.set("update", updateContents);
  if (revisions?.has("sort")) members.set("sort", sortContents);
  if (accesses.has("compareExchange")) members.set("update", updateNumber);
  if (has(readySteps)) members.set(remoteReadiness, readiness);
  if (has(Symbol.asyncIterator)) {
    members.set("values", values).set(Symbol.asyncIterator, iterateAsync);
  }
  if (has(Symbol.iterator)) {
    members.set(Symbol.iterator, function (this: object) {
      const result = callRemoteSync(useOf(this, "call", ITERATE, []));
      return resultFor(this, result, frozen?.get(ITERATE));
    });
  }
  if (has(Symbol.dispose)) members.set(Symbol.dispose, dispose);
  return members;
}

/** Members by their names. */
type OwnMembers = Map<string | symbol, unknown>;

function iterateAsync(this: Gettable): AsyncIterableIterator<unknown> {
  return values.call(this);
}

function dispose(this: { close(): void }): void {
  this.close();
}
