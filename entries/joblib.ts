/**
 * `@sauropod/multiprocessing/joblib` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/joblib/mod.d.ts"
export * from "../lib/joblib/mod.ts";
