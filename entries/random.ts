/**
 * `@sauropod/multiprocessing/random` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/random/mod.ts";
