/**
 * `@sauropod/multiprocessing/loops` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/loops/mod.ts";
