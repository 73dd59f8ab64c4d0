/**
 * Random whole numbers that depend on a seed and on what they are for, and on no worker: so that results
 * are the same whoever computes them.
 *
 * @module
 */

/**
 * A whole number in `from .. to - 1`, as Python's `randint(from, to)` of NumPy.
 *
 * @param seed any whole number
 * @param stream the number of the stream: those of one seed are independent of each other
 */
export function randomInteger(seed: number, stream: number, from: number, to: number): number {
  const bits = mix(mix(seed) ^ stream);
  return from + Math.floor((to - from) * bits / 2 ** 32);
}

/** The finalizer of MurmurHash3, which is a permutation of 32 bits without a pattern to be seen. */
function mix(bits: number): number {
  bits = (bits + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
