// The declarations of lib/channels/queue_kind.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/** Options of `put` of a queue with priorities. */
export interface PriorityOptions extends WaitOptions {
  /**
   * The item's priority: the lowest number is got first. Not NaN.
   *
   * @default {the item, if it is a number; its first element, if it is an array that begins with one}
   */
  priority?: number | undefined;
}

export {};
