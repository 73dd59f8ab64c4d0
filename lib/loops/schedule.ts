/**
 * How a loop is cut into chunks, and which of them belong together.
 *
 * A unit is what a thread takes at a time: it takes one after the other until none is left, so a
 * thread that comes late, or is slow, takes fewer.
 *
 * | schedule | chunks | unit |
 * |---|---|---|
 * | `"static"` | one for each thread, or of `chunkSize` | every `numThreads`-th chunk |
 * | `"dynamic"` | of `chunkSize` | one chunk |
 * | `"guided"` | half a thread's share of what is left, at least `chunkSize` | one chunk |
 *
 * Follows OpenMP's `schedule` clause.
 *
 * @module
 */

/** How the indices of a loop are dealt out. */
export type Schedule = "static" | "dynamic" | "guided";

/** A loop, cut up. Plain data: it crosses. */
export interface Partition {
  /** Number of units. */
  units: number;
  /** Number of chunks: unit `u` has the chunks `u`, `u + units`, and so on. */
  chunks: number;
  /** Indices in a chunk, the last may have fewer; 0: see `bounds`. */
  chunkSize: number;
  /** Where each chunk begins, and the end, if they differ in size. */
  bounds?: Float64Array;
}

/** So many chunks each thread gets, when nobody says how large they are. */
const CHUNKS_PER_THREAD = 16;

/** Cuts a loop over `length` indices. */
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

function guidedBounds(length: number, threads: number, least: number): Float64Array {
  const bounds = [0];
  for (let at = 0; at < length;) {
    at = Math.min(at + Math.max(Math.ceil((length - at) / (2 * threads)), least), length);
    bounds.push(at);
  }
  return Float64Array.from(bounds);
}

/** Where a chunk begins. */
export function chunkStart({ bounds, chunkSize }: Partition, chunk: number): number {
  return bounds === undefined ? chunk * chunkSize : integer(bounds[chunk]);
}

/** Where a chunk of a loop over `length` indices ends. */
export function chunkEnd({ bounds, chunkSize }: Partition, chunk: number, length: number): number {
  return bounds === undefined
    ? Math.min((chunk + 1) * chunkSize, length)
    : integer(bounds[chunk + 1]);
}

/**
 * The same number, as an integer of the engine if it has 32 bits. What is read from a `Float64Array` is
 * none, and a loop that counts from it would be slower by a third.
 */
function integer(value: number): number {
  const whole = value | 0;
  return whole === value ? whole : value;
}
