// The declarations of lib/runtime/interrupts.ts

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
export declare function interruptOn(signal: Deno.Signal): Disposable;

export {};
