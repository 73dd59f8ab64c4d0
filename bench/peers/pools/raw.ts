/**
 * The baseline: hand-written workers that take calls in turn and answer by id.
 *
 * @module
 */

import type { Movable, StartPool, TaskName } from "../pool.ts";
import type { Answer } from "./raw_worker.ts";

/** A worker and the calls that it has not answered. */
class RawWorker {
  readonly #worker = new Worker(new URL("raw_worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, result } }: MessageEvent<Answer>) => {
      this.#waiting.get(id)!(result);
      this.#waiting.delete(id);
    };
  }

  call(task: TaskName | "moved", arg: unknown, transfer: Transferable[] = []): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#worker.postMessage({ id, task, arg }, transfer);
    return answer;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

/** Starts the workers. */
export const start: StartPool = (count) => {
  const workers = Array.from({ length: count }, () => new RawWorker());
  let calls = 0;
  const next = () => calls++ % count;
  return {
    call: (task, arg) => workers[next()].call(task, arg),
    move: (array) => workers[next()].call("moved", array, [array.buffer]) as Promise<Movable>,
    callUntil: (task, arg, signal) => {
      const at = next();
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => {
          workers[at].terminate();
          workers[at] = new RawWorker();
          reject(signal.reason);
        });
        workers[at].call(task, arg).then(resolve);
      });
    },
  };
};
