/**
 * The visited states: a number for each, by a key of 64 bits.
 *
 * @module
 */

/** A hash table with open addressing. Two states with the same key count as one state. */
export class StateTable {
  /** Number of keys. */
  size = 0;
  private keys = new Int32Array(2 * 1024);
  private numbers = new Float64Array(1024);

  /** Removes all keys. */
  clear(): void {
    this.size = 0;
    this.keys.fill(0);
  }

  /** Returns the place of the key, or the free place where it belongs. */
  find(key: Int32Array): number {
    const mask = this.numbers.length - 1;
    const low = key[0] | 1; // 0 marks a free place
    for (let place = (low ^ Math.imul(key[1], 0x9e3779b1)) & mask;; place = (place + 1) & mask) {
      const found = this.keys[2 * place];
      if (found === 0 || found === low && this.keys[2 * place + 1] === key[1]) return place;
    }
  }

  /** Whether there is a key at the place. */
  isTaken(place: number): boolean {
    return this.keys[2 * place] !== 0;
  }

  /** Adds a key at its place. May move the others: call {@linkcode StateTable.find} again afterwards. */
  add(place: number, key: Int32Array): void {
    this.keys[2 * place] = key[0] | 1;
    this.keys[2 * place + 1] = key[1];
    this.numbers[place] = 0;
    if (++this.size > this.numbers.length * 0.7) this.grow();
  }

  /** Returns the number of the key at the place. */
  get(place: number): number {
    return this.numbers[place];
  }

  /** Sets the number of the key at the place. */
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
      const to = this.find(key);
      this.keys.set(key, 2 * to);
      this.numbers[to] = numbers[place];
    }
  }
}
