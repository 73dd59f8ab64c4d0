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
  const methods = worker as unknown as Record<symbol, ((on: boolean) => void) | undefined>;
  methods[referenceSymbol!]?.(referenced); // a later Deno may have no such method
}
