/**
 * Callbacks at a certain time, which are also called while the isolate blocks in a wait of the package.
 *
 * A blocked isolate runs no timers. So the blocking parker sleeps no longer than until the next alarm,
 * and then calls those that are due. At other times one timer does, which does not keep the program alive.
 *
 * @module
 */

import { DeadlineTimer } from "./timer.ts";

/** A callback that is called once, unless it is cleared before. */
export interface Alarm {
  /** When it is due, on the clock of `performance.now()`. */
  readonly at: number;
  /** The callback. It must not throw and must not wait. */
  readonly ring: () => void;
}

const alarms = new Set<Alarm>();
/** When the next alarm is due; `Infinity`: there is none. */
let nextAt = Infinity;
let timer: DeadlineTimer | undefined;
/** What `timer` is set to. */
let timerAt = Infinity;

/** Sets an alarm. It never rings early. */
export function setAlarm(at: number, ring: () => void): Alarm {
  const alarm: Alarm = { at, ring };
  alarms.add(alarm);
  if (at < nextAt) {
    nextAt = at;
    updateTimer();
  }
  return alarm;
}

/** Clears an alarm, if it has not rung. */
export function clearAlarm(alarm: Alarm | undefined): void {
  if (alarm === undefined || !alarms.delete(alarm) || alarm.at > nextAt) return;
  findNext();
}

/** Returns how long the isolate may sleep before an alarm is due, in milliseconds; `Infinity`: for ever. */
export function msToNextAlarm(): number {
  return nextAt === Infinity ? Infinity : Math.max(nextAt - performance.now(), 0);
}

/** Calls the alarms that are due. */
export function ringDueAlarms(): void {
  if (msToNextAlarm() > 0) return;
  for (const alarm of [...alarms]) {
    if (alarm.at <= performance.now() && alarms.delete(alarm)) alarm.ring();
  }
  findNext();
}

function findNext(): void {
  nextAt = Infinity;
  for (const { at } of alarms) if (at < nextAt) nextAt = at;
  updateTimer();
}

function updateTimer(): void {
  if (timerAt === nextAt) return;
  timer?.cancel();
  timer = undefined;
  timerAt = nextAt;
  if (nextAt === Infinity) return;
  const ring = () => {
    timerAt = Infinity;
    ringDueAlarms();
    updateTimer();
  };
  timer = new DeadlineTimer(nextAt, ring, false);
}
