// The declarations of lib/logging/tag_output.ts

/**
 * Has each line that a worker prints begin with the worker's name: `[Process-1] line`.
 *
 * - It counts for the workers that start from then on, whichever process calls it.
 * - It applies to `console`, `Deno.stdout`, `Deno.stderr`, and `process.stdout` where that is not a
 *   terminal. What subprocesses print is not touched.
 * - A line goes out whole, when it is complete. The last one of a worker goes out at its end, with a
 *   line break: when it returns, fails, exits, or is terminated while it waits.
 * - What is logged is not tagged: it has the name already.
 *
 * Python has no such thing: there one writes the name into each line.
 *
 * @param on whether to tag
 *
 * @example Who printed what
 * ```ts
 * import { Process, tagOutput } from "@sauropod/multiprocessing";
 *
 * if (import.meta.main) {
 *   tagOutput();
 *   const process = new Process({ target: () => console.log({ answer: 42 }) });
 *   process.start(); // [Process-1] { answer: 42 }
 *   await process.join();
 * }
 * ```
 */
export declare function tagOutput(on?: boolean): void;

export {};
