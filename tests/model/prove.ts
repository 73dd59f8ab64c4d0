/**
 * Tests made of scenarios: {@linkcode proves} that all its schedules are well, and that the checker
 * {@linkcode finds} a bug that is planted.
 *
 * @module
 */
import { assert } from "@std/assert";
import { check, type Scenario, type World } from "./checker.ts";
import type { Step } from "./code.ts";
import type { Replacement } from "./isolates.ts";
import { Atomics, choose, i32 } from "./stand_ins.ts";

/** Whether to explore the large scenarios too, and to tell the figures: `deno task model`. */
const LARGE = Deno.args.includes("--large");

/** A test that all schedules of the scenario are well. One that is `large` runs on request. */
export function proves(scenario: Scenario, { large = false } = {}): void {
  if (large && !LARGE) return;
  Deno.test(`model: ${scenario.name}`, async () => {
    const start = performance.now();
    const { violation, ...figures } = await check(scenario);
    assert(violation === undefined, violation);
    if (LARGE) {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${scenario.name}: ${JSON.stringify(figures)}, ${seconds} s`);
    }
  });
}

/** A bug, as changes of the sources. */
export type Bug = Replacement | Replacement[];

/**
 * A test that the checker finds the bug in one of the scenario's schedules. It does not run with the
 * large ones.
 */
export function finds(title: string, bug: Bug, scenario: Scenario): void {
  if (LARGE) return;
  Deno.test(`model: finds that ${title}`, async () => {
    const { violation, ...figures } = await check(scenario, [bug].flat());
    assert(violation !== undefined, "the bug is not found");
    if (Deno.args.includes("--schedules")) console.log(violation, figures);
  });
}

/** Steps of being somewhere alone: they fail if two threads are there at a time. */
export function alone(inside: number): Step[] {
  return [
    (saved) => {
      if (Atomics.add(i32, inside, 1) !== 0) throw new Error("two are inside");
      return saved;
    },
    (saved) => {
      Atomics.sub(i32, inside, 1);
      return saved;
    },
  ];
}

/** The same steps so many times. */
export function times(count: number, steps: Step[]): Step[] {
  return Array.from({ length: count }, () => steps).flat();
}

/** Steps that a thread leaves out once it was told to end, or finds that it lost what it held. */
export function untilStopped(steps: Step[]): Step[] {
  return steps.map((step) => (saved) => {
    if (saved === "stopped") return saved;
    try {
      return step(saved);
    } catch (error) {
      const { name, message } = error as Error;
      if (name !== "TerminatedError" && !message.includes("not held here")) throw error;
      return "stopped";
    }
  });
}

/** A step that is told that an owner died: it has acquired all the same. */
export function unlessAbandoned(step: Step, told: Step = () => {}): Step {
  return (saved) => {
    try {
      return step(saved);
    } catch (error) {
      if ((error as Error).name !== "AbandonedLockError") throw error;
      return told(saved);
    }
  };
}

/** A step that tells whether it acquired in time. */
export function inTime(acquire: () => void): Step {
  return () => {
    try {
      acquire();
      return true;
    } catch (error) {
      if ((error as Error).name !== "TimeoutError") throw error;
      return false;
    }
  };
}

/** What one thread does to end another, as `terminate()` does. */
export function endOf({ isolates }: World, victim: number, by = 0): () => void {
  const { thisIsolate } = isolates[victim].thread;
  return () => isolates[by].lifecycle.stopIsolate(thisIsolate, -15);
}

/** What a thread does to end itself, as if its order had failed. */
export function ownEnd({ isolates }: World, its: number): () => void {
  const { thread, lifecycle } = isolates[its];
  return () => void lifecycle.endIsolate(thread.thisIsolate, 1);
}

/** A step that ends somebody just before it does something, or just after. */
export function beforeOrAfter(end: () => void, step: () => unknown): Step {
  return () => {
    const endsFirst = choose(2) === 1;
    if (endsFirst) end();
    const result = step();
    if (!endsFirst) end();
    return result;
  };
}

/** What `awaitOn` returns in the model. */
export interface Ending {
  ended: { value: unknown } | { error: unknown } | undefined;
}

/** The address of the object that a handle of the first isolate stands for. */
export function addressIn({ isolates }: World, handle: object): number {
  return isolates[0].shared.addressOf(handle)!;
}

/** Fails unless the wait queue is empty. */
export function assertEmptyQueue(queue: number): void {
  assert(i32[queue + 1] === 0 && i32[queue + 2] === 0, "somebody is left in the queue");
}

/** Names the words of a channel. */
export function nameChannel(world: World, at: number): void {
  world.name(at, "SEND_GUARD", "LAST_SEGMENT", "LAST_WORD", "LIMIT");
  world.name(at + 16, "RECEIVE_GUARD", "FIRST_SEGMENT", "FIRST_WORD", "SENT_SEEN", "HAS_LIMIT");
  world.name(at + 32, "SENT", "CLOSED", ...queueNames("RECEIVERS"));
  world.name(at + 48, "RECEIVED", ...queueNames("SENDERS"));
}

/** Names of the words of a wait queue. */
export const queueNames = (queue: string) => ["GUARD", "HEAD", "TAIL"].map((w) => `${queue}.${w}`);
