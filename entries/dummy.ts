/**
 * `@sauropod/multiprocessing/dummy` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/dummy/mod.ts";
