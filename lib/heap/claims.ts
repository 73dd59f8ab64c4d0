/**
 * Numbers that each belong to one module.
 *
 * Words at fixed places and types of shared objects are known by number, the same in every isolate. Each
 * module claims its own numbers, so that no list in a lower layer has to name the modules above. A claim
 * throws if another module of the isolate has claimed the number.
 *
 * @module
 */

/** A range of numbers, each of which can be claimed once. */
export class Claims {
  readonly #what: string;
  readonly #last: number;
  readonly #owners = new Map<number, string>();

  /**
   * Makes a range in which no number is claimed.
   *
   * @param what what the numbers stand for, for error messages
   * @param last the last number of the range
   */
  constructor(what: string, last: number) {
    this.#what = what;
    this.#last = last;
  }

  /**
   * Claims `count` numbers from `first` on.
   *
   * @param owner what they are for; named in the error if another module claims one of them
   * @returns `first`
   * @throws {Error} if one of them is claimed already, or outside of the range
   */
  claim(first: number, owner: string, count = 1): number {
    for (let number = first; number < first + count; number++) {
      const other = this.#owners.get(number);
      if (other !== undefined || number > this.#last) {
        throw new Error(
          `Cannot claim ${this.#what} ${number} for ${owner}: ${
            other === undefined ? `the last is ${this.#last}` : `${other} has it`
          }. The first that is free is ${this.#firstFree()}`,
        );
      }
      this.#owners.set(number, owner);
    }
    return first;
  }

  /** The numbers that are claimed, with what they are for. */
  get owners(): ReadonlyMap<number, string> {
    return this.#owners;
  }

  #firstFree(): number {
    let number = 0;
    while (this.#owners.has(number)) number++;
    return number;
  }
}
