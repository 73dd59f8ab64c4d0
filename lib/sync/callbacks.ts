/**
 * Functions of the user whose outcome no caller waits for: callbacks of results and futures, progress,
 * finalizers, log handlers. What goes wrong in them is printed, and ends neither the program nor what
 * called them.
 *
 * @module
 */
import { describeThrown } from "../arguments/describe.ts";

/**
 * Calls a callback. Prints what it throws, or what the promise that it returns rejects with.
 *
 * @param name what the printed line calls it, such as `"a callback of a pool"`
 */
export function callReporting(name: string, callback: () => unknown): void {
  const report = (error: unknown) => reportUncaught(name, error);
  try {
    // `resolve` rejects with what a getter named `then` throws.
    Promise.resolve(callback()).catch(report);
  } catch (error) {
    report(error);
  }
}

/** Prints an error that no caller can catch. */
export function reportUncaught(name: string, error: unknown): void {
  printError(`Uncaught in ${name}:`, error);
}

/** Prints what was thrown behind a text. If it cannot be printed, as a Proxy that was revoked, describes it. */
export function printError(text: string, thrown: unknown): void {
  try {
    console.error(text, thrown);
  } catch {
    console.error(text, describeThrown(thrown));
  }
}
