/**
 * Progress messages of `Parallel`.
 *
 * @module
 */

/** Prints to stderr how many calls are done. */
export class ProgressPrinter {
  readonly #jobs: number;
  readonly #verbose: number;
  readonly #total: number;
  readonly #start = performance.now();
  #done = 0;
  #next = 1;
  #hasEnded = false;

  /**
   * Starts at 0 calls. Prints nothing if `verbose` is 0, and after each batch from 10 on.
   *
   * @param total the number of all calls; `Infinity`: not known
   */
  constructor(jobs: number, verbose: number, total: number) {
    this.#jobs = jobs;
    this.#verbose = verbose;
    this.#total = total;
  }

  /** Adds calls that are done. */
  add(calls: number): void {
    this.#done += calls;
    if (this.#verbose === 0 || this.#hasEnded || this.#done === this.#total) return;
    if (this.#verbose < 10 && this.#done < this.#next) return;
    this.#next = this.#done * 2;
    if (this.#total === Infinity) return this.#print(`Done ${this.#done} calls`);
    const left = this.#elapsed * (this.#total - this.#done) / this.#done;
    this.#print(`Done ${this.#done} of ${this.#total} calls`, ` | left: ${seconds(left)}`);
  }

  /** Prints that all calls are done. */
  end(): void {
    if (this.#verbose > 0 && !this.#hasEnded) {
      this.#print(`Done ${this.#done} of ${this.#done} calls`);
    }
    this.#hasEnded = true;
  }

  get #elapsed(): number {
    return performance.now() - this.#start;
  }

  #print(text: string, more = ""): void {
    const elapsed = seconds(this.#elapsed);
    console.error(`[Parallel(nJobs=${this.#jobs})]: ${text} | elapsed: ${elapsed}${more}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
