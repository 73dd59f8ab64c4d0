/**
 * Watching workers that start: one that takes long is reported, with what it is waiting for, and ended
 * after a time limit.
 *
 * A module whose top level never ends, and an initializer that never returns, would otherwise hang the
 * program without a word.
 *
 * @module
 */

import { PHASE, PHASE_OF } from "./words.ts";
import { TimeoutError } from "../errors.ts";
import { hasEnded, type IsolateAddress, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { type Alarm, clearAlarm, setAlarm } from "../parking/alarms.ts";
import { definitionAt } from "../codec/definition.ts";
import { functionNameAt } from "../codec/functions.ts";
import { failToStart } from "./lifecycle.ts";
import { isBuilt } from "./module_urls.ts";

/** What a worker does before its own work begins. */
export const Phase = { LOADING: 0, IMPORTING: 1, INITIALIZING: 2, READY: 3 } as const;

/** How long a worker may take before it is reported, in milliseconds. */
const REPORT_AFTER_MS = 10_000;
/**
 * How long a worker may take to load the modules of the package, in milliseconds. If they cannot be loaded,
 * a blocked main isolate does not learn of it otherwise.
 */
const LOAD_TIMEOUT_MS = 60_000;

/**
 * Says what this worker does before its own work.
 *
 * @param address the function whose module it imports, or which is its initializer; 0 for neither
 */
export function enterPhase(phase: number, address = 0): void {
  i32[thisIsolate + PHASE_OF] = address;
  Atomics.store(i32, thisIsolate + PHASE, phase);
}

/** Whether a worker has begun its own work. */
export function isReady(record: IsolateAddress): boolean {
  return Atomics.load(i32, record + PHASE) === Phase.READY;
}

/** A worker that is watched. */
export interface StartWatch {
  alarm: Alarm | undefined;
}

/**
 * Watches a worker until it is ready or has ended.
 *
 * @param timeoutMs how long it may take, in milliseconds
 */
export function watchStart(record: IsolateAddress, name: string, timeoutMs: number): StartWatch {
  const begin = performance.now();
  const endAt = begin + timeoutMs;
  let isReported = false;
  const watch: StartWatch = { alarm: undefined };
  const check = () => {
    watch.alarm = undefined;
    if (hasEnded(record) || isReady(record)) return;
    const waitedMs = performance.now() - begin;
    const isLoading = Atomics.load(i32, record + PHASE) === Phase.LOADING;
    const limitMs = isLoading ? Math.min(timeoutMs, LOAD_TIMEOUT_MS) : timeoutMs;
    const doing = describePhase(record);
    if (waitedMs >= limitMs) {
      const why = `${name} was not ready within ${limitMs} ms: it ${doing}`;
      return failToStart(record, new TimeoutError(`Cannot start worker: ${why}`));
    }
    if (!isReported && waitedMs >= REPORT_AFTER_MS) {
      isReported = true;
      const seconds = Math.round(waitedMs / 1000);
      console.warn(
        `${name} is not ready after ${seconds} s: it ${doing}. ${adviceWhile(isLoading)}`,
      );
    }
    const next = Math.min(endAt, isLoading ? begin + LOAD_TIMEOUT_MS : Infinity);
    if (next !== Infinity) watch.alarm = setAlarm(next, check);
  };
  watch.alarm = setAlarm(Math.min(begin + REPORT_AFTER_MS, endAt), check);
  return watch;
}

/** Returns what to do about a worker that takes long to start. */
function adviceWhile(isLoading: boolean): string {
  return isLoading && !isBuilt
    ? 'Deno may be checking their types, as the first "deno test" does; "deno test --no-check" does not'
    : "A startTimeoutMs would end it";
}

/** Ends a watch. */
export function endWatch(watch: StartWatch | undefined): void {
  clearAlarm(watch?.alarm);
}

function describePhase(record: IsolateAddress): string {
  const address = i32[record + PHASE_OF];
  switch (Atomics.load(i32, record + PHASE)) {
    case Phase.IMPORTING: {
      const definition = definitionAt(address);
      const module = "module" in definition ? definition.module : functionNameAt(address);
      return `is importing ${module}, whose top level has not ended`;
    }
    case Phase.INITIALIZING:
      return `is running the initializer ${functionNameAt(address)}`;
    default:
      return "is loading the modules of the package";
  }
}
