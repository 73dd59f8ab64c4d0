/**
 * Sizes of tables. The protocols are right with any sizes: the model checker replaces this module by one
 * with small sizes.
 *
 * @module
 */

/** Words of the first segment of a channel: 128 bytes with the header of its block. */
export const FIRST_SEGMENT_WORDS = 30;
/** Words of the largest segment that an empty channel keeps: 2 KiB with the header of its block. */
export const KEPT_SEGMENT_WORDS = 510;
/** Words of the largest segment of a channel: 16 KiB with the header of its block. */
export const MAX_SEGMENT_WORDS = 4094;

/** Number of waiter nodes that are allocated at a time. */
export const NODES_PER_SLAB = 28;
