/**
 * `@sauropod/multiprocessing/futures` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/futures/mod.d.ts"
export * from "../lib/futures/mod.ts";
