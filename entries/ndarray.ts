/**
 * `@sauropod/multiprocessing/ndarray` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/ndarray/mod.d.ts"
export * from "../lib/ndarray/mod.ts";
