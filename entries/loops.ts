/**
 * `@sauropod/multiprocessing/loops` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/loops/mod.d.ts"
export * from "../lib/loops/mod.ts";
