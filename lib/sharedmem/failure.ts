/**
 * Errors of work in other workers.
 *
 * @module
 */

import { WorkerException } from "../errors.ts";

/** Wraps an error of the work, or of its worker. */
export function workerException(reason: unknown): WorkerException {
  const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  return new WorkerException(`The work of a map failed: ${text}`, { cause: reason });
}
