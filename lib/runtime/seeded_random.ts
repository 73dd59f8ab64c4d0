/**
 * `Math.random` under `deno run --seed`.
 *
 * With that flag every isolate begins the same sequence: workers that simulate would all simulate the
 * same, and nobody would notice. The isolates' secure random numbers are seeded by the flag as well;
 * so if a worker's first ones are those of the main thread, the flag was given, and the worker gets a
 * sequence of its own, which follows from the seed and the number of the worker.
 *
 * @module
 */

/** What this isolate drew first: by chance two are the same once in 2^64. */
const first: readonly number[] = [...crypto.getRandomValues(new Uint32Array(2))];

/** What this isolate drew first, for the birth of a worker. */
export function firstDraw(): readonly number[] {
  return first;
}

/**
 * Gives this worker a sequence of its own if it would have the main thread's.
 *
 * @param mains what the main thread drew first
 * @param pid the number of the worker
 */
export function separateRandom(mains: readonly number[], pid: number): void {
  if (mains[0] !== first[0] || mains[1] !== first[1]) return;
  const next = generator(first[0], first[1] ^ Math.imul(pid, 0x9e3779b9));
  Math.random = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** Whole numbers of 32 bits: `sfc32` by Chris Doty-Humphrey. */
function generator(seed: number, stream: number): () => number {
  let a = 0, b = seed | 0, c = stream | 0, counter = 1;
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum;
  };
  for (let round = 0; round < 15; round++) next(); // so that the seeds are mixed
  return next;
}
