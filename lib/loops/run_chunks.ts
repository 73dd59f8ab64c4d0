/**
 * What a participant of a loop does: it takes units and runs their chunks until none is left.
 *
 * @module
 */

import { isErrorOf } from "../arguments/describe.ts";
import { definitionAt } from "../codec/definition.ts";
import { functionAddress } from "../codec/functions.ts";
import { explainScope } from "../codec/scope_hint.ts";
import { task } from "../codec/task.ts";
import { Thrown } from "../codec/thrown.ts";
import { stopRequested } from "../heap/isolate_record.ts";
import { freeze } from "../memory/frozen.ts";
import { serveRequests } from "../parking/wait.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { chunkLoopFor } from "./chunk_loop.ts";
import { addDone, isLoopStopped, startParticipant, stopLoop, takeUnit } from "./loop_control.ts";
import { doneUnit, type LoopOutcome, type LoopPlan, type StartedLoop } from "./loop_plan.ts";
import { combine } from "./reduction.ts";
import { chunkEnd, chunkStart } from "./schedule.ts";

let inLoop = false;
/** The index that {@linkcode reportIndex} was called with. */
let reportedIndex: number | undefined;

/** Returns whether this isolate is running a loop: a nested loop runs in this isolate alone. */
export function isInLoop(): boolean {
  return inLoop;
}

/** Called by a body of the package that throws an error of the caller's function: names its own index. */
export function reportIndex(index: number): void {
  reportedIndex = index;
}

/**
 * Runs the units of a loop that are left, in this isolate.
 *
 * @param onChunk called after each chunk
 */
export function runChunks(loop: StartedLoop, onChunk?: () => void): LoopOutcome {
  const { control, partition, length } = loop;
  const outcome: LoopOutcome = { values: [], chunks: [] };
  if (!startParticipant(control)) return { ...outcome, late: true };
  const runChunk = chunkLoopFor(loop);
  const outer = inLoop;
  inLoop = true;
  reportedIndex = undefined;
  let index = loop.start;
  const at = (failed: number) => index = failed;
  const done = loop.countsDone ? new DoneCounter(loop) : undefined;
  try {
    for (;;) {
      const unit = takeUnit(control);
      if (unit >= partition.units) return outcome;
      for (let chunk = unit; chunk < partition.chunks; chunk += partition.units) {
        if (isLoopStopped(control) || stopRequested()) return outcome;
        serveRequests(); // a worker may be waiting for an array that only this isolate can send
        const from = chunkStart(partition, chunk);
        const count = chunkEnd(partition, chunk, length) - from;
        const value = runChunk(
          loop.start + from * loop.step,
          count,
          loop.step,
          loop.context,
          loop.reduction?.identity,
          at,
        );
        if (loop.reduction !== undefined || loop.keepsChunks) {
          addValue(outcome, loop, chunk, value);
        }
        done?.add(count);
        onChunk?.();
      }
    }
  } catch (error) {
    stopLoop(control);
    try {
      adviseOnContext(error, loop);
    } catch {
      // Its message cannot be read or changed: the error goes on as it is.
    }
    outcome.failure = { error, index: reportedIndex ?? index, worker: currentIdentity().name };
    return outcome;
  } finally {
    inLoop = outer;
  }
}

/**
 * Runs chunks in a worker. The copied parts of the context are frozen: a change of a copy would be
 * lost silently.
 */
export const runChunksInWorker: (loop: StartedLoop) => LoopOutcome = task(
  import.meta,
  (loop: StartedLoop) => {
    freeze(loop.context);
    const outcome = runChunks(loop);
    const { failure } = outcome;
    if (failure !== undefined) failure.error = new Thrown(failure.error);
    return outcome;
  },
);

/** Counts what this isolate has done. */
class DoneCounter {
  readonly #control: number;
  readonly #unit: number;
  #indices = 0;
  #units = 0;

  constructor({ control, length }: StartedLoop) {
    this.#control = control;
    this.#unit = doneUnit(length);
  }

  add(count: number): void {
    this.#indices += count;
    const units = Math.floor(this.#indices / this.#unit);
    addDone(this.#control, units - this.#units);
    this.#units = units;
  }
}

function addValue(outcome: LoopOutcome, plan: LoopPlan, chunk: number, value: unknown): void {
  if (plan.keepsChunks || outcome.values.length === 0) {
    outcome.values.push(value);
    outcome.chunks.push(chunk);
  } else {
    outcome.values[0] = combine(plan.reduction!, outcome.values[0], value);
  }
}

/** Adds to the message of an error what to do if the body used the context wrongly. */
function adviseOnContext(error: unknown, { body, callee, isCompiled, context }: LoopPlan): void {
  if (callee !== undefined) return explainScope(error, functionAddress(callee));
  if (isErrorOf(error, TypeError) && /read only property|not extensible/.test(error.message)) {
    error.message += ". Each worker has a frozen copy of all values of the context except arrays " +
      "on shared memory: make it with sharedArray(), use a Value, or combine results with " +
      "parallelReduce()";
  }
  if (!isErrorOf(error, ReferenceError)) return;
  if (isCompiled) {
    if (!Object.values(context).some(crossesAsSource)) return;
    error.message += ". A function of an array expression cannot see variables outside itself: " +
      "register it with task(import.meta, fn) at the top level of its module";
  } else if (crossesAsSource(body)) {
    error.message +=
      ". The body of a parallel loop cannot see variables outside itself: put them " +
      "into context, or register it with task(import.meta, fn) at the top level of its module";
  }
}

/** Returns whether a value is a function that crosses as its source text. */
function crossesAsSource(value: unknown): boolean {
  if (typeof value !== "function") return false;
  return definitionAt(functionAddress(value as LoopPlan["body"])).kind === "source";
}
