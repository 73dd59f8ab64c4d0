/**
 * Stand-in for `lib/heap/sizes.ts`: small sizes, so that few operations fill a table.
 *
 * @module
 */

/** An isolate of a scenario uses at most two at a time. */
export const NODES_PER_SLAB = 3;

/** Room for one message. */
export const FIRST_SEGMENT_WORDS = 5;
/** Room for one message. */
export const KEPT_SEGMENT_WORDS = 5;
/** Room for two messages: an emptied channel does not keep it. */
export const MAX_SEGMENT_WORDS = 7;
