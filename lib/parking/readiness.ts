/**
 * Waiting for the first of several objects that is ready.
 *
 * A {@linkcode Waitable} has steps that end when it is ready and change nothing. Waiting for
 * several objects runs the steps of all of them until the first ends: {@linkcode blockOnAnyOf} sleeps in all
 * their queues at once, {@linkcode awaitOnAny} has a promise in each. The other waiters then leave their
 * queues. A waiter that was woken at the last moment checks once more and hands the wake-up that it does
 * not use to the next waiter of its queue.
 *
 * Objects that lie in the memory of another program have no steps here. Their {@linkcode RemoteReadiness}
 * waits for all of them together, as one more of the objects.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import type { Address } from "../heap/address.ts";
import { awaitOn, blockOnAny, type Steps } from "./wait.ts";

/** Steps that end with true when an object is ready, with false when the time is up. */
export type ReadySteps = Steps<boolean>;

/** The method of a {@linkcode Waitable}. */
export const readySteps: unique symbol = Symbol("readySteps");

/**
 * What `waitAny` and `waitAnySync` can wait for: a `Connection` (a message or the end of the other side),
 * a queue (an item or its end), an `Event` (set), a `Process` (ended), a `Listener` (a connection).
 */
// A class only because `deno doc --lint` wants the symbol in the public interface otherwise.
export abstract class Waitable {
  /** Returns the steps of waiting until the object is ready, for `waitAny`. They change nothing. */
  abstract [readySteps](): Generator<unknown, boolean, never>;
}

/** Returns the steps of waiting until an object is ready. */
function readyStepsOf(object: Waitable): ReadySteps {
  return object[readySteps]() as Generator<unknown, boolean, never> as ReadySteps;
}

/** Whether an object is ready now. */
function isReady(object: Waitable): boolean {
  const steps = readyStepsOf(object);
  const { done, value } = steps.next();
  steps.return(false);
  return done === true && value;
}

/** How to wait for objects that lie in the memory of another program: it is asked for all of them at once. */
export interface RemoteReadiness {
  /** Waits until at least one is ready, or the time is up. Returns the indices of those that are ready. */
  wait(objects: readonly Waitable[], options: WaitOptions): Promise<number[]>;
  /** Returns the indices of those that are ready now. */
  poll(objects: readonly Waitable[]): number[];
  /** Begins to wait, in an isolate that blocks. */
  begin(objects: readonly Waitable[]): BegunWait;
}

/** A wait for objects of another program in an isolate that blocks. */
export interface BegunWait {
  /** Its steps end when one of the objects is ready, or it has failed. They end it if they are abandoned. */
  readonly steps: ReadySteps;
  /** Returns the indices of the objects that are ready, when the steps have ended. */
  ready(): number[];
}

/** Property of an object that lies in the memory of another program: its {@linkcode RemoteReadiness}. */
export const remoteReadiness: unique symbol = Symbol("remoteReadiness");

/** Objects to wait for, by where they lie. */
interface Divided {
  /** Indices of the objects of this program. */
  readonly here: readonly number[];
  /** Indices of those of another one, and they. */
  readonly elsewhere: readonly number[];
  readonly remote: readonly Waitable[];
  readonly readiness: RemoteReadiness | undefined;
}

function divide(objects: readonly Waitable[]): Divided {
  const readinessOf = (at: number): RemoteReadiness | undefined =>
    Reflect.get(objects[at], remoteReadiness);
  const indices = [...objects.keys()];
  const elsewhere = indices.filter((at) => readinessOf(at) !== undefined);
  return {
    here: indices.filter((at) => readinessOf(at) === undefined),
    elsewhere,
    remote: elsewhere.map((at) => objects[at]),
    readiness: elsewhere.length === 0 ? undefined : readinessOf(elsewhere[0]),
  };
}

const inOrder = (indices: number[]): number[] => indices.sort((a, b) => a - b);

/** The reason with which the waits for the other objects are aborted. */
const OVER = Symbol("another was ready first");

/**
 * Waits until at least one of several objects is ready, or the time is up, leaving the isolate to others.
 *
 * @returns the indices of those that are ready; none if the time is up
 */
export async function awaitOnAny(
  objects: readonly Waitable[],
  options: WaitOptions = {},
): Promise<number[]> {
  const { here, elsewhere, remote, readiness } = divide(objects);
  const isReadyHere = here.filter((at) => isReady(objects[at]));
  const isPoll = isReadyHere.length > 0 || deadlineOf(options) === 0;
  if (isPoll && readiness === undefined) return isReadyHere;
  const { timeoutMs = Infinity, signal } = options;
  const over = new AbortController();
  const onAbort = () => over.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort);
  const wait = { timeoutMs: isPoll ? 0 : timeoutMs, signal: over.signal };
  const waits = isPoll ? [Promise.resolve(isReadyHere)] : here.map(async (at) => {
    return await awaitOn(readyStepsOf(objects[at]), wait) ? [at] : [];
  });
  if (readiness !== undefined) {
    waits.push(readiness.wait(remote, wait).then((found) => found.map((at) => elsewhere[at])));
  }
  const end = () => over.abort(OVER);
  if (!isPoll) Promise.race(waits).then(end, end);
  const outcomes = await Promise.allSettled(waits);
  signal?.removeEventListener("abort", onAbort);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected" && outcome.reason !== OVER) throw outcome.reason;
  }
  return inOrder(
    outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? outcome.value : []),
  );
}

/**
 * Waits until at least one of several objects is ready, or the time is up, blocking the isolate.
 *
 * @param neededFor returns the object that an isolate must have a handle for to make one ready; 0 if there
 * is none
 * @throws {DeadlockError} if a wait without time-out could only be ended by this isolate
 * @returns the indices of those that are ready; none if the time is up
 */
export function blockOnAnyOf(
  objects: readonly Waitable[],
  options: WaitOptions | undefined,
  neededFor: (object: Waitable) => Address<"object">,
): number[] {
  const deadline = deadlineOf(options);
  const { here, elsewhere, remote, readiness } = divide(objects);
  const steps = () => here.map((at) => readyStepsOf(objects[at]));
  const needed = here.map((at) => neededFor(objects[at]));
  if (readiness === undefined) return blockOnAny(steps(), options, needed);
  const isReadyHere = here.filter((at) => isReady(objects[at]));
  const found = [...isReadyHere, ...readiness.poll(remote).map((at) => elsewhere[at])];
  if (found.length > 0 || deadline === 0) return inOrder(found);
  const begun = readiness.begin(remote);
  const timeoutMs = deadline - performance.now();
  const ended = blockOnAny([...steps(), begun.steps], { timeoutMs }, [...needed, 0]);
  return inOrder(
    ended.flatMap((at) =>
      at < here.length ? [here[at]] : begun.ready().map((remoteAt) => elsewhere[remoteAt])
    ),
  );
}
