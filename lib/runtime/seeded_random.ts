/**
 * Random numbers under `deno run --seed`.
 *
 * With that flag every isolate starts the same sequences, of `Math.random` and of `crypto`: simulations in
 * several workers would all produce the same numbers, and files with random names would collide. So if
 * the first secure random numbers of a worker equal those of the main isolate, the flag was given, and the
 * worker gets its own sequences, derived from the seed and the worker's number. Keys of `crypto.subtle`
 * are made by Deno itself, and stay the same.
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
  separateCrypto(generator(first[1], first[0] ^ Math.imul(pid, 0x85ebca6b)));
}

/** Gives `crypto` of this isolate the numbers of a generator. Under the flag they are not secure anyway. */
function separateCrypto(next: () => number): void {
  const check = crypto.getRandomValues;
  const getRandomValues = <T extends Parameters<Crypto["getRandomValues"]>[0]>(array: T): T => {
    check.call(crypto, array); // refuses what is not an array of integers, or too long
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytes.forEach((_, at) => bytes[at] = next() >>> 24);
    return array;
  };
  const randomUUID = () => {
    const bytes = getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 0x0f | 0x40; // version 4
    bytes[8] = bytes[8] & 0x3f | 0x80;
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  for (const fn of [getRandomValues, randomUUID]) {
    Object.defineProperty(crypto, fn.name, { value: fn, writable: true, configurable: true });
  }
}

/** Returns a generator of 32-bit integers: `sfc32` by Chris Doty-Humphrey. */
export function generator(seed: number, stream: number): () => number {
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
