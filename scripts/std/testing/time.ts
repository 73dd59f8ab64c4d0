/**
 * The part of JSR's `@std/testing/time` that this repository uses: `Date`, `setTimeout`,
 * `setInterval`, their `clear…` and `AbortSignal.timeout` follow a clock that the test sets.
 * `performance.now()`, timers of `node:timers`, `Atomics.wait` and `Atomics.waitAsync` do not, as with the
 * original. Not offered: a clock that advances by itself, and `restoreFor`.
 *
 * @module
 */

/** Thrown when time is faked twice, or restored twice. */
export class TimeError extends Error {
  override name = "TimeError";
}

interface Timer {
  id: number;
  due: number;
  /** Time between its calls; undefined if it is called once. */
  every: number | undefined;
  callback: (...args: unknown[]) => void;
  args: unknown[];
}

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};
const realTimeout = AbortSignal.timeout;

/** The clock that is in use. */
let time: FakeTime | undefined;

/** A clock that stands still until the test advances it, in place of that of the isolate. */
export class FakeTime {
  readonly #start: number;
  #now: number;
  #lastId = 0;
  /** Those that are waiting, in the order in which they are due. */
  #timers: Timer[] = [];

  /** Stops time at `start`, at the present if it is not given. */
  constructor(start?: number | string | Date | null) {
    if (time) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.#start = typeof start === "number"
      ? Math.floor(start)
      : new real.Date(start ?? real.Date.now()).valueOf();
    if (Number.isNaN(this.#start)) {
      throw new TypeError(`Cannot construct FakeTime: invalid start time ${this.#start}`);
    }
    this.#now = this.#start;
    time = this;
    this.#overrideGlobals();
  }

  /** The time at which it was stopped, in milliseconds. */
  get start(): number {
    return this.#start;
  }

  /** The time, in milliseconds. Setting it calls the timers that are due by then, in order. */
  get now(): number {
    return this.#now;
  }
  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#now}: received ${value}`,
      );
    }
    while (this.#timers.length > 0 && this.#timers[0].due <= value) {
      const timer = this.#timers.shift()!;
      this.#now = timer.due;
      if (timer.every !== undefined) this.#insert({ ...timer, due: timer.due + timer.every });
      timer.callback.apply(null, timer.args);
    }
    this.#now = value;
  }

  /** Advances the time by `ms` and calls the timers that become due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** As {@linkcode tick}, after the microtasks that are pending. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Advances the time to the next timer; false if there is none. */
  next(): boolean {
    const due = this.#timers[0]?.due;
    if (due !== undefined) this.now = due;
    return due !== undefined;
  }

  /** Waits for some milliseconds of the real clock. */
  async delay(ms: number): Promise<void> {
    await new Promise<void>((resolve) => real.setTimeout.call(globalThis, resolve, ms));
  }

  /** Gives the event loop a turn. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Gives the isolate its clock back. */
  restore(): void {
    if (!time) throw new TimeError("Cannot restore time: time is already restored");
    time = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realTimeout;
  }

  /** Restores. */
  [Symbol.dispose](): void {
    this.restore();
  }

  #overrideGlobals(): void {
    const add = (name: string) => (callback: unknown, delay = 0, ...args: unknown[]): number => {
      if (time !== this) throw new TimeError(`Cannot set ${name}: time is not faked`);
      if (typeof callback !== "function") {
        throw new TimeError(
          `FakeTime does not support non-function callbacks to set${name[0].toUpperCase()}${
            name.slice(1)
          }`,
        );
      }
      const every = name === "interval" ? Math.max(1, Math.floor(delay)) : undefined;
      const due = this.#now + (every ?? Math.max(0, Math.floor(delay)));
      const id = ++this.#lastId;
      this.#insert({ id, due, every, callback: callback as Timer["callback"], args });
      return id;
    };
    const clear = (name: string) => (id?: unknown): void => {
      if (time !== this) throw new TimeError(`Cannot clear ${name}: time is not faked`);
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
    const setTimeout = add("timeout");
    Object.assign(globalThis, {
      Date: fakeDate(() => time?.now ?? real.Date.now()),
      setTimeout,
      clearTimeout: clear("timeout"),
      setInterval: add("interval"),
      clearInterval: clear("interval"),
    });
    AbortSignal.timeout = (ms: number) => {
      const controller = new AbortController();
      setTimeout(
        () => controller.abort(new DOMException("Signal timed out.", "TimeoutError")),
        ms,
      );
      return controller.signal;
    };
  }

  #insert(timer: Timer): void {
    const at = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(at === -1 ? this.#timers.length : at, 0, timer);
  }
}

function fakeDate(now: () => number): DateConstructor {
  return new Proxy(real.Date, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [now()] : args),
    apply: () => new real.Date(now()).toString(),
    get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
  });
}
