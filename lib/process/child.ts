/**
 * What a worker runs for a `Process`.
 *
 * @module
 */

import { printError } from "../sync/callbacks.ts";
import { functionAddress } from "../codec/functions.ts";
import { explainScope } from "../codec/scope_hint.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { enterPhase, Phase } from "../runtime/start_watch.ts";
import { Process } from "./process.ts";

/** Prints the error that ended a process to stderr, as Python does. */
export function reportProcess(error: unknown): void {
  printError(`Process ${currentIdentity().name}:`, error);
}

/** Runs a process. The payload is an instance of a subclass, or a target with its arguments. */
export async function runProcess(payload: unknown): Promise<void> {
  enterPhase(Phase.READY);
  if (payload instanceof Process) {
    await payload.run();
  } else {
    const { target, args } = payload as { target?(...args: unknown[]): unknown; args: unknown[] };
    if (target === undefined) return;
    try {
      await target(...args);
    } catch (error) {
      explainScope(error, functionAddress(target), args);
      throw error;
    }
  }
}
