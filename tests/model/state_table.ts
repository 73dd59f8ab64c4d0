/**
 * The states that were visited, by a key of 64 bits, with a number for each.
 *
 * @module
 */

/** A hash table with open addressing. Two states of the same key are taken for one. */
export class StateTable {
  /** Number of keys. */
  size = 0;
  private keys = new Int32Array(2 * 1024);
  private numbers = new Float64Array(1024);

  /** Forgets everything. */
  clear(): void {
    this.size = 0;
    this.keys.fill(0);
  }

  /** Where the key is, or belongs. */
  place(key: Int32Array): number {
    const mask = this.numbers.length - 1;
    const low = key[0] | 1; // 0 is no key
    for (let place = (low ^ Math.imul(key[1], 0x9e3779b1)) & mask;; place = (place + 1) & mask) {
      const found = this.keys[2 * place];
      if (found === 0 || found === low && this.keys[2 * place + 1] === key[1]) return place;
    }
  }

  /** Whether a key is there. */
  isTaken(place: number): boolean {
    return this.keys[2 * place] !== 0;
  }

  /** Enters the key that belongs there. */
  take(place: number, key: Int32Array): void {
    this.keys[2 * place] = key[0] | 1;
    this.keys[2 * place + 1] = key[1];
    this.numbers[place] = 0;
    if (++this.size > this.numbers.length * 0.7) this.grow();
  }

  /** The number of the key there. */
  get(place: number): number {
    return this.numbers[place];
  }

  /** Gives the key there a number. */
  set(place: number, number: number): void {
    this.numbers[place] = number;
  }

  private grow(): void {
    const { keys, numbers } = this;
    this.keys = new Int32Array(2 * keys.length);
    this.numbers = new Float64Array(2 * numbers.length);
    for (let place = 0; place < numbers.length; place++) {
      if (keys[2 * place] === 0) continue;
      const key = keys.subarray(2 * place, 2 * place + 2);
      const to = this.place(key);
      this.keys.set(key, 2 * to);
      this.numbers[to] = numbers[place];
    }
  }
}
