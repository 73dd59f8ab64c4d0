// The declarations of lib/codec/definition.ts

import type { Address } from "../heap/address.d.ts";

/** Address of the definition of a function or class. */
export type DefinitionAddress = Address<"definition">;

/** How an isolate finds a function or class. */
export type Definition =
  /**
   * A registration by `task()` in a module: found by `name`, `hash` and `twin`; `index` and `at`, its
   * place in the text if it has no name, serve error messages only. A function that creates tasks gives all of them the same text: this is the `twin`-th of
   * at least `twins` with this name and text. With `member`, it is a method of the registered class: the
   * path to it from the class.
   */
  | {
    kind: "task";
    name: string;
    module: string;
    index: number;
    at?: string | undefined;
    hash: number;
    twin: number;
    twins?: number;
    member?: string[];
  }
  /** An export of a module. */
  | {
    kind: "export";
    name: string;
    module: string;
  }
  /** A built-in function, by its path from `globalThis`. */
  | {
    kind: "global";
    name: string;
  }
  /** The source text of a function that uses nothing outside itself. */
  | {
    kind: "source";
    name: string;
    source: string;
  };

export {};
