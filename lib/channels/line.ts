/**
 * Puts of this isolate that wait for room: they get it in the order in which they were made.
 *
 * Only the first of a line waits in the channel's queue, where it meets those of other isolates.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../atomics/deadline.ts";
import { settledWithin } from "../sync/settled.ts";

/** By channel, the end of the last put in the line and of all before it. */
const lines = new Map<number, Promise<unknown>>();
let waiting = 0;

/** Whether puts of this isolate wait for room in the channel: the next must not overtake them. */
export function hasLine(channel: number): boolean {
  return lines.size > 0 && lines.has(channel);
}

/**
 * Waits for the turn of a put, and then puts.
 *
 * @param put puts by the time that is left
 * @returns "timed out" if its time was up before its turn
 * @throws the reason of `signal`, if that is aborted first
 */
export async function putInLine<R>(
  channel: number,
  options: WaitOptions | undefined,
  put: (options?: WaitOptions) => Promise<R>,
): Promise<R | "timed out"> {
  const before = lines.get(channel);
  const ended = Promise.withResolvers<void>();
  const last = Promise.all([before, ended.promise]);
  lines.set(channel, last);
  waiting++;
  try {
    if (before === undefined) return await put(options);
    const deadline = deadlineOf(options);
    if (!await settledWithin(before, options)) return "timed out";
    if (deadline === Infinity) return await put(options);
    return await put({ ...options, timeoutMs: Math.max(deadline - performance.now(), 0) });
  } finally {
    waiting--;
    ended.resolve();
    last.then(() => lines.get(channel) === last && lines.delete(channel));
  }
}

/** How many puts of this isolate wait for room. */
export function putsInLine(): number {
  return waiting;
}

/** Waits until no put of this isolate waits for room, whether they got it or not. */
export async function allPut(): Promise<void> {
  while (lines.size > 0) await Promise.all(lines.values());
}
