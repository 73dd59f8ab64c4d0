/**
 * In the place of `lib/heap/sizes.ts`: small tables, so that few steps fill them.
 *
 * @module
 */

/** Each isolate of a model has two nodes in use. */
export const NODES_PER_SLAB = 3;

/** Room for two messages. */
export const SEGMENT_WORDS = 6;
