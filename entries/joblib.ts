/**
 * `@sauropod/multiprocessing/joblib` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

export * from "../lib/joblib/mod.ts";
