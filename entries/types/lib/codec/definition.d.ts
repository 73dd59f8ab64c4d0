// The declarations of lib/codec/definition.ts

import type { Address } from "../heap/address.d.ts";

/** Address of the definition of a function or class. */
export type DefinitionAddress = Address<"definition">;

export {};
