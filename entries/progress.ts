/**
 * `@sauropod/multiprocessing/progress` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/progress/mod.d.ts"
export * from "../lib/progress/mod.ts";
