/**
 * Puts of this isolate that wait for room: they get it in the order in which they were made.
 *
 * Only the first of a line waits in the channel's queue, where it meets those of other isolates.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { fiberKeepsAlive, waitInFiber } from "../parking/wait.ts";
import { settledWithin } from "../sync/settled.ts";

/** By channel, how many stand in the line, and the end of the last put and of all before it. */
const lines = new Map<number, { count: number; end?: Promise<unknown> }>();
/** The ends of those that are of no daemon: a worker whose work is done waits for them. */
const owed = new Set<Promise<void>>();

/** Whether puts of this isolate wait for room in the channel: the next must not overtake them. */
export function hasPendingPuts(channel: number): boolean {
  return lines.size > 0 && lines.has(channel);
}

/**
 * Waits for the turn of a put, and then puts.
 *
 * @param put puts by the time that is left
 * @returns "timed out" if its time was up before its turn
 * @throws the reason of `signal`, if that is aborted first
 */
export async function putInOrder<R>(
  channel: number,
  options: WaitOptions | undefined,
  put: (options?: WaitOptions) => Promise<R>,
): Promise<R | "timed out"> {
  const line = lines.get(channel) ?? { count: 0 };
  const before = line.end;
  const ended = Promise.withResolvers<void>();
  if (fiberKeepsAlive()) owed.add(ended.promise);
  line.count++;
  line.end = Promise.all([before, ended.promise]);
  lines.set(channel, line);
  try {
    if (before === undefined) return await put(options);
    const deadline = deadlineOf(options);
    if (!await waitInFiber(options, (wait) => settledWithin(before, wait))) return "timed out";
    if (deadline === Infinity) return await put(options);
    const timeoutMs = Math.max(deadline - performance.now(), 0);
    return await put({ timeoutMs, signal: options!.signal });
  } finally {
    owed.delete(ended.promise);
    ended.resolve();
    if (--line.count === 0) lines.delete(channel);
  }
}

/** How many puts of this isolate wait for room, but for those of daemons. */
export function countPendingPuts(): number {
  return owed.size;
}

/** Waits until those that wait for room now, but for those of daemons, have got it or given up. */
export async function pendingPutsDone(): Promise<void> {
  await Promise.all(owed);
}
