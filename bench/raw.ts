/**
 * The baseline: two hand-written workers and `postMessage`.
 *
 * @module
 */

import type { Request } from "./raw_worker.ts";

/** Hand-written workers, which get requests in turn and answer by id. */
export class RawWorkers implements Disposable {
  readonly #workers: Worker[] = [];
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #lastId = 0;

  /** Starts `count` workers. */
  constructor(count: number) {
    for (let at = 0; at < count; at++) {
      const worker = new Worker(new URL("./raw_worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data: { id, result } }) => {
        this.#waiting.get(id)!(result);
        this.#waiting.delete(id);
      };
      this.#workers.push(worker);
    }
  }

  /** Sends a request to the next worker and waits for its answer. */
  request(request: (id: number) => Request): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#workers[id % this.#workers.length].postMessage(request(id));
    return answer;
  }

  /** Makes a worker post `count` messages, and waits for the last one. */
  stream(count: number): Promise<void> {
    const [worker] = this.#workers;
    const { promise, resolve } = Promise.withResolvers<void>();
    const handler = worker.onmessage;
    let remaining = count;
    worker.onmessage = () => {
      if (--remaining > 0) return;
      worker.onmessage = handler;
      resolve();
    };
    worker.postMessage({ kind: "stream", count } satisfies Request);
    return promise;
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}
