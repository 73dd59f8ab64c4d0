/**
 * Stack traces that cross isolates: where a call was made, added to the error of its task.
 *
 * @module
 */

import { isError } from "../../arguments/describe.ts";
import { ownModules } from "../../runtime/module_urls.ts";
import type { Failure } from "../chunks/chunk.ts";

/** Stack of a call. It is formatted only if it is read. */
export interface CallSite {
  readonly stack?: string;
}

/** Returns the stack of the caller. */
export function callSite(): CallSite {
  const site = {};
  Error.captureStackTrace(site, callSite);
  return site;
}

/**
 * Returns the error of a task, its stack extended by the task, the item, the worker and the call site.
 *
 * An error that was thrown in this isolate, and a thrown value that is not an `Error`, are returned
 * unchanged.
 *
 * @param item the item of the call, as a suffix such as `", item 3"`
 */
export function explainFailure(
  { error, by }: Failure,
  item: string,
  site: CallSite | undefined,
): unknown {
  if (by === undefined || !isError(error)) return error;
  const callers = (site?.stack ?? "").split("\n").slice(1)
    .filter((line) => !line.includes(ownModules) && !line.includes("at new Promise ("))
    .join("\n");
  const context = `--- in task ${by.task}${item}, run by ${by.worker}, called from:`;
  const stack = `${error.stack}\n    ${context}\n${callers}`;
  Reflect.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}
