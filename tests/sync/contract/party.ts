/**
 * What a party does where it is: calls methods as it is told. Workers import this module alone.
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

/** The methods that wait: they have a blocking twin. */
const waits = new Set(["acquire", "wait", "waitFor"]);
/** The methods of an `RLock` that an owner calls. */
const owns = new Set(["acquire", "tryAcquire", "release"]);

/** What a party is told to call: a method of an object, or a task. */
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

/** Arguments that mean something to the party that is told. */
interface Options {
  /** Aborts the wait once it is set. */
  abortedBy?: Event;
}

/** A predicate that crosses: a task and its arguments. */
export class Predicate {
  /** The predicate that calls `fn` with `args`. */
  constructor(readonly fn: (...args: never[]) => unknown, readonly args: unknown[]) {}
}
task(import.meta, Predicate);

/** Whether the value is so much. */
export const atLeast = task(
  import.meta,
  (value: Value<"i">, least: number) => value.value >= least,
);

/** A predicate that fails. */
export const fails = task(import.meta, () => {
  throw new RangeError("no predicate");
});

/** Names of the reasons of aborts. */
export const ABORTED = "aborted on purpose";

/** The owners in this isolate that async parties are. */
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
  if (!blocking && lock instanceof RLock && owns.has(method)) {
    if (!owners.has(party)) owners.set(party, new LockOwner());
    given[0] = { ...given[0] as Options, owner: owners.get(party) };
  }
  const name = blocking && waits.has(method) ? `${method}Sync` : method;
  return (object as unknown as Record<string, (...args: unknown[]) => unknown>)[name](...given);
}

/** What can be sent of what a method returned. */
function sendable(value: unknown): unknown {
  return typeof value === "object" && value !== null && "release" in value ? "guard" : value;
}

/** Calls it and waits for the end. */
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

/** Does what it is told, until there is nothing more. */
export const serve = task(
  import.meta,
  async (calls: Queue<Call>, replies: Queue<Reply>, blocking: boolean) => {
    for await (const call of calls) {
      const settled = settle(call, blocking).then((reply) => replies.put(reply));
      if (blocking) await settled;
    }
  },
);

// Actions of barriers: they take no arguments, so each isolate is given what they use.

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

/** Counts. */
export const countAction = task(import.meta, () => {
  actions!.add(1);
});

/** Counts, later. */
export const countLater = task(import.meta, async () => {
  const counter = actions!; // another body may be next if nobody waits for this
  await new Promise((resolve) => setTimeout(resolve, 5));
  counter.add(1);
});

/** Fails. */
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
