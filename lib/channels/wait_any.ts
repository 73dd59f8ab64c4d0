/**
 * Waiting for the first of several objects.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { awaitOnAny, blockOnAnyOf, readySteps, type Waitable } from "../parking/readiness.ts";
import { checkIterable, hasMethod, isInstance, wrongType } from "../arguments/values.ts";
import type { Address } from "../heap/address.ts";
import { addressOf } from "../objects/shared_object.ts";
import { isStopping, neverSettled } from "../parking/wait.ts";
import { Event } from "../sync/event.ts";
import { Connection, peerOf } from "./connection.ts";
import { Listener } from "./listener.ts";

/**
 * Waits until at least one of several objects is ready, and returns all that are.
 *
 * | object | is ready when | call that then does not wait |
 * |---|---|---|
 * | `Connection` | a message came, or the other end is gone | `recv()` |
 * | a queue | it has an item, or is closed | `get()` |
 * | `Event` | it is set | `wait()` |
 * | `Process` | it has ended | `join()` |
 * | `Listener` | a client has connected, or it is closed | `accept()` |
 *
 * - It takes no item or message. Another receiver of the same queue may be faster, so get items with
 *   a `timeoutMs`, or with `tryGet`.
 * - An event that is set and cleared again during the wait counts as ready.
 * - A connection that was sent to a worker is open here again, as with `poll()`.
 *
 * Follows Python's `multiprocessing.connection.wait`. For promises there is `Promise.race`.
 *
 * @typeParam T the type of the objects
 * @param objects the objects to wait for
 * @param options with a `timeoutMs` of 0 or less, the call does not wait
 * @returns the objects that are ready, in the order given; none if `timeoutMs` passes first, or
 * `objects` is empty
 * @throws {TypeError} if an object cannot be waited for; the message names its index
 * @throws {ClosedError} if a connection was closed in this isolate
 * @throws {Error} if a process was not started
 * @throws the reason of `signal`, if it is aborted first
 *
 * @example A message or a stop signal
 * ```ts
 * import { Event, Pipe, waitAny } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = Pipe<string>();
 * const stop = new Event();
 * assertEquals(await waitAny([here, stop], { timeoutMs: 1 }), []);
 * setTimeout(() => there.sendSync("hello"), 5);
 * for (const ready of await waitAny([here, stop])) {
 *   if (ready instanceof Event) break;
 *   assertEquals(await ready.recv(), "hello");
 * }
 * ```
 */
export async function waitAny<T extends Waitable>(
  objects: Iterable<T>,
  options?: WaitOptions,
): Promise<T[]> {
  if (isStopping()) return neverSettled();
  const all = listOf(objects);
  deadlineOf(options); // rejects invalid options even if there is nothing to wait for
  if (all.length === 0) return [];
  const indices = await awaitOnAny(all, options);
  return indices.map((at) => all[at]);
}

/**
 * As {@linkcode waitAny}, but blocks the isolate.
 *
 * @typeParam T the type of the objects
 * @param objects the objects to wait for
 * @param options with a `timeoutMs` of 0 or less, the call does not wait
 * @returns the objects that are ready, in the order given; none if `timeoutMs` passes first, or
 * `objects` is empty
 * @throws {TypeError} if an object cannot be waited for; the message names its index
 * @throws {ClosedError} if a connection was closed in this isolate
 * @throws {DeadlockError} if only this isolate could make an object ready, as no other has any of them, and
 * `timeoutMs` is not given. For a connection, another isolate must have the other end; a listener and an
 * event that was never sent count as if one had them, while a worker lives
 * @throws {Error} if a process was not started
 * @throws {TerminatedError} if this worker is terminated
 *
 * @example All that are ready
 * ```ts
 * import { Process, Queue, waitAnySync } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queues = [new Queue<number>(), new Queue<number>(), new Queue<number>()];
 * queues[2].putSync(1);
 * queues[0].putSync(2);
 * assertEquals(waitAnySync(queues), [queues[0], queues[2]]);
 *
 * const process = new Process({ target: () => {} });
 * process.start();
 * assertEquals(waitAnySync([queues[1], process]), [process]);
 * await process.join();
 * ```
 */
export function waitAnySync<T extends Waitable>(objects: Iterable<T>, options?: WaitOptions): T[] {
  const all = listOf(objects);
  deadlineOf(options); // rejects invalid options even if there is nothing to wait for
  if (all.length === 0) return [];
  const indices = blockOnAnyOf(all, options, neededFor);
  return indices.map((at) => all[at]);
}

/** Returns the object that an isolate must have a handle for to make this one ready; 0 if there is none. */
function neededFor(object: Waitable): Address<"object"> {
  const address = addressOf(object) ?? 0;
  if (isInstance(object, Connection)) return peerOf(address);
  if (isInstance(object, Event)) return Event.neededToSet(object);
  return isInstance(object, Listener) ? 0 : address; // any isolate may connect to a listener
}

/** Copies the objects into an array, which the caller cannot change during the wait. */
function listOf<T extends Waitable>(objects: Iterable<T>): T[] {
  checkIterable("wait", "objects", objects, "For one object write [object]");
  const all = [...objects];
  all.forEach((object: unknown, at) => {
    if (hasMethod(object, readySteps)) return;
    throw wrongType(
      "wait",
      `objects[${at}]`,
      "a Connection, a queue, an Event, a Process or a Listener",
      object,
      hasMethod(object, "then") ? "For promises there is Promise.race" : undefined,
    );
  });
  return all;
}
