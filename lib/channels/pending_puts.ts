/**
 * Puts of this isolate that wait for room, which they get in the order of the calls.
 *
 * Per channel, only the first pending put of an isolate waits in the channel's wait queue, together with
 * the first ones of other isolates. The others wait for the end of the put before them.
 *
 * @module
 */

import type { ChannelAddress } from "./channel_state.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { fiberKeepsAlive, waitInFiber } from "../parking/wait.ts";
import { settledWithin } from "../sync/settled.ts";

/** By channel: the number of pending puts, and a promise of the end of all of them. */
const pending = new Map<number, { count: number; end?: Promise<unknown> }>();
/** The ends of pending puts that keep the isolate alive: a worker waits for them before it ends. */
const keepingAlive = new Set<Promise<void>>();

/** Whether puts of this isolate wait for room in the channel, which a new put must not overtake. */
export function hasPendingPuts(channel: ChannelAddress): boolean {
  return pending.has(channel);
}

/**
 * Waits for the pending puts before this one, and then puts.
 *
 * @param put puts within the remaining time
 * @returns "timed out" if the time was up before all puts before it had ended
 * @throws the reason of `signal`, if it is aborted first
 */
export async function putInOrder<R>(
  channel: ChannelAddress,
  options: WaitOptions | undefined,
  put: (options?: WaitOptions) => Promise<R>,
): Promise<R | "timed out"> {
  const queue = pending.get(channel) ?? { count: 0 };
  const before = queue.end;
  const ended = Promise.withResolvers<void>();
  if (fiberKeepsAlive()) keepingAlive.add(ended.promise);
  queue.count++;
  queue.end = Promise.all([before, ended.promise]);
  pending.set(channel, queue);
  try {
    if (before === undefined) return await put(options);
    const deadline = deadlineOf(options);
    if (!await waitInFiber(options, (wait) => settledWithin(before, wait))) return "timed out";
    if (deadline === Infinity) return await put(options);
    const timeoutMs = Math.max(deadline - performance.now(), 0);
    return await put({ timeoutMs, signal: options!.signal });
  } finally {
    keepingAlive.delete(ended.promise);
    ended.resolve();
    if (--queue.count === 0) pending.delete(channel);
  }
}

/** Notes a put that another program carries out: this worker waits for it before it ends. */
export async function putElsewhere<R>(put: Promise<R>): Promise<R> {
  const ended = Promise.withResolvers<void>();
  keepingAlive.add(ended.promise);
  try {
    return await put;
  } finally {
    keepingAlive.delete(ended.promise);
    ended.resolve();
  }
}

/** Returns the number of pending puts of this isolate, except those of daemonic threads. */
export function countPendingPuts(): number {
  return keepingAlive.size;
}

/** Waits until the puts that are pending now, except those of daemonic threads, have ended. */
export async function pendingPutsDone(): Promise<void> {
  await Promise.all(keepingAlive);
}
