/**
 * When an agent looks how far its process is.
 *
 * @module
 */

/** How often it looks, in milliseconds. */
const LOOK_MS = 5;
/** How often it looks at the same chunk before it looks less often. */
const MANY_LOOKS = 1000;

/** Looks at the first chunk of a process while it stays the same. */
export class Looks {
  readonly #look: (number: number) => void;
  /** The number of that chunk; 0: there is none. */
  number = 0;
  /** How often its time has come. */
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param look called with the number of a chunk that has been the first one for a while */
  constructor(look: (number: number) => void) {
    this.#look = look;
  }

  /** Another chunk is the first one. */
  begin(number: number): void {
    this.number = number;
    this.#count = 0;
    this.#timer ??= setTimeout(() => this.#onTime(), LOOK_MS);
  }

  /** There is no chunk. */
  stop(): void {
    this.number = 0;
  }

  #onTime(): void {
    this.#timer = undefined;
    if (this.number === 0) return;
    if (this.#count++ > 0) this.#look(this.number);
    const delayMs = this.#count < MANY_LOOKS ? LOOK_MS : LOOK_MS * 20;
    this.#timer = setTimeout(() => this.#onTime(), delayMs);
  }
}
