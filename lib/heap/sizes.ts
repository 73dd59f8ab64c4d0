/**
 * Sizes of tables. The protocols are right with any sizes: the model checker replaces this module by one
 * with small sizes.
 *
 * @module
 */

/** Words of a segment of a channel: 16 KiB with the header of its block. */
export const SEGMENT_WORDS = 4080;

/** Number of waiter nodes that are allocated at a time. */
export const NODES_PER_SLAB = 28;
