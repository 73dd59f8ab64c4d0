/**
 * Random integers that depend on a seed and on the number of a stream only: results are the same on any
 * worker.
 *
 * @module
 */

/**
 * Returns an integer in `from .. to - 1`, as `numpy.random.randint(from, to)`.
 *
 * @param seed any integer
 * @param stream the number of the stream; the streams of one seed are independent of each other
 */
export function randomInteger(seed: number, stream: number, from: number, to: number): number {
  const bits = mix(mix(seed) ^ stream);
  return from + Math.floor((to - from) * bits / 2 ** 32);
}

/** The finalizer of MurmurHash3, a permutation of the 32-bit integers without a visible pattern. */
function mix(bits: number): number {
  bits = (bits + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
