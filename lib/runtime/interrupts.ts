/**
 * Signals that reach the main isolate while it blocks.
 *
 * @module
 */

import { wrongType } from "../arguments/values.ts";
import { i32 } from "../heap/views.ts";
import {
  Control,
  ensureIsolate,
  isMainIsolate,
  isolateWord,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { setReferenced } from "./keep_referenced.ts";
import { signalsEntry } from "./module_urls.ts";

/** What the worker that receives a signal is given. */
export interface SignalWatch {
  words: Int32Array;
  /** Index of the control bits of the main isolate. */
  control: number;
  /** The bit to set. */
  bit: number;
  /** Index of the word that the main isolate sleeps on. */
  wake: number;
  signal: Deno.Signal;
}

/**
 * Makes blocking calls (`…Sync`) of the main isolate end when the program receives a signal: they throw
 * `InterruptedError`, as Python's throw `KeyboardInterrupt`.
 *
 * A program without a listener of its own needs it not: such a signal ends it at once, also while it
 * blocks. But a listener runs only when the event loop is free, so a program with one would not react to
 * Ctrl-C before its blocking call has returned.
 *
 * - The call that is interrupted changes nothing: no item is taken, no lock is acquired. The workers go on.
 * - The listeners of the program run afterwards, as soon as the event loop is free.
 * - A signal that comes while the isolate does not block interrupts nothing.
 *
 * A worker of a few megabytes receives the signal, until the result is disposed.
 *
 * @param signal the signal, such as `"SIGINT"` for Ctrl-C
 * @returns disposing it ends the interruptions
 * @throws {Error} in a worker
 * @throws {TypeError} if the platform has no such signal
 *
 * @example Clean up after Ctrl-C
 * ```ts ignore
 * import { InterruptedError, interruptOn, Pool } from "@sauropod/multiprocessing";
 *
 * Deno.addSignalListener("SIGINT", () => console.log("interrupted"));
 * using _ = interruptOn("SIGINT");
 * await using pool = new Pool();
 * try {
 *   pool.mapSync((x: number) => x * x, [1, 2, 3]);
 * } catch (error) {
 *   if (!(error instanceof InterruptedError)) throw error;
 *   pool.terminate();
 * }
 * ```
 */
export function interruptOn(signal: Deno.Signal): Disposable {
  ensureIsolate();
  if (!isMainIsolate()) {
    throw new Error(
      "Cannot interrupt on a signal in a worker: call interruptOn() in the main program",
    );
  }
  const word = thisIsolate + isolateWord.CONTROL;
  // When the event loop is free, no call is left to be interrupted.
  const forget = () => void Atomics.and(i32, word, ~Control.INTERRUPT);
  try {
    Deno.addSignalListener(signal, forget);
  } catch (error) {
    const advice = 'Write "SIGINT"';
    throw Object.assign(
      wrongType("interrupt", "signal", "a signal of this system", signal, advice),
      { cause: error },
    );
  }
  const worker = new Worker(signalsEntry, { type: "module", name: `signals-${signal}` });
  setReferenced(worker, false);
  const watch: SignalWatch = {
    words: i32,
    control: word,
    bit: Control.INTERRUPT,
    wake: thisIsolate + isolateWord.WAKE,
    signal,
  };
  worker.postMessage(watch);
  return {
    [Symbol.dispose]() {
      worker.terminate();
      Deno.removeSignalListener(signal, forget);
      forget();
    },
  };
}
