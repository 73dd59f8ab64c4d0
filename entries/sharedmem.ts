/**
 * `@sauropod/multiprocessing/sharedmem` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/sharedmem/mod.d.ts"
export * from "../lib/sharedmem/mod.ts";
