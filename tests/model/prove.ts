/**
 * Tests made of scenarios, and the steps that scenarios share. {@linkcode proves} makes a test that all
 * schedules are correct, {@linkcode finds} a test that the checker finds a planted bug.
 *
 * @module
 */
import { assert } from "@std/assert";
import { check } from "./checker.ts";
import type { Step } from "./code.ts";
import type { Replacement } from "./isolates.ts";
import type { Scenario, World } from "./scenario.ts";
import { Atomics, choose, i32 } from "./stand_ins.ts";

/** Whether to explore the large scenarios too and to print figures: `deno task model`. */
const LARGE = Deno.args.includes("--large");

/** Makes a test that all schedules of the scenario are correct. A `large` one runs only on request. */
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
 * Makes a test that the checker finds the bug in a schedule of the scenario. `--schedules` prints that
 * schedule.
 *
 * @param title what the bug does; completes "finds that …"
 */
export function finds(title: string, bug: Bug, scenario: Scenario): void {
  if (LARGE) return;
  Deno.test(`model: finds that ${title}`, async () => {
    const { violation, ...figures } = await check(scenario, [bug].flat());
    assert(violation !== undefined, "the bug is not found");
    if (Deno.args.includes("--schedules")) console.log(violation, figures);
  });
}

// Steps

/** Two steps, to enter a section and to leave it. The first fails if another isolate is inside. */
export function exclusiveSection(inside: number): [Step, Step] {
  return [
    (saved) => {
      if (Atomics.add(i32, inside, 1) !== 0) throw new Error("two isolates are inside");
      return saved;
    },
    (saved) => {
      Atomics.sub(i32, inside, 1);
      return saved;
    },
  ];
}

/** Repeats the steps. */
export function repeat(count: number, steps: Step[]): Step[] {
  return Array.from({ length: count }, () => steps).flat();
}

/** Skips the remaining steps once the isolate was told to end, or finds that it no longer owns a lock. */
export function untilTerminated(steps: Step[]): Step[] {
  return steps.map((step) => (saved) => {
    if (saved === "terminated") return saved;
    try {
      return step(saved);
    } catch (error) {
      const { name, message } = error as Error;
      if (name !== "TerminatedError" && !message.includes("not held here")) throw error;
      return "terminated";
    }
  });
}

/** A step that acquires a lock, also if its owner died: then `onAbandoned` is called. */
export function acceptAbandoned(step: Step, onAbandoned: Step = () => {}): Step {
  return (saved) => {
    try {
      return step(saved);
    } catch (error) {
      if ((error as Error).name !== "AbandonedLockError") throw error;
      return onAbandoned(saved);
    }
  };
}

/** A step that returns whether `acquire` succeeded before its time-out. */
export function withinTimeout(acquire: () => void): Step {
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

/** A step of isolate `by` that ends another one, as `terminate()` does. */
export function terminates({ isolates }: World, victim: number, by = 0): () => void {
  const { thisIsolate } = isolates[victim].isolateRecord;
  return () => isolates[by].lifecycle.stopIsolate(thisIsolate, -15);
}

/** A step by which an isolate ends itself, as if its target had thrown. */
export function endsItself({ isolates }: World, isolate: number): () => void {
  const { isolateRecord, lifecycle } = isolates[isolate];
  return () => void lifecycle.endIsolate(isolateRecord.thisIsolate, 1);
}

/** A step that calls `end` either before `step` or after it. Both are explored. */
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
export interface ModelPromise {
  settled: { value: unknown } | { error: unknown } | undefined;
}

// Shared objects

/** Returns the address of the object that a handle of the first isolate stands for. */
export function addressOfShared({ isolates }: World, handle: object): number {
  return isolates[0].sharedObject.addressOf(handle)!;
}

/** Asserts that a wait queue is empty. */
export function assertEmptyQueue(queue: number): void {
  assert(i32[queue + 1] === 0 && i32[queue + 2] === 0, "a waiter is left in the queue");
}

/** Names the words of a channel, for reports. */
export function nameChannel(world: World, at: number): void {
  world.name(at, "SEND_GUARD", "LAST_SEGMENT", "LAST_WORD", "LIMIT");
  world.name(at + 16, "RECEIVE_GUARD", "FIRST_SEGMENT", "FIRST_WORD", "SENT_SEEN", "HAS_LIMIT");
  world.name(at + 32, "SENT", "CLOSED", ...queueNames("RECEIVERS"));
  world.name(at + 48, "RECEIVED", ...queueNames("SENDERS"));
}

/** Returns names for the words of a wait queue. */
export const queueNames = (queue: string) => ["GUARD", "HEAD", "TAIL"].map((w) => `${queue}.${w}`);
