/**
 * The default start method, and the modules that the forkserver preloads.
 *
 * @module
 */

import { checkArguments, checkOptions } from "../arguments/options.ts";
import { checkOneOf, isInstance, wrongType } from "../arguments/values.ts";

/**
 * How a process is started: as a fresh worker, as a worker that was started in advance, or as a process of
 * the operating system.
 */
export type StartMethod = "spawn" | "forkserver" | "process";

const methods: readonly StartMethod[] = ["spawn", "forkserver", "process"];
let chosen: StartMethod | undefined;
/** The start method of this worker; in the main isolate, the first of all. */
let inherited = methods[0];

/**
 * Returns the supported start methods, the default first. `"process"` is one of them also where the
 * program may not start processes of the operating system.
 *
 * Follows Python's `multiprocessing.get_all_start_methods`.
 */
export function getAllStartMethods(): StartMethod[] {
  return [...methods];
}

/**
 * Returns the given start method, or the default if it is `undefined`.
 *
 * @param what the beginning of the error message
 * @throws {RangeError} if there is no such start method
 */
export function startMethodFor(
  method: string | undefined,
  verb: string,
  name: string,
): StartMethod {
  if (method === undefined) return getStartMethod();
  const advice = method !== "fork"
    ? undefined
    : 'A worker cannot be made a copy of another: use "spawn", or "forkserver" for workers that ' +
      "are started ahead of time";
  checkOneOf(verb, name, method, methods, advice);
  return method as StartMethod;
}

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
export function getStartMethod(): StartMethod {
  return chosen ?? inherited;
}

/** Returns the default start method of workers that need the memory of the program. */
export function getWorkerStartMethod(): StartMethod {
  const method = getStartMethod();
  return method === "process" ? "spawn" : method;
}

/** Sets the start method that this worker inherits from its creator. */
export function inheritStartMethod(method: StartMethod): void {
  inherited = method;
}

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
export function setStartMethod(
  method: StartMethod | undefined,
  options: { force?: boolean } = {},
): void {
  checkOptions("set start method", options, { force: "boolean" });
  const wanted = method === undefined
    ? undefined
    : startMethodFor(method, "set start method", "method");
  if (chosen !== undefined && !options.force) {
    throw new Error(
      `Cannot set start method: it was set before, to ${JSON.stringify(chosen)}. ` +
        "Set it once, or with { force: true }",
    );
  }
  chosen = wanted;
}

let preloaded: readonly string[] = [];

/** Returns the modules that workers of the warm reserve import before they have a start request. */
export function forkserverPreload(): readonly string[] {
  return preloaded;
}

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
export function setForkserverPreload(modules: readonly (string | URL)[]): void {
  checkArguments("preload modules", "modules", modules, "[url]");
  modules.forEach((module: unknown, at) => {
    if (typeof module === "string" || isInstance(module, URL)) return;
    throw wrongType("preload modules", `modules[${at}]`, "a string or a URL", module);
  });
  preloaded = modules.map(String);
}
