/**
 * What programs beside a copy of the repository import: all of `mod.ts`. Deno reads the `deno.json`
 * that is nearest to what an import names, and warns of the repository's; this folder has its own.
 *
 * @module
 */

// @ts-types="./types/mod.d.ts"
export * from "../mod.ts";
