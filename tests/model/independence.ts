/**
 * Which operations commute with all that other isolates may do: the partial-order reduction of the
 * checker.
 *
 * @module
 */
import type { Point } from "./code.ts";
import { Kind, type Machine } from "./machine.ts";

/** Guards that were held at every use so far; `undefined` before the first use. */
type Guards = readonly number[] | undefined;

/**
 * Records which isolates use each word in which of their steps, and how. An operation on a word that no
 * other isolate will use in a conflicting way is independent.
 *
 * Only uses that were seen are known. When an operation shows that another was assumed to be independent
 * and is not, `invalidated` is set, and the exploration starts again with what is known then.
 */
export class Independence {
  /** Whether an assumption turned out to be wrong. */
  invalidated = false;
  /** For each word: bits of the steps that use it, and of those that change it. */
  private users: Int32Array;
  private writers: Int32Array;
  /** For each word: the guards that were held at every use, and at every change. */
  private userGuards: Guards[] = [];
  private writerGuards: Guards[] = [];
  /** For each word: 1 if an operation on it was assumed to be independent. */
  private assumed: Uint8Array;
  /** For each isolate and step: the bit of the step, and the bits of all steps from it on. */
  private bit: number[][];
  private remaining: number[][];

  constructor(private machine: Machine, programLengths: number[]) {
    const share = Math.floor(32 / programLengths.length); // in long programs, steps share a bit
    this.bit = programLengths.map((length, isolate) =>
      Array.from(
        { length: length + 1 },
        (_, step) => 1 << share * isolate + Math.floor(step * share / (length + 1)),
      )
    );
    this.remaining = this.bit.map((bits) =>
      bits.map((_, step) => bits.slice(step).reduce((all, bit) => all | bit))
    );
    this.users = new Int32Array(machine.length);
    this.writers = new Int32Array(machine.length);
    this.assumed = new Uint8Array(machine.length);
  }

  /** Starts an exploration. What was recorded stays. */
  begin(): void {
    this.invalidated = false;
    this.assumed.fill(0);
  }

  /** Whether the next operation of an isolate commutes with all that others may do before it. */
  isIndependent(points: readonly Point[], isolate: number): boolean {
    const { kind, at, a, guards } = points[isolate];
    switch (kind) {
      case Kind.LEAVE: // until then no other isolate can use the guard
      case Kind.CHOOSE:
        return true;
      case Kind.TURN: // a wake-up that has arrived stays
        return a === 0;
    }
    const changes = this.machine.changes(points[isolate]);
    const conflicting = changes ? this.users[at] : this.writers[at];
    const independent = (conflicting & this.remainingOfOthers(points, isolate)) === 0 ||
      (changes ? this.userGuards : this.writerGuards)[at]!.some((guard) => guards.includes(guard));
    if (independent) this.assumed[at] = 1;
    return independent;
  }

  /** Records an operation that is about to happen. */
  record(isolate: number, point: Point): void {
    const { kind, at, guards } = point;
    if (at === 0 || kind === Kind.LEAVE) return;
    const bit = this.bit[isolate][point.beginning.step];
    let isNew = false;
    if ((this.users[at] & bit) === 0) {
      this.users[at] |= bit;
      isNew = true;
    }
    isNew = intersect(this.userGuards, at, guards) || isNew;
    if (this.machine.changes(point)) {
      if ((this.writers[at] & bit) === 0) {
        this.writers[at] |= bit;
        isNew = true;
      }
      isNew = intersect(this.writerGuards, at, guards) || isNew;
    }
    if (isNew && this.assumed[at] === 1 && (this.users[at] & ~this.remaining[isolate][0]) !== 0) {
      this.invalidated = true;
    }
  }

  /** Bits of the steps that the other isolates have not finished. */
  private remainingOfOthers(points: readonly Point[], isolate: number): number {
    let bits = 0;
    for (let other = 0; other < points.length; other++) {
      if (other !== isolate) bits |= this.remaining[other][points[other].beginning.step];
    }
    return bits;
  }
}

/** Keeps only the guards that are held now too. Returns whether some were removed. */
function intersect(all: Guards[], at: number, held: readonly number[]): boolean {
  const before = all[at];
  if (before === undefined) {
    all[at] = held;
    return false;
  }
  if (before.every((guard) => held.includes(guard))) return false;
  all[at] = before.filter((guard) => held.includes(guard));
  return true;
}
