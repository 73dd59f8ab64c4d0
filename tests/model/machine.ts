/**
 * The simulated machine: shared memory, the isolates that sleep on its words, and what each operation
 * does to them. It knows nothing about programs: `code.ts` finds the next operation of an isolate, and
 * `checker.ts` decides which isolate performs one.
 *
 * @module
 */

/** Kinds of operations. */
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
  /** The simulated guard: see `lib/heap/guard.ts`. */
  ENTER: 12,
  LEAVE: 13,
  /** Happens only while the word is `a`, or while it is not, if `b` is 1. */
  UNTIL: 14,
  /** Has each number below `a` as its result: all of them are explored. */
  CHOOSE: 15,
  /** Ends a turn of the event loop. The result is a wake-up (0) or one of `a` timers (1, 2, …). */
  TURN: 16,
  /** The program has ended. */
  END: 17,
  /** The program has thrown. */
  FAIL: 18,
} as const;

/** Kind of an operation: a value of {@linkcode Kind}. */
export type Kind = typeof Kind[keyof typeof Kind];

/** An operation that an isolate is about to perform. */
export interface Operation {
  kind: Kind;
  /** The word that it accesses; 0 for none. */
  at: number;
  a: number;
  b: number;
}

/** Results of {@linkcode Kind.WAIT} and {@linkcode Kind.WAIT_ASYNC}. */
export const SleepResult = { OK: 0, NOT_EQUAL: 1, TIMED_OUT: 2 } as const;

/** State of the `waitAsync` of an event loop; there is at most one. */
const AsyncWait = { NONE: 0, PENDING: 1, WOKEN: 2 } as const;

/** The sleeping isolates, before a change. */
interface SleepState {
  sleepWords: number[];
  asyncWaits: number[];
  asyncWords: number[];
  sleepers: number[];
}

/** Words of memory during the preparations; {@linkcode Machine.seal} keeps those that are used. */
const MAX_WORDS = 1 << 14;

/** Shared memory and the isolates that sleep on it. */
export class Machine {
  /** Number of words. */
  length = MAX_WORDS;
  private memory = new Int32Array(MAX_WORDS);
  private hash: [number, number] = [0, 0];
  /** For each isolate: the word that it sleeps on, 0 for none. */
  private sleepWords: number[] = [];
  /** For each isolate: the state of its {@linkcode AsyncWait}, and its word. */
  private asyncWaits: number[] = [];
  private asyncWords: number[] = [];
  /** Sleepers, in the order of going to sleep: twice the isolate, plus 1 for its event loop. */
  private sleepers: number[] = [];
  /** What was overwritten: pairs of a word and its value; two zeros for the last of `sleepStates`. */
  private undoLog: number[] = [];
  private sleepStates: SleepState[] = [];

  constructor(isolates: number) {
    for (let isolate = 0; isolate < isolates; isolate++) {
      this.sleepWords.push(0);
      this.asyncWaits.push(AsyncWait.NONE);
      this.asyncWords.push(0);
    }
  }

  /** Ends the preparations: from now on memory has `length` words. */
  seal(length: number): void {
    this.memory = this.memory.slice(0, length);
    this.length = length;
    this.hash = [0, 0];
    this.undoLog.length = 0;
  }

  /** Returns the value of a word, for the checker. */
  peek(at: number): number {
    return this.memory[at];
  }

  /** Returns the word on which an isolate sleeps; 0 if it does not sleep. */
  sleepsOn(isolate: number): number {
    return this.sleepWords[isolate];
  }

  /** Returns the choices with which an isolate's operation can happen now; none if it cannot. */
  choices(isolate: number, { kind, at, a, b }: Operation): readonly number[] {
    if (this.sleepWords[isolate] !== 0) return b === 1 ? ONLY_TIMED_OUT : NONE;
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
        return this.asyncWaits[isolate] === AsyncWait.WOKEN ? [0, ...timers] : timers;
      }
      default:
        return ONE;
    }
  }

  /** Whether the operation would change memory if it happened now. */
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
   * Performs an operation.
   *
   * @param woken receives the isolates whose sleep in {@linkcode Kind.WAIT} this ends
   * @returns its result; `undefined` if the isolate sleeps now
   */
  perform(isolate: number, operation: Operation, choice: number, woken: number[]):
    | number
    | undefined {
    const { kind, at, a, b } = operation;
    if (this.sleepWords[isolate] > 0) { // the time is up
      this.saveSleepState();
      this.sleepWords[isolate] = 0;
      this.sleepers.splice(this.sleepers.indexOf(2 * isolate), 1);
      return SleepResult.TIMED_OUT;
    }
    switch (kind) {
      case Kind.WAIT:
        if (this.memory[at] !== a) return SleepResult.NOT_EQUAL;
        this.saveSleepState();
        this.sleepWords[isolate] = at;
        this.sleepers.push(2 * isolate);
        return undefined;
      case Kind.WAIT_ASYNC:
        if (this.memory[at] !== a) return SleepResult.NOT_EQUAL;
        if (this.asyncWaits[isolate] === AsyncWait.PENDING) throw new Error("a second waitAsync");
        this.saveSleepState();
        this.asyncWaits[isolate] = AsyncWait.PENDING;
        this.asyncWords[isolate] = at;
        this.sleepers.push(2 * isolate + 1);
        return SleepResult.OK;
      case Kind.NOTIFY:
        return this.notify(at, a, woken);
      case Kind.TURN:
        if (choice === 0) {
          this.saveSleepState();
          this.asyncWaits[isolate] = AsyncWait.NONE;
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

  /** Stops an isolate for good. */
  kill(isolate: number): void {
    this.saveSleepState();
    this.sleepWords[isolate] = 0;
    this.asyncWaits[isolate] = AsyncWait.NONE;
    this.sleepers = this.sleepers.filter((sleeper) => sleeper >> 1 !== isolate);
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
      const isolate = sleeper >> 1;
      const isAsync = (sleeper & 1) === 1;
      if ((isAsync ? this.asyncWords[isolate] : this.sleepWords[isolate]) !== at) {
        place++;
        continue;
      }
      if (found++ === 0) this.saveSleepState();
      this.sleepers.splice(place, 1);
      if (isAsync) {
        this.asyncWaits[isolate] = AsyncWait.WOKEN;
      } else {
        this.sleepWords[isolate] = 0;
        woken.push(isolate);
      }
    }
    return found;
  }

  private saveSleepState(): void {
    this.undoLog.push(0, 0);
    this.sleepStates.push({
      sleepWords: [...this.sleepWords],
      asyncWaits: [...this.asyncWaits],
      asyncWords: [...this.asyncWords],
      sleepers: [...this.sleepers],
    });
  }

  private write(at: number, value: number): void {
    const before = this.memory[at];
    this.memory[at] = value;
    if (this.memory[at] === before) return;
    this.undoLog.push(at, before);
    this.rehash(at, before);
    this.rehash(at, this.memory[at]);
  }

  private rehash(at: number, value: number): void {
    this.hash[0] ^= mix(at, value, SEED_0);
    this.hash[1] ^= mix(at, value, SEED_1);
  }

  /** Returns a mark of the present state, for {@linkcode Machine.undo}. */
  mark(): number {
    return this.undoLog.length;
  }

  /** Restores the state at the mark. */
  undo(mark: number): void {
    while (this.undoLog.length > mark) {
      const before = this.undoLog.pop()!;
      const at = this.undoLog.pop()!;
      if (at === 0) {
        Object.assign(this, this.sleepStates.pop());
      } else {
        this.rehash(at, this.memory[at]);
        this.rehash(at, before);
        this.memory[at] = before;
      }
    }
  }

  /** Writes a hash of the whole state, of 64 bits, into `key`. */
  keyOf(points: readonly { id: number }[], key: Int32Array): void {
    let [low, high] = this.hash;
    for (let isolate = 0; isolate < points.length; isolate++) {
      const at = this.length + 4 * isolate;
      const { id } = points[isolate];
      const state = (this.sleepWords[isolate] === 0 ? 0 : 1) + 2 * this.asyncWaits[isolate];
      low ^= mix(at, id, SEED_0) ^ mix(at + 1, state, SEED_0);
      high ^= mix(at, id, SEED_1) ^ mix(at + 1, state, SEED_1);
    }
    // The order of the sleepers on the same word is part of the state.
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
    return (sleeper & 1) === 1 ? this.asyncWords[sleeper >> 1] : this.sleepWords[sleeper >> 1];
  }
}

const NONE: readonly number[] = [];
const ONE: readonly number[] = [0];
const ONLY_TIMED_OUT: readonly number[] = [SleepResult.TIMED_OUT];

const SEED_0 = 0x9e3779b1;
const SEED_1 = 0x7feb352d;

/** Returns a hash of a word and its value, of 32 bits. */
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
