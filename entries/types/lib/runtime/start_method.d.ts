// The declarations of lib/runtime/start_method.ts

/** How the worker of a process comes to be. */
export type StartMethod = "spawn" | "forkserver";

/** The start methods that exist here, the default first. */
export declare function getAllStartMethods(): StartMethod[];

/**
 * The start method of processes and pools that are not told one. In a worker it is the one that the
 * worker was started with, unless it sets another.
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
 * Sets the start method of processes and pools that are not told one. To be called once, early in
 * the program. It holds in the process that calls it, and in the children that it starts from then on.
 *
 * Follows Python's `multiprocessing.set_start_method`.
 *
 * @param method the method, or `undefined` for the default
 * @param options `force`: whether it may be set again
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
 * Has the workers that are started ahead of time import these modules, so that a process that needs
 * them begins at once. A module that cannot be imported is named on stderr, and does no harm.
 *
 * Follows Python's `multiprocessing.set_forkserver_preload`.
 *
 * @param modules URLs of modules, or `npm:` and `jsr:` specifiers
 * @throws {TypeError} if they are not an array of strings or URLs
 *
 * @example Warm, with what the work needs
 * ```ts
 * import { setForkserverPreload } from "@sauropod/multiprocessing";
 *
 * setForkserverPreload([new URL("./analysis.ts", import.meta.url)]);
 * setForkserverPreload([]);
 * ```
 */
export declare function setForkserverPreload(modules: readonly (string | URL)[]): void;

export {};
