/**
 * `@sauropod/multiprocessing/dummy` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/dummy/mod.d.ts"
export * from "../lib/dummy/mod.ts";
