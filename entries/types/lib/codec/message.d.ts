// The declarations of lib/codec/message.ts

import type { Address } from "../heap/address.d.ts";

/** Address of a message at rest: its block. */
export type MessageAddress = Address<"message">;

export {};
