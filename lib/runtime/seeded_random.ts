/**
 * `Math.random` under `deno run --seed`.
 *
 * With that flag every isolate starts the same sequence: simulations in several workers would all
 * produce the same numbers, unnoticed. The flag also seeds the isolates' secure random numbers. So if
 * the first ones of a worker equal those of the main isolate, the flag was given, and the worker gets
 * its own sequence, derived from the seed and the worker's number.
 *
 * @module
 */

/** The first secure random numbers of this isolate. Two unseeded isolates agree with probability 2^-64. */
const first: readonly number[] = [...crypto.getRandomValues(new Uint32Array(2))];

/** Returns the first secure random numbers of this isolate, for the birth of a worker. */
export function firstDraw(): readonly number[] {
  return first;
}

/**
 * Gives this worker its own sequence if it would otherwise have the main isolate's.
 *
 * @param mainDraw the result of {@linkcode firstDraw} in the main isolate
 * @param pid the number of the worker
 */
export function separateRandom(mainDraw: readonly number[], pid: number): void {
  if (mainDraw[0] !== first[0] || mainDraw[1] !== first[1]) return;
  const next = generator(first[0], first[1] ^ Math.imul(pid, 0x9e3779b9));
  Math.random = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** Returns a generator of 32-bit integers: `sfc32` by Chris Doty-Humphrey. */
function generator(seed: number, stream: number): () => number {
  let a = 0, b = seed | 0, c = stream | 0, counter = 1;
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum;
  };
  for (let round = 0; round < 15; round++) next(); // mixes the seeds
  return next;
}
