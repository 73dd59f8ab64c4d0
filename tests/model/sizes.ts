/**
 * Stand-in for `lib/heap/sizes.ts`: small sizes, so that few operations fill a table.
 *
 * @module
 */

/** An isolate of a scenario uses at most two at a time. */
export const NODES_PER_SLAB = 3;

/** Room for two messages. */
export const SEGMENT_WORDS = 6;
