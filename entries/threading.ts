/**
 * `@sauropod/multiprocessing/threading` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/threading/mod.ts";
