/**
 * How workers come to be, when nobody says how.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";

/** How the worker of a process comes to be. */
export type StartMethod = "spawn" | "forkserver";

const methods: readonly StartMethod[] = ["spawn", "forkserver"];
let chosen: StartMethod | undefined;
/** How this worker was started; in the main program the first of all. */
let inherited = methods[0];

/** The start methods that exist here, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return [...methods];
}

/**
 * The start method to use: the one that is given, or the default.
 *
 * @param what begins the message of the error
 * @throws {RangeError} if there is no such start method
 */
export function startMethodFor(given: string | undefined, what: string): StartMethod {
  if (given === undefined) return getStartMethod();
  if (methods.includes(given as StartMethod)) return given as StartMethod;
  if (given === "fork") {
    throw new RangeError(
      `${what} "fork": a worker cannot be made a copy of another. ` +
        'Use "spawn", or "forkserver" for workers that are started ahead of time',
    );
  }
  throw new RangeError(
    `${what} ${describe(given)}: the start methods are "spawn" and "forkserver"`,
  );
}

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
export function getStartMethod(): StartMethod {
  return chosen ?? inherited;
}

/** Says how this worker was started, or its creator would have started it. */
export function inheritStartMethod(method: StartMethod): void {
  inherited = method;
}

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
export function setStartMethod(
  method: StartMethod | undefined,
  options: { force?: boolean } = {},
): void {
  checkOptions("set start method", options, { force: true });
  const wanted = method === undefined
    ? undefined
    : startMethodFor(method, "Cannot set start method");
  if (chosen !== undefined && !options.force) {
    throw new Error(
      `Cannot set start method: it was set before, to ${JSON.stringify(chosen)}. ` +
        "Set it once, or with { force: true }",
    );
  }
  chosen = wanted;
}

let preloaded: readonly string[] = [];

/** The modules that workers of the reserve import before they have anything to do. */
export function forkserverPreload(): readonly string[] {
  return preloaded;
}

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
export function setForkserverPreload(modules: readonly (string | URL)[]): void {
  const isName = (name: unknown) => typeof name === "string" || name instanceof URL;
  if (!Array.isArray(modules) || !modules.every(isName)) {
    throw new TypeError("Cannot preload: modules must be an array of strings or URLs");
  }
  preloaded = modules.map(String);
}
