/**
 * Whether a `Worker` keeps the program alive.
 *
 * @module
 */

// Deno has no public `unref` for a Worker; `node:worker_threads` calls the method under this symbol.
const referenceSymbol = Object.getOwnPropertySymbols(Worker.prototype)
  .find((symbol) => !symbol.description);

/** Sets whether a worker keeps the program alive. */
export function setReferenced(worker: Worker, referenced: boolean): void {
  if (referenceSymbol === undefined) return;
  (worker as unknown as Record<symbol, (on: boolean) => void>)[referenceSymbol](referenced);
}
