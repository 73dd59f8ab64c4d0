/**
 * A small seeded generator, so that an example makes the same image on every machine.
 *
 * @module
 */

/** Numbers drawn one after the other. */
export interface Random {
  /** A number in [0, 1). */
  uniform(): number;
  /** A number from the standard normal distribution. */
  normal(): number;
}

/**
 * The generator xoshiro128**, its state filled from the seed by splitmix32.
 *
 * David Blackman, Sebastiano Vigna: Scrambled linear pseudorandom number generators. ACM Transactions
 * on Mathematical Software 47(4), 2021.
 *
 * @param seed Any integer; its lowest 32 bits count.
 */
export function seededRandom(seed: number): Random {
  const state = splitmix32(seed);
  let [a, b, c, d] = [state(), state(), state(), state()];

  function bits32(): number {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  }

  const uniform = () => bits32() / 2 ** 32;

  // Box and Muller, Annals of Mathematical Statistics 29(2), 1958: two independent numbers at a time.
  let spare: number | undefined;
  function normal(): number {
    if (spare !== undefined) {
      const number = spare;
      spare = undefined;
      return number;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  return { uniform, normal };
}

function rotateLeft(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

/** Makes any number of independent words of one seed. */
function splitmix32(seed: number): () => number {
  let counter = seed | 0;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let word = counter;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
}
