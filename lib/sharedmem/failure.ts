/**
 * Errors of work in other workers.
 *
 * @module
 */

import { describeThrown } from "../arguments/describe.ts";
import { WorkerException } from "../errors.ts";

/**
 * Wraps an error of the work, or of its worker.
 *
 * @param where what failed, if that is known, such as `" of square failed at item 5"`
 */
export function workerException(reason: unknown, where = " of a map failed"): WorkerException {
  return new WorkerException(`The work${where}: ${describeThrown(reason)}`, { cause: reason });
}
