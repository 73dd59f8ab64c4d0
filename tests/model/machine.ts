/**
 * The simulated machine: shared memory, the threads that sleep on its words, and what each operation
 * does to them. It knows nothing of programs; `code.ts` asks for operations, `checker.ts` lets them
 * happen.
 *
 * @module
 */

/** What a thread can ask of the machine. */
export const Kind = {
  /** Plain accesses, `i32[at]`: not ordered by themselves. */
  READ: 0,
  WRITE: 1,
  LOAD: 2,
  STORE: 3,
  ADD: 4,
  AND: 5,
  OR: 6,
  EXCHANGE: 7,
  /** `a` is the expected value, `b` the new one. */
  COMPARE_EXCHANGE: 8,
  /** Sleeps while the word is `a`; `b` is 1 if a time limit may end the sleep. */
  WAIT: 9,
  /** Wakes the first `a` sleepers. */
  NOTIFY: 10,
  WAIT_ASYNC: 11,
  /** The simulated guard of a section. */
  ENTER: 12,
  LEAVE: 13,
  /** Goes on when the word is `a`, or when it is not, if `b` is 1. */
  UNTIL: 14,
  /** Goes on in one of `a` ways. */
  CHOOSE: 15,
  /** Ends a turn of the event loop: goes on with a wake-up (0) or one of `a` timers (1, 2, …). */
  TURN: 16,
  /** The program has ended. */
  END: 17,
  /** The program has thrown. */
  FAIL: 18,
} as const;

/** What a thread can ask of the machine: a value of {@linkcode Kind}. */
export type Kind = typeof Kind[keyof typeof Kind];

/** An operation, as a thread asks for it. */
export interface Operation {
  kind: Kind;
  /** The word that it is about; 0 for none. */
  at: number;
  a: number;
  b: number;
}

/** Results of {@linkcode Kind.WAIT} and {@linkcode Kind.WAIT_ASYNC}. */
export const Slept = { OK: 0, NOT_EQUAL: 1, TIMED_OUT: 2 } as const;

/** What an event loop knows of its one `waitAsync`. */
const Ear = { NONE: 0, LISTENS: 1, HEARD: 2 } as const;

/** Who slept, before that changed. */
interface Sleep {
  asleep: number[];
  ears: number[];
  earAt: number[];
  sleepers: number[];
}

/** Words of memory; {@linkcode Machine.seal} leaves those that are used. */
const MOST_WORDS = 1 << 14;

/** Shared memory and who sleeps on it. */
export class Machine {
  /** Number of words. */
  length = MOST_WORDS;
  private memory = new Int32Array(MOST_WORDS);
  private hash: [number, number] = [0, 0];
  /** For each thread: the word that it sleeps on, 0 for none. */
  private asleep: number[] = [];
  private ears: number[] = [];
  private earAt: number[] = [];
  /** Who sleeps, in the order of going to sleep: twice the thread, plus 1 for its event loop. */
  private sleepers: number[] = [];
  /** What was overwritten: word and value, or 0 and nothing for the last of `sleeps`. */
  private trail: number[] = [];
  private sleeps: Sleep[] = [];

  constructor(threads: number) {
    for (let thread = 0; thread < threads; thread++) {
      this.asleep.push(0);
      this.ears.push(Ear.NONE);
      this.earAt.push(0);
    }
  }

  /** Ends the preparations: from now on memory has `length` words. */
  seal(length: number): void {
    this.memory = this.memory.slice(0, length);
    this.length = length;
    this.hash = [0, 0];
    this.trail.length = 0;
  }

  /** The value of a word, for those who look from outside. */
  peek(at: number): number {
    return this.memory[at];
  }

  /** The word on which a thread sleeps, 0 if it does not. */
  sleepsOn(thread: number): number {
    return this.asleep[thread];
  }

  /** In how many ways, and with which choices, a thread's operation can happen now. */
  choices(thread: number, { kind, at, a, b }: Operation): readonly number[] {
    if (this.asleep[thread] !== 0) return b === 1 ? ONLY_TIMED_OUT : NONE;
    switch (kind) {
      case Kind.END:
      case Kind.FAIL:
        return NONE;
      case Kind.ENTER:
        return this.memory[at] === 0 ? ONE : NONE;
      case Kind.UNTIL:
        return (this.memory[at] === a) === (b === 0) ? ONE : NONE;
      case Kind.CHOOSE:
        return Array.from({ length: a }, (_, choice) => choice);
      case Kind.TURN: {
        const timers = Array.from({ length: a }, (_, timer) => timer + 1);
        return this.ears[thread] === Ear.HEARD ? [0, ...timers] : timers;
      }
      default:
        return ONE;
    }
  }

  /** Whether the operation would leave memory as it is, if it happened now. */
  changes({ kind, at, a, b }: Operation): boolean {
    const value = this.memory[at];
    switch (kind) {
      case Kind.READ:
      case Kind.LOAD:
      case Kind.UNTIL:
      case Kind.CHOOSE:
      case Kind.TURN:
        return false;
      case Kind.WRITE:
      case Kind.STORE:
      case Kind.EXCHANGE:
        return value !== a;
      case Kind.ADD:
        return a !== 0;
      case Kind.AND:
        return (value & a) !== value;
      case Kind.OR:
        return (value | a) !== value;
      case Kind.COMPARE_EXCHANGE:
        return value === a && a !== b;
      default:
        return true; // sleeping and waking count as changes of the word
    }
  }

  /**
   * Lets an operation happen.
   *
   * @param woken receives the threads whose sleep in {@linkcode Kind.WAIT} this ends
   * @returns its result; `undefined` if the thread sleeps now
   */
  perform(thread: number, operation: Operation, choice: number, woken: number[]):
    | number
    | undefined {
    const { kind, at, a, b } = operation;
    if (this.asleep[thread] > 0) { // the time is up
      this.keepSleep();
      this.asleep[thread] = 0;
      this.sleepers.splice(this.sleepers.indexOf(2 * thread), 1);
      return Slept.TIMED_OUT;
    }
    switch (kind) {
      case Kind.WAIT:
        if (this.memory[at] !== a) return Slept.NOT_EQUAL;
        this.keepSleep();
        this.asleep[thread] = at;
        this.sleepers.push(2 * thread);
        return undefined;
      case Kind.WAIT_ASYNC:
        if (this.memory[at] !== a) return Slept.NOT_EQUAL;
        if (this.ears[thread] === Ear.LISTENS) throw new Error("a second waitAsync");
        this.keepSleep();
        this.ears[thread] = Ear.LISTENS;
        this.earAt[thread] = at;
        this.sleepers.push(2 * thread + 1);
        return Slept.OK;
      case Kind.NOTIFY:
        return this.notify(at, a, woken);
      case Kind.TURN:
        if (choice === 0) {
          this.keepSleep();
          this.ears[thread] = Ear.NONE;
        }
        return choice;
      case Kind.CHOOSE:
        return choice;
      case Kind.UNTIL:
        return 0;
      case Kind.ENTER:
        this.write(at, 1);
        return 0;
      case Kind.LEAVE:
        this.write(at, 0);
        return 0;
      default:
        return this.access(kind, at, a, b);
    }
  }

  /** A thread stops for good. */
  kill(thread: number): void {
    this.keepSleep();
    this.asleep[thread] = 0;
    this.ears[thread] = Ear.NONE;
    this.sleepers = this.sleepers.filter((sleeper) => sleeper >> 1 !== thread);
  }

  private access(kind: Kind, at: number, a: number, b: number): number {
    if (at >= this.length) throw new Error("the scenario needs more `spareWords`");
    const value = this.memory[at];
    switch (kind) {
      case Kind.READ:
      case Kind.LOAD:
        return value;
      case Kind.WRITE:
      case Kind.STORE:
        this.write(at, a);
        return a;
      case Kind.ADD:
        this.write(at, value + a);
        return value;
      case Kind.AND:
        this.write(at, value & a);
        return value;
      case Kind.OR:
        this.write(at, value | a);
        return value;
      case Kind.EXCHANGE:
        this.write(at, a);
        return value;
      case Kind.COMPARE_EXCHANGE:
        if (value === a) this.write(at, b);
        return value;
      default:
        throw new Error(`no operation ${kind}`);
    }
  }

  private notify(at: number, count: number, woken: number[]): number {
    let found = 0;
    for (let place = 0; place < this.sleepers.length && found < count;) {
      const sleeper = this.sleepers[place];
      const thread = sleeper >> 1;
      const listens = (sleeper & 1) === 1;
      if ((listens ? this.earAt[thread] : this.asleep[thread]) !== at) {
        place++;
        continue;
      }
      if (found++ === 0) this.keepSleep();
      this.sleepers.splice(place, 1);
      if (listens) {
        this.ears[thread] = Ear.HEARD;
      } else {
        this.asleep[thread] = 0;
        woken.push(thread);
      }
    }
    return found;
  }

  private keepSleep(): void {
    this.trail.push(0, 0);
    this.sleeps.push({
      asleep: [...this.asleep],
      ears: [...this.ears],
      earAt: [...this.earAt],
      sleepers: [...this.sleepers],
    });
  }

  private write(at: number, value: number): void {
    const before = this.memory[at];
    this.memory[at] = value;
    if (this.memory[at] === before) return;
    this.trail.push(at, before);
    this.rehash(at, before);
    this.rehash(at, this.memory[at]);
  }

  private rehash(at: number, value: number): void {
    this.hash[0] ^= mix(at, value, SEED_0);
    this.hash[1] ^= mix(at, value, SEED_1);
  }

  /** The present, to be passed to {@linkcode Machine.undo}. */
  mark(): number {
    return this.trail.length;
  }

  /** Goes back to the time of the mark. */
  undo(mark: number): void {
    while (this.trail.length > mark) {
      const before = this.trail.pop()!;
      const at = this.trail.pop()!;
      if (at === 0) {
        Object.assign(this, this.sleeps.pop());
      } else {
        this.rehash(at, this.memory[at]);
        this.rehash(at, before);
        this.memory[at] = before;
      }
    }
  }

  /** Writes a number of 64 bits that stands for the whole state into `key`. */
  keyOf(points: readonly { id: number }[], key: Int32Array): void {
    let [low, high] = this.hash;
    for (let thread = 0; thread < points.length; thread++) {
      const at = this.length + 4 * thread;
      const { id } = points[thread];
      const state = (this.asleep[thread] === 0 ? 0 : 1) + 2 * this.ears[thread];
      low ^= mix(at, id, SEED_0) ^ mix(at + 1, state, SEED_0);
      high ^= mix(at, id, SEED_1) ^ mix(at + 1, state, SEED_1);
    }
    // Of those who sleep on the same word, the order counts.
    for (let place = 1; place < this.sleepers.length; place++) {
      const word = this.wordOf(this.sleepers[place]);
      for (let before = 0; before < place; before++) {
        if (this.wordOf(this.sleepers[before]) !== word) continue;
        const pair = this.sleepers[before] * 64 + this.sleepers[place];
        low ^= mix(-1, pair, SEED_0);
        high ^= mix(-1, pair, SEED_1);
      }
    }
    key[0] = low;
    key[1] = high;
  }

  private wordOf(sleeper: number): number {
    return (sleeper & 1) === 1 ? this.earAt[sleeper >> 1] : this.asleep[sleeper >> 1];
  }
}

const NONE: readonly number[] = [];
const ONE: readonly number[] = [0];
const ONLY_TIMED_OUT: readonly number[] = [Slept.TIMED_OUT];

const SEED_0 = 0x9e3779b1;
const SEED_1 = 0x7feb352d;

/** A number of 32 bits that stands for a word and its value. */
function mix(at: number, value: number, seed: number): number {
  return scatter(Math.imul(scatter(at ^ seed), 0x9e3779b1) ^ Math.imul(value, seed));
}

/** The finalizer of MurmurHash3. */
function scatter(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
