/**
 * What a scenario is: a few isolates, the steps that each of them runs, and what must hold at the end.
 *
 * @module
 */
import type { Step } from "./code.ts";
import type { CopyOptions, Isolate, ModuleName } from "./isolates.ts";

/** What {@linkcode Scenario.setUp} has to work with. */
export interface World {
  /** The copies of the library; the first is the main isolate's. */
  isolates: Isolate[];
  /** Returns the handle of each isolate for the shared object that `handle` of the first stands for. */
  share<T extends object>(handle: T): T[];
  /** Allocates a word for the scenario's own use; it is 0 at first. */
  word(name: string): number;
  /** Names the words from `at` on, for reports. */
  name(at: number, ...names: string[]): void;
}

/** What the isolates run, and what must hold when all of them have ended. */
export interface Plan {
  /** The steps of each isolate. */
  programs: Step[][];
  /** Whether an isolate may still wait at the end of a schedule. Without it, none may. */
  mayWait?(isolate: number): boolean;
  /** Checks memory at the end of each schedule. `results`: what the last steps returned. */
  // deno-lint-ignore no-explicit-any
  atEnd?: ((results: any[]) => void) | undefined;
}

/** A situation of which all schedules are explored. */
export interface Scenario extends CopyOptions {
  name: string;
  /** Number of isolates. */
  isolates: number;
  /** Whether all isolates run the same program, so that schedules that only swap them are one. */
  alike?: boolean;
  /**
   * An isolate whose JavaScript may stop once its end has been published: while it sleeps, and between
   * its steps. It does not stop within an operation of the library, because an isolate that is told to
   * end is given time.
   */
  mortal?: number;
  /** Whether the mortal isolate may stop anywhere, except inside a guard. */
  diesAnywhere?: boolean;
  /** Modules that the scenario uses, besides those that every scenario has. */
  uses?: ModuleName[] | undefined;
  /** Words of the heap that the isolates may allocate after the preparations. */
  spareWords?: number;
  /** Prepares the shared objects, and returns what the isolates run. */
  setUp(world: World): Plan;
}
