/**
 * Functions of the user whose outcome no caller waits for: callbacks of results and futures, progress,
 * finalizers, log handlers. What goes wrong in them is printed, and ends neither the program nor what
 * called them.
 *
 * @module
 */

/**
 * Calls a callback. Prints what it throws, or what the promise that it returns rejects with.
 *
 * @param name what the printed line calls it, such as `"a callback of a pool"`
 */
export function callReporting(name: string, callback: () => unknown): void {
  const report = (error: unknown) => reportUncaught(name, error);
  try {
    const result = callback();
    // `resolve` rejects with what a getter named `then` throws.
    if (typeof result === "object" && result !== null) Promise.resolve(result).catch(report);
  } catch (error) {
    report(error);
  }
}

/** Prints an error that no caller can catch. */
export function reportUncaught(name: string, error: unknown): void {
  const text = `Uncaught in ${name}:`;
  try {
    console.error(text, error);
  } catch { // a getter of the error throws
    console.error(text, "an error that cannot be printed");
  }
}
