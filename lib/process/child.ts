/**
 * A process as its worker runs it.
 *
 * @module
 */

import { setOnFailure } from "../runtime/guest.ts";
import { currentIdentity } from "../runtime/order.ts";
import { Process } from "./process.ts";

/** Runs a process: an instance of a subclass, or a target with its arguments. */
export async function runProcess(payload: unknown): Promise<void> {
  setOnFailure((error) => console.error(`Process ${currentIdentity().name}:`, error));
  if (payload instanceof Process) {
    await payload.run();
  } else {
    const { target, args } = payload as { target?(...args: unknown[]): unknown; args: unknown[] };
    await target?.(...args);
  }
}
