// The declarations of lib/runtime/start_method.ts

/**
 * How a process is started: as a fresh worker, as a worker that was started in advance, or as a process of
 * the operating system.
 */
export type StartMethod = "spawn" | "forkserver" | "process";

/**
 * Returns the supported start methods, the default first. `"process"` is one of them also where the
 * program may not start processes of the operating system.
 *
 * Follows Python's `multiprocessing.get_all_start_methods`.
 */
export declare function getAllStartMethods(): StartMethod[];

/**
 * Returns the default start method of processes and pools. In a worker it is the method that the worker
 * was started with, unless the worker sets another.
 *
 * Follows Python's `multiprocessing.get_start_method`.
 *
 * @example The default
 * ```ts
 * import { getStartMethod } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getStartMethod(), "spawn");
 * ```
 */
export declare function getStartMethod(): StartMethod;

/**
 * Sets the default start method of processes and pools. Call it once, early in the program. It applies
 * to the calling process, and to the children that it starts from then on.
 *
 * Follows Python's `multiprocessing.set_start_method`.
 *
 * @param method the start method, or `undefined` for the default
 * @param options with `force`, the method can be set again
 * @throws {RangeError} if there is no such start method
 * @throws {Error} if it was set before, unless `force` is set
 *
 * @example Workers that are started ahead of time
 * ```ts
 * import { getStartMethod, setStartMethod } from "@sauropod/multiprocessing";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * setStartMethod("forkserver");
 * assertEquals(getStartMethod(), "forkserver");
 * assertThrows(() => setStartMethod("spawn"), Error, "set before");
 * setStartMethod(undefined, { force: true });
 * ```
 */
export declare function setStartMethod(method: StartMethod | undefined, options?: {
  force?: boolean;
}): void;

/**
 * Sets the modules that workers started ahead of time import, so that a process that needs them starts
 * at once. If a module cannot be imported, the error is printed, and the worker can still be used.
 *
 * Follows Python's `multiprocessing.set_forkserver_preload`.
 *
 * @param modules URLs of modules, or `npm:` and `jsr:` specifiers
 * @throws {TypeError} if `modules` is not an array of strings or URLs
 *
 * @example Warm workers with their modules imported
 * ```ts
 * import { setForkserverPreload } from "@sauropod/multiprocessing";
 *
 * setForkserverPreload([new URL("./analysis.ts", import.meta.url)]);
 * setForkserverPreload([]);
 * ```
 */
export declare function setForkserverPreload(modules: readonly (string | URL)[]): void;

export {};
