// The declarations of lib/logging/tag_output.ts

/**
 * Makes each line that a worker prints begin with the worker's name: `[Process-1] line`.
 *
 * - It applies to workers that start afterwards, whichever process calls it.
 * - It applies to `console`, `Deno.stdout`, `Deno.stderr`, and to `process.stdout` unless that is a
 *   terminal. The output of subprocesses is not tagged.
 * - A line is written in one piece when it is complete. An incomplete last line is written with a
 *   line break when the worker ends: when it returns, throws, exits, or is terminated while it
 *   waits.
 * - Log records are not tagged: they contain the name.
 *
 * Python has no counterpart.
 *
 * @param on whether to tag
 *
 * @example Tagged lines
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
