/**
 * `@sauropod/multiprocessing/futures` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/futures/mod.ts";
