/**
 * `@sauropod/multiprocessing/cluster` for programs beside a copy: see `mod.ts`.
 *
 * @module
 */

// @ts-types="./types/lib/cluster/mod.d.ts"
export * from "../lib/cluster/mod.ts";
