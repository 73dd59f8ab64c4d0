/**
 * `@sauropod/multiprocessing/threading` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/threading/mod.d.ts"
export * from "../lib/threading/mod.ts";
