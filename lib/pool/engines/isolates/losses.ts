/**
 * The errors of tasks that did not end: their time was up, or their worker died.
 *
 * @module
 */

import { TimeoutError, WorkerDiedError } from "../../../errors.ts";
import { functionNameAt } from "../../../codec/functions.ts";
import { takeError } from "../../../runtime/lifecycle.ts";
import { explainFailure } from "../../calls/call_site.ts";
import type { Job } from "../../calls/job.ts";
import type { RunningChunk } from "./worker_words.ts";
import type { PoolWorker } from "./workers.ts";

/** Returns the error of a task that has not ended within the time limit of its job. */
export function timeUpError(job: Job<number>, running: RunningChunk, worker: PoolWorker): unknown {
  const limit = `${job.policy!.timeoutMs} ms`;
  return explain(
    job,
    running,
    worker,
    (task, where) =>
      new TimeoutError(`Cannot get result: task ${task}${where} did not end within ${limit}`),
  );
}

/** Returns the error of a task whose worker ended while it ran. */
export function deathError(
  job: Job<number>,
  lost: RunningChunk,
  worker: PoolWorker,
  exitCode: number,
): unknown {
  const { name, record } = worker;
  const cause = takeError(record);
  return explain(job, lost, worker, (task, where) =>
    new WorkerDiedError(
      `The worker ${name} ended with exit code ${exitCode} while it ran task ${task}${where}`,
      {
        exitCode,
        ...(cause === undefined ? {} : { cause: cause.error }),
        worker: name,
        task,
        item: job.itemIndex(lost.chunk, lost.item),
      },
    ));
}

/** Returns the error that the call fails with; `make` is given the name of the task and its item. */
function explain(
  job: Job<number>,
  { chunk, item }: RunningChunk,
  worker: PoolWorker,
  make: (task: string, where: string) => Error,
): unknown {
  const task = job.taskName(item) ?? functionNameAt(job.target);
  const where = job.describeItem(chunk, item);
  const failure = { error: make(task, where), index: item, by: { task, worker: worker.name } };
  return explainFailure(failure, where, job.site);
}
