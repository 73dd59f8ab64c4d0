/**
 * What a soak test counts, and the watch over each of its operations.
 *
 * @module
 */

/**
 * An operation that has not ended after this time hangs, in milliseconds. It is long, because the machine
 * is kept busy on purpose.
 */
export const HANG_MS = 300_000;

/** An operation that has not ended after this time is reported, in milliseconds. */
const SLOW_MS = 60_000;

/** Counts operations, faults, and what became of items. */
export class Tally {
  operations = 0;
  /** Faults that were caused on purpose, by kind. */
  readonly faults = new Map<string, number>();
  sent = 0;
  received = 0;
  failed = 0;
  /** Items without any fault that failed because another fault ended their worker. */
  hit = 0;
  readonly lost: string[] = [];
  readonly hung: string[] = [];
  /** The operations that have not ended, and when they began. */
  readonly #running = new Map<string, number>();

  /** Counts a fault that is about to be caused. */
  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** Waits for an operation, which must end. Returns `undefined` if it does not. */
  async watch<T>(what: string, operation: () => Promise<T>): Promise<T | undefined> {
    this.operations++;
    this.#running.set(what, performance.now());
    const timedOut = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      this.hung.push(what);
      timedOut.resolve(undefined);
    }, HANG_MS);
    try {
      return await Promise.race([operation(), timedOut.promise]);
    } finally {
      clearTimeout(timer);
      this.#running.delete(what);
    }
  }

  /** Whether something was lost or hangs. */
  get hasFailed(): boolean {
    return this.lost.length + this.hung.length > 0;
  }

  /** Returns the figures, a line for each group. */
  report(): string {
    const faults = [...this.faults].toSorted().map(([kind, count]) => `${kind} ${count}`);
    return [
      `${this.operations} operations; faults: ${faults.join(", ")}`,
      `items: ${this.sent} sent, ${this.received} received, ${this.failed} reported failed ` +
      `(${this.hit} of them hit by the fault of another), ${this.lost.length} lost, ` +
      `${this.hung.length} hung`,
      ...[...this.#running].filter(([, begun]) => performance.now() - begun > SLOW_MS)
        .map(([what, begun]) =>
          `runs for ${Math.round((performance.now() - begun) / 1000)} s: ${what}`
        ),
      ...[...this.lost.map((what) => `lost: ${what}`), ...this.hung.map((what) => `hung: ${what}`)]
        .slice(0, 20),
    ].join("\n");
  }
}
