/**
 * How a loop is partitioned into chunks, and chunks into units.
 *
 * A unit is what a participant takes at a time. It takes units until none is left, so a participant
 * that starts late, or is slow, takes fewer.
 *
 * | schedule | chunks | unit |
 * |---|---|---|
 * | `"static"` | one for each participant, or of `chunkSize` | every `numThreads`-th chunk |
 * | `"dynamic"` | of `chunkSize` | one chunk |
 * | `"guided"` | half a participant's share of the rest, at least `chunkSize` | one chunk |
 *
 * Follows OpenMP's `schedule` clause.
 *
 * @module
 */

/** How the indices of a loop are distributed; see {@linkcode LoopOptions}. */
export type Schedule = "static" | "dynamic" | "guided";

/** The chunks and units of a loop. Plain data: it crosses. */
export interface Partition {
  /** Number of units. */
  units: number;
  /** Number of chunks: unit `u` has the chunks `u`, `u + units`, and so on. */
  chunks: number;
  /** Number of indices in each chunk but the last, which may have fewer; 0: see `bounds`. */
  chunkSize: number;
  /** Start of each chunk, and the end of the last, if chunks differ in size. */
  bounds?: Float64Array;
}

/** Number of chunks per participant if `chunkSize` is not given. */
const CHUNKS_PER_THREAD = 16;

/** Partitions a loop over `length` indices. */
export function partition(
  length: number,
  threads: number,
  schedule: Schedule,
  chunkSize: number | undefined,
): Partition {
  switch (schedule) {
    case "static": {
      const size = chunkSize ?? Math.max(Math.ceil(length / threads), 1);
      const chunks = Math.ceil(length / size);
      return { units: Math.min(threads, chunks), chunks, chunkSize: size };
    }
    case "dynamic": {
      const size = chunkSize ?? Math.max(Math.ceil(length / (threads * CHUNKS_PER_THREAD)), 1);
      const chunks = Math.ceil(length / size);
      return { units: chunks, chunks, chunkSize: size };
    }
    case "guided": {
      const bounds = guidedBounds(length, threads, chunkSize ?? 1);
      const chunks = bounds.length - 1;
      return { units: chunks, chunks, chunkSize: 0, bounds };
    }
  }
}

/** Returns the partition with chunks whose size is a multiple of `size`, if they have one size and are large. */
export function alignChunks(of: Partition, length: number, size: number): Partition {
  const { chunkSize, units, chunks } = of;
  if (chunkSize < 2 * size || units !== chunks) return of;
  const aligned = Math.ceil(chunkSize / size) * size;
  const count = Math.ceil(length / aligned);
  return { units: count, chunks: count, chunkSize: aligned };
}

function guidedBounds(length: number, threads: number, minSize: number): Float64Array {
  const bounds = [0];
  for (let at = 0; at < length;) {
    at = Math.min(at + Math.max(Math.ceil((length - at) / (2 * threads)), minSize), length);
    bounds.push(at);
  }
  return Float64Array.from(bounds);
}

/** Returns the position of the first index of a chunk. */
export function chunkStart({ bounds, chunkSize }: Partition, chunk: number): number {
  return bounds === undefined ? chunk * chunkSize : integer(bounds[chunk]);
}

/** Returns the position after the last index of a chunk, in a loop over `length` indices. */
export function chunkEnd({ bounds, chunkSize }: Partition, chunk: number, length: number): number {
  return bounds === undefined
    ? Math.min((chunk + 1) * chunkSize, length)
    : integer(bounds[chunk + 1]);
}

/**
 * Converts a number to the engine's 32-bit representation if it fits. Numbers that are read from a
 * `Float64Array` are doubles, and a loop that counts from a double is slower by a third.
 */
function integer(value: number): number {
  const int32 = value | 0;
  return int32 === value ? int32 : value;
}
