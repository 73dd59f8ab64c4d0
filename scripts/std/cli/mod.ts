/**
 * The part of JSR's `@std/cli` that this repository uses, so that examples run where JSR cannot be
 * reached.
 *
 * @module
 */
export * from "./parse_args.ts";
