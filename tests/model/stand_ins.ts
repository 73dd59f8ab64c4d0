/**
 * Stand-ins for the globals and for the lowest modules, which the copies of the library use instead: the
 * memory, `Atomics`, the guard, the clock and the event loop of the simulated machine.
 *
 * @module
 */
import { act, checkpoint, currentPoint, onRun } from "./code.ts";
import { Kind, SleepResult } from "./machine.ts";

// Memory: for lib/heap/views.ts

/** Plain accesses to the words of memory. */
export const i32: Int32Array<SharedArrayBuffer> = new Proxy(
  new Int32Array(new SharedArrayBuffer(0)),
  {
    get(_, name) {
      const at = Number(name);
      if (!Number.isNaN(at)) return act(Kind.READ, at);
      switch (name) {
        case "fill":
          return (value: number, from: number, to: number) => {
            for (let at = from; at < to; at++) act(Kind.WRITE, at, value);
          };
        case "set":
          return (values: ArrayLike<number>, from: number) => {
            for (let at = 0; at < values.length; at++) act(Kind.WRITE, from + at, values[at]);
          };
        case "length":
          return 2 ** 24;
        case "byteLength":
          return 2 ** 26;
      }
      throw new Error(`The simulated memory has no ${String(name)}`);
    },
    set(_, name, value) {
      act(Kind.WRITE, Number(name), value);
      return true;
    },
  },
);

/** Not simulated: the codec has a stand-in, and the names of isolates are empty. */
export const u8 = { set() {}, slice: () => new Uint8Array() };
/** Not simulated. */
export const f64 = undefined;
/** Not simulated. */
export const dataView = undefined;

/** Memory exists, but the main isolate has not initialized it. */
export function hasHeap(): boolean {
  return false;
}

/** Does nothing: memory exists. */
export function adoptHeap(): void {}

/** Does nothing: memory exists. */
export function reserveHeap(): undefined {}

/** Atomic operations on the words of memory. */
export const Atomics = {
  load: (_: unknown, at: number) => act(Kind.LOAD, at),
  store: (_: unknown, at: number, value: number) => act(Kind.STORE, at, value),
  add: (_: unknown, at: number, value: number) => act(Kind.ADD, at, value),
  sub: (_: unknown, at: number, value: number) => act(Kind.ADD, at, -value),
  and: (_: unknown, at: number, value: number) => act(Kind.AND, at, value),
  or: (_: unknown, at: number, value: number) => act(Kind.OR, at, value),
  exchange: (_: unknown, at: number, value: number) => act(Kind.EXCHANGE, at, value),
  compareExchange: (_: unknown, at: number, expected: number, value: number) =>
    act(Kind.COMPARE_EXCHANGE, at, expected, value),
  pause: () => {},
  wait: (_: unknown, at: number, expected: number, timeoutMs = Infinity) => {
    const slept = act(Kind.WAIT, at, expected, timeoutMs === Infinity ? 0 : 1);
    if (slept === SleepResult.TIMED_OUT) now += LONG_MS;
    else checkpointInLoop();
    return slept === SleepResult.OK
      ? "ok"
      : slept === SleepResult.NOT_EQUAL
      ? "not-equal"
      : "timed-out";
  },
  notify: (_: unknown, at: number, count = Infinity) =>
    act(Kind.NOTIFY, at, Math.min(count, 2 ** 30)),
  waitAsync: (_: unknown, at: number, expected: number) => {
    if (act(Kind.WAIT_ASYNC, at, expected) !== SleepResult.OK) {
      return { async: false, value: "not-equal" };
    }
    return { async: true, value: { then: (resume: () => void) => onWoken = resume } };
  },
};

/** No isolate spins before it sleeps. */
export const SPINS = 0;

// The guard: for lib/heap/guard.ts, which guard_test.ts proves

/** Enters the guard: one operation, possible only while no other isolate is inside. */
export function enter(word: number): void {
  act(Kind.ENTER, word);
}

/** As {@linkcode enter}: the stack always has room. */
export const enterWithStack: typeof enter = enter;

/** Leaves the guard. */
export function leave(word: number): void {
  act(Kind.LEAVE, word);
}

// For scenarios

/** Waits until the word has the value, or until it has another one if `not` is set. */
export function until(at: number, value: number, not = false): void {
  act(Kind.UNTIL, at, value, not ? 1 : 0);
}

/** Returns a number below `count`. All of them are explored. */
export function choose(count: number): number {
  return act(Kind.CHOOSE, 0, count);
}

/** Stops the JavaScript of the isolate for good. */
export function die(): never {
  act(Kind.END, 0);
  throw new Error("a dead isolate continues");
}

// The clock

/** Longer than any time-out. */
const LONG_MS = 1e9;
let now = 0;
let reads = 0;

/**
 * The clock. From the second reading on, every time-out may have passed: both possibilities are explored.
 * After a sleep that timed out, every time-out has passed.
 */
export const performance = {
  now: (): number => {
    if (reads++ > 0 && now === 0 && act(Kind.CHOOSE, 0, 2) === 1) now = LONG_MS;
    return now;
  },
};

/** One core, so no isolate spins before it sleeps. */
export const navigator = { hardwareConcurrency: 1 };

// The event loop

const microtasks: (() => void)[] = [];
const timers: (() => void)[] = [];
let onWoken: () => void = unexpectedWakeUp;

function unexpectedWakeUp(): void {
  throw new Error("a wake-up without a waitAsync");
}

onRun.push(() => {
  now = 0;
  reads = 0;
  microtasks.length = 0;
  timers.length = 0;
  onWoken = unexpectedWakeUp;
});

/** Runs the code at the end of this turn of the event loop. */
export function queueMicrotask(code: () => void): void {
  microtasks.push(code);
}

/** Runs the code in a later turn, at any time: all schedules are explored. */
export function setTimeout(code: () => void): () => void {
  timers.push(code);
  return code;
}

/** Cancels a timer of {@linkcode setTimeout}. */
export function clearTimeout(code: () => void): void {
  const place = timers.indexOf(code);
  if (place >= 0) timers.splice(place, 1);
}

/** Does nothing: the model does not simulate whether the program stays alive. */
export function setInterval(): void {}

/** Does nothing, as {@linkcode setInterval}. */
export function clearInterval(): void {}

/** Runs turns of the event loop until `done`. */
export function runEventLoop(done: () => boolean): void {
  for (;;) {
    while (microtasks.length > 0) microtasks.shift()!();
    if (done()) return;
    const timer = act(Kind.TURN, 0, timers.length);
    if (timer === 0) {
      onWoken();
    } else {
      now = LONG_MS;
      timers.splice(timer - 1, 1)[0]();
    }
  }
}

/** What `awaitOn` returns. It has no callbacks: scenarios run the event loop until it is settled. */
export class Promise<T> {
  /** How it was settled; `undefined` while it is pending. */
  settled: { value: T } | { error: unknown } | undefined;

  constructor(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void) {
    const reject = (error: unknown) => this.settled ??= { error };
    try {
      begin((value) => this.settled ??= { value }, reject);
    } catch (error) {
      reject(error);
    }
  }
}

/** The functions that were sent, for `codec.ts`: one list for all isolates. */
export const sentFunctions: (() => unknown)[] = [];

// Garbage collection: nothing is collected, because no isolate could be scheduled for it

/** A strong reference. */
export class WeakRef<T> {
  constructor(private target: T) {}

  /** Returns the target. */
  deref(): T {
    return this.target;
  }
}

/** Never calls back. */
export class FinalizationRegistry {
  /** Does nothing. */
  register(): void {}
}

// Checkpoints: see OBSERVED and `forgetful` in isolates.ts

/** The observed calls that run now: where each began, and what else it may have changed. */
const calls: { name: string; from: number; changed: () => unknown }[] = [];
/** The parks so far. Of consecutive ones in the same queue, only the last. */
const parks: { queue: number; result?: number }[] = [];
onRun.push(() => {
  calls.length = 0;
  parks.length = 0;
});

/**
 * Calls a function of which nothing remains, when it has returned, but its result, its writes to memory,
 * and what `changed` returns. So there is a checkpoint when it returns.
 *
 * @param park an argument of the call. A park with `admit` may keep something, and excludes a checkpoint
 */
export function observeCall<T>(
  name: string,
  body: () => T,
  park: unknown,
  changed: () => unknown = () => null,
): T {
  const mayKeep = (park as { admit?: unknown } | undefined)?.admit !== undefined;
  const from = mayKeep ? 0 : currentPoint();
  calls.push({ name, from, changed });
  try {
    const result = body();
    if (from !== 0) checkpoint([name, from, result, now, changed()]);
    return result;
  } finally {
    calls.pop();
  }
}

/**
 * Makes a checkpoint after a sleep. Observed functions sleep in loops that keep nothing from one round to
 * the next.
 */
function checkpointInLoop(): void {
  const call = calls.at(-1);
  if (call === undefined || call.from === 0) return;
  checkpoint(["loop", call.name, call.from, now, call.changed()]);
}

/** Makes a checkpoint when steps have yielded a park. */
export function beforeSleep(park: { queue: number }, deadline: number): void {
  if (parks.at(-1)?.queue === park.queue) parks.pop();
  parks.push(park);
  checkpoint(["before", parks, now, deadline]);
}

/** Makes a checkpoint when steps are about to be resumed. */
export function afterSleep(result: number): void {
  parks.push({ ...parks.pop()!, result });
  checkpoint(["after", parks, now]);
}
