/**
 * `@sauropod/multiprocessing/ndarray` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/ndarray/mod.ts";
