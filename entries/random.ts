/**
 * `@sauropod/multiprocessing/random` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/random/mod.d.ts"
export * from "../lib/random/mod.ts";
