/**
 * Sizes of the tables that hold many things of a kind. The protocols are right with any sizes; the model
 * checker takes small ones in place of these.
 *
 * @module
 */

/** Words of a segment of a channel: 16 KiB with the header of its block. */
export const SEGMENT_WORDS = 4080;

/** Number of waiter nodes that are allocated at a time. */
export const NODES_PER_SLAB = 28;
