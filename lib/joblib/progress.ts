/**
 * Progress messages of `Parallel`.
 *
 * @module
 */

/** Prints to stderr how many calls are done. */
export class ProgressPrinter {
  readonly #jobs: number;
  readonly #verbose: number;
  readonly #start = performance.now();
  #done = 0;
  #next = 1;

  /** Starts at 0 calls. Prints nothing if `verbose` is 0 or less, and after each batch from 10 on. */
  constructor(jobs: number, verbose: number) {
    this.#jobs = jobs;
    this.#verbose = verbose;
  }

  /** Adds calls that are done. */
  add(calls: number): void {
    this.#done += calls;
    if (this.#verbose <= 0 || (this.#verbose < 10 && this.#done < this.#next)) return;
    this.#next = this.#done * 2;
    this.#print(`Done ${this.#done} calls`);
  }

  /** Prints that all calls are done. */
  end(): void {
    if (this.#verbose > 0) this.#print(`Done ${this.#done} out of ${this.#done}`);
  }

  #print(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1);
    console.error(`[Parallel(nJobs=${this.#jobs})]: ${text} | elapsed: ${seconds} s`);
  }
}
