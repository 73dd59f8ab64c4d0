/**
 * What the copies of the library see in place of the globals and of the modules below them: the
 * memory, `Atomics`, the guard, the clock and the event loop of the simulated machine.
 *
 * @module
 */
import { act, checkpoint, here, onRun } from "./code.ts";
import { Kind, Slept } from "./machine.ts";

// Memory, in place of lib/heap/views.ts

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

/** Not simulated: the codec is replaced, and the names of threads, read by people only, are empty. */
export const u8 = { set() {}, slice: () => new Uint8Array() };
/** Not simulated. */
export const f64 = undefined;
/** Not simulated. */
export const dataView = undefined;

/** Memory is there, but the first isolate has still to prepare it. */
export function hasHeap(): boolean {
  return false;
}

/** Memory is there. */
export function adoptHeap(): void {}

/** Memory is there. */
export function reserveHeap(): undefined {}

/** The operations on the words of memory. */
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
    if (slept === Slept.TIMED_OUT) now += LONG_MS;
    else repeats();
    return slept === Slept.OK ? "ok" : slept === Slept.NOT_EQUAL ? "not-equal" : "timed-out";
  },
  notify: (_: unknown, at: number, count = Infinity) =>
    act(Kind.NOTIFY, at, Math.min(count, 2 ** 30)),
  waitAsync: (_: unknown, at: number, expected: number) => {
    if (act(Kind.WAIT_ASYNC, at, expected) !== Slept.OK) {
      return { async: false, value: "not-equal" };
    }
    return { async: true, value: { then: (resume: () => void) => onHeard = resume } };
  },
};

/** What the guard's own word says to nobody: with this guard nobody looks before sleeping. */
export const SPINS = 0;

/** Enters a section: the simulated guard, in place of lib/heap/guard.ts once that is proved. */
export function enter(word: number): void {
  act(Kind.ENTER, word);
}

/** The stacks of the model have room. */
export const enterWithStack: typeof enter = enter;

/** Leaves a section. */
export function leave(word: number): void {
  act(Kind.LEAVE, word);
}

/** Goes on when the word has the value, or has another one: a meeting that a scenario needs. */
export function until(at: number, value: number, not = false): void {
  act(Kind.UNTIL, at, value, not ? 1 : 0);
}

/** Returns each number below `ways`: all are explored. */
export function choose(ways: number): number {
  return act(Kind.CHOOSE, 0, ways);
}

/** The thread's JavaScript stops here. */
export function die(): never {
  act(Kind.END, 0);
  throw new Error("a dead thread goes on");
}

// The clock

/** Longer than any limit. */
const LONG_MS = 1e9;
let now = 0;
let looks = 0;

/** The clock: at the second look it may be past every limit, and is after a sleep that timed out. */
export const performance = {
  now: (): number => {
    if (looks++ > 0 && now === 0 && act(Kind.CHOOSE, 0, 2) === 1) now = LONG_MS;
    return now;
  },
};

/** One core: nobody looks before sleeping. */
export const navigator = { hardwareConcurrency: 1 };

// The event loop

const microtasks: (() => void)[] = [];
const timers: (() => void)[] = [];
let onHeard: () => void = noWakeUp;

function noWakeUp(): void {
  throw new Error("a wake-up that nobody listens to");
}

onRun.push(() => {
  now = 0;
  looks = 0;
  microtasks.length = 0;
  timers.length = 0;
  onHeard = noWakeUp;
});

/** Runs the code in a turn of its own, or at the end of this one. */
export function queueMicrotask(code: () => void): void {
  microtasks.push(code);
}

/** Runs the code in a later turn, at any time: all schedules are explored. */
export function setTimeout(code: () => void): () => void {
  timers.push(code);
  return code;
}

/** Takes back a {@linkcode setTimeout}. */
export function clearTimeout(code: () => void): void {
  const place = timers.indexOf(code);
  if (place >= 0) timers.splice(place, 1);
}

/** What keeps the program alive does not matter here. */
export function setInterval(): void {}

/** Nothing: see {@linkcode setInterval}. */
export function clearInterval(): void {}

/** Runs turns of the event loop until `done`. */
export function runEventLoop(done: () => boolean): void {
  for (;;) {
    while (microtasks.length > 0) microtasks.shift()!();
    if (done()) return;
    const timer = act(Kind.TURN, 0, timers.length);
    if (timer === 0) {
      onHeard();
    } else {
      now = LONG_MS;
      timers.splice(timer - 1, 1)[0]();
    }
  }
}

/** What `awaitOn` returns: its callbacks are not needed, since the event loop is run by hand. */
export class Promise<T> {
  /** Whether and how it ended. */
  ended: { value: T } | { error: unknown } | undefined;

  constructor(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void) {
    const reject = (error: unknown) => this.ended ??= { error };
    try {
      begin((value) => this.ended ??= { value }, reject);
    } catch (error) {
      reject(error);
    }
  }
}

/** The functions that were sent, for `codec.ts`: one list for all isolates. */
export const functionsOfModel: (() => unknown)[] = [];

// Garbage collection: nothing is collected, since that would be an operation at no one's turn

/** Holds what it refers to. */
export class WeakRef<T> {
  constructor(private target: T) {}

  /** What it refers to. */
  deref(): T {
    return this.target;
  }
}

/** Never calls anybody. */
export class FinalizationRegistry {
  /** Does nothing. */
  register(): void {}
}

// Checkpoints: see CALLS and `forgetful` in isolates.ts

/** The functions that run now: the point at which each was called, and what it leaves behind. */
const callers: { name: string; from: number; more: () => unknown }[] = [];
/** The parks so far; of those in the same queue one after the other only the last. */
const parks: { queue: number; outcome?: number }[] = [];
onRun.push(() => {
  callers.length = 0;
  parks.length = 0;
});

/**
 * Calls a function that leaves nothing behind but its result, and what `more` tells. An argument may
 * be a park; one that is asked to admit its waiter may remember something then.
 */
export function called<T>(
  name: string,
  body: () => T,
  argument: unknown,
  more: () => unknown = () => null,
): T {
  const remembers = (argument as { admit?: unknown } | undefined)?.admit !== undefined;
  const from = remembers ? 0 : here();
  callers.push({ name, from, more });
  try {
    const result = body();
    if (from !== 0) checkpoint([name, from, result, now, more()]);
    return result;
  } finally {
    callers.pop();
  }
}

/**
 * The function that was called last has slept, and looks again: functions that sleep do so in a loop, and
 * know nothing of its rounds before.
 */
function repeats(): void {
  const caller = callers.at(-1);
  if (caller === undefined || caller.from === 0) return;
  checkpoint(["loop", caller.name, caller.from, now, caller.more()]);
}

/** The steps have yielded this park. */
export function beforeSleep(park: { queue: number }, deadline: number): void {
  if (parks.at(-1)?.queue === park.queue) parks.pop();
  parks.push(park);
  checkpoint(["before", parks, now, deadline]);
}

/** The steps are about to be resumed. */
export function afterSleep(outcome: number): void {
  parks.push({ ...parks.pop()!, outcome });
  checkpoint(["after", parks, now]);
}
