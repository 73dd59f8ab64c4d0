/**
 * Tasks that run in this isolate and are nested in each other: how deep, and in which.
 *
 * A task of a `ThreadPool` may make calls whose tasks run in this isolate too, and so on. A recursion
 * without end would go on until the memory is full: promises that wait take no room on the stack. So what
 * runs tasks here runs them at a {@linkcode Level}, which code after an `await` still has. A level counts
 * until its task has ended: a task may submit the next one and end, as often as it likes.
 *
 * @module
 */

import { currentContext, isStorageLoaded, runInContext, running } from "./running.ts";

/** How deep tasks may be nested: Python's recursion ends at about as many calls of `Parallel`. */
const MAX_DEPTH = 100;

/**
 * How many levels may live before the async context is followed, which takes 50 ms to load: fewer cannot
 * be nested without end. These do not count.
 */
const MAX_UNTRACKED = 10;

let live = 0;

/** A task that runs in this isolate, or several that run one after the other. */
export class Level {
  /** The level of the code that made the call. */
  parent: Level | undefined;
  /** What runs the task: see {@linkcode isTaskOf}. */
  readonly runner: object | undefined;
  /** Whether the task has ended. */
  hasEnded = false;

  /** Begins a level. */
  constructor(parent: Level | undefined, runner?: object) {
    this.parent = parent;
    this.runner = runner;
    live++;
  }

  /** Calls `code` at once, and its continuations, at this level. */
  run<T>(code: () => T): T {
    if (live <= MAX_UNTRACKED && !isStorageLoaded()) return code();
    return runInContext({ thread: running(), level: this }, code);
  }

  /** Ends the level: its task has ended. Idempotent. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    live--;
  }
}

/** Returns the number of levels that have not ended. */
export function countLevels(): number {
  return live;
}

/** Returns the innermost level that has not ended, from `level` on. */
function liveFrom(level: Level | undefined): Level | undefined {
  while (level?.hasEnded) level = level.parent;
  return level;
}

/** Returns the next outer level that has not ended. */
function outerOf(level: Level): Level | undefined {
  return level.parent = liveFrom(level.parent); // so that chains of ended levels do not grow
}

/** Returns the level of the calling code; `undefined` outside of tasks that run in this isolate. */
export function currentLevel(): Level | undefined {
  return liveFrom(currentContext()?.level);
}

/**
 * Checks that a call may be made whose task runs in this isolate. Returns the level of the calling code.
 *
 * @param verb what cannot be done
 * @throws {RangeError} if it would be nested too deep
 */
export function levelForCall(verb: string): Level | undefined {
  const level = currentLevel();
  let depth = 0;
  for (let at = level; at !== undefined; at = outerOf(at)) depth++;
  if (depth < MAX_DEPTH) return level;
  throw new RangeError(
    `Cannot ${verb}: calls would be nested more than ${MAX_DEPTH} deep in this isolate. ` +
      "Call the function itself from some level on",
  );
}

/** Returns whether the calling code is that of a task which has not ended, and which `runner` runs. */
export function isTaskOf(runner: object): boolean {
  let level = currentLevel();
  while (level !== undefined && level.runner === undefined) level = outerOf(level);
  return level?.runner === runner;
}
