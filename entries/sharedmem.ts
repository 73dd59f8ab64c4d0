/**
 * `@sauropod/multiprocessing/sharedmem` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/sharedmem/mod.ts";
