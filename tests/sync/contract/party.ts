/**
 * What a party runs in its isolate: it makes the calls that the contract sends. Workers import this
 * module alone.
 *
 * @module
 */
import {
  Condition,
  Event,
  LockOwner,
  type Queue,
  RLock,
  type SharedHandle,
  task,
  type Value,
} from "@sauropod/multiprocessing";

/** The methods that wait and have a `…Sync` form. */
const waitingMethods = new Set(["acquire", "wait", "waitFor"]);
/** The methods of an `RLock` that take an owner. */
const ownerMethods = new Set(["acquire", "tryAcquire", "release"]);

/** A call that a party makes: of a method of an object, or of a task. */
export interface Call {
  id: number;
  party: number;
  object: SharedHandle | ((...args: never[]) => unknown);
  method: string;
  args: unknown[];
}

/** How a call ended. */
export interface Reply {
  id: number;
  ms: number;
  outcome: { value: unknown } | { error: unknown };
}

/** Options that the party replaces before it makes the call. */
interface Options {
  /** Becomes a signal that is aborted once the event is set. */
  abortedBy?: Event;
}

/** A predicate that can be sent: a task and its arguments. */
export class Predicate {
  /** Makes a predicate that calls `fn` with `args`. */
  constructor(readonly fn: (...args: never[]) => unknown, readonly args: unknown[]) {}
}
task(import.meta, Predicate);

/** Returns whether the value is at least `minimum`. */
export const atLeast = task(
  import.meta,
  (value: Value<"i">, minimum: number) => value.value >= minimum,
);

/** Throws; for a predicate. */
export const fails = task(import.meta, () => {
  throw new RangeError("no predicate");
});

/** The reason of the signals that are aborted. */
export const ABORTED = "aborted on purpose";

/** The owners of the awaiting parties of this isolate. */
const owners = new Map<number, LockOwner>();

function perform({ party, object, method, args }: Call, blocking: boolean): unknown {
  if (typeof object === "function") return object(...args as never[]);
  const given = args.map((arg) => arg instanceof Predicate ? () => arg.fn(...arg.args as []) : arg);
  const last = given.length - 1;
  const { abortedBy, ...options } = (given[last] ?? {}) as Options;
  if (abortedBy !== undefined) {
    const controller = new AbortController();
    given[last] = { ...options, signal: controller.signal };
    abortedBy.wait().then(() => controller.abort(ABORTED));
  }
  const lock = object instanceof Condition ? object.lock : object;
  if (!blocking && lock instanceof RLock && ownerMethods.has(method)) {
    if (!owners.has(party)) owners.set(party, new LockOwner());
    given[0] = { ...given[0] as Options, owner: owners.get(party) };
  }
  const name = blocking && waitingMethods.has(method) ? `${method}Sync` : method;
  return (object as unknown as Record<string, (...args: unknown[]) => unknown>)[name](...given);
}

/** Replaces what a method returned by what can be sent. */
function sendable(value: unknown): unknown {
  return typeof value === "object" && value !== null && "release" in value ? "guard" : value;
}

/** Makes a call and waits for its end. */
export async function settle(call: Call, blocking: boolean): Promise<Reply> {
  const start = performance.now();
  const reply = (outcome: Reply["outcome"]): Reply => ({
    id: call.id,
    ms: performance.now() - start,
    outcome,
  });
  try {
    const value = perform(call, blocking);
    return reply({ value: sendable(value instanceof Promise ? await value : value) });
  } catch (error) {
    return reply({ error });
  }
}

/** Makes the calls of a queue until the queue is closed. */
export const serve = task(
  import.meta,
  async (calls: Queue<Call>, replies: Queue<Reply>, blocking: boolean) => {
    for await (const call of calls) {
      const settled = settle(call, blocking).then((reply) => replies.put(reply));
      if (blocking) await settled;
    }
  },
);

// Actions of barriers. They take no arguments, so each isolate is given in advance what they use.

let actions: Value<"i"> | undefined;
let started: Event | undefined;
let endlessly: "block" | "await" = "await";

/** Gives this isolate what the actions use. */
export const prepareActions = task(
  import.meta,
  (counter: Value<"i">, start: Event, blocking: boolean) => {
    actions = counter;
    started = start;
    endlessly = blocking ? "block" : "await";
  },
);

/** Counts the call. */
export const countAction = task(import.meta, () => {
  actions!.add(1);
});

/** Counts the call 5 ms later. */
export const countLater = task(import.meta, async () => {
  const counter = actions!; // the next clause may replace `actions` before this ends
  await new Promise((resolve) => setTimeout(resolve, 5));
  counter.add(1);
});

/** Counts the call and throws. */
export const failingAction = task(import.meta, () => {
  actions!.add(1);
  throw new RangeError("no action");
});

/** Never ends. */
export const endlessAction = task(import.meta, () => {
  started!.set();
  const never = new Event();
  return endlessly === "block" ? void never.waitSync() : never.wait();
});
