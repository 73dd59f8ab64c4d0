/**
 * A model checker for the protocols of the library: it runs the real code of a few threads in every
 * order in which their operations on shared memory can happen.
 *
 * @module
 */
import { Code, type Point, runDirectly, type Step } from "./code.ts";
import {
  type CopyOptions,
  type Isolate,
  loadIsolates,
  type ModuleName,
  type Replacement,
} from "./isolates.ts";
import { Kind, Machine, Slept } from "./machine.ts";
import { i32 } from "./stand_ins.ts";
import { StateTable } from "./state_table.ts";

/** What the preparations of a scenario have to work with. */
export interface World {
  /** The copies of the library; the first is the main thread's. */
  isolates: Isolate[];
  /** The handles of all isolates for the object that the first one has a handle for. */
  share<T extends object>(handle: T): T[];
  /** A word of the scenario's own, 0 at first. */
  word(name: string): number;
  /** Names the words from `at` on, for reports. */
  name(at: number, ...names: string[]): void;
}

/** What the threads do, and what must hold when all have ended. */
export interface Program {
  threads: Step[][];
  /** Whether a thread may be found waiting at the end of a schedule. Without it none may. */
  mayWait?(thread: number): boolean;
  /** Looks at memory at the end of each schedule; gets what the last step of each thread returned. */
  // deno-lint-ignore no-explicit-any
  atEnd?: ((results: any[]) => void) | undefined;
}

/** A situation of which all schedules are explored. */
export interface Scenario extends CopyOptions {
  name: string;
  threads: number;
  /** Whether all threads run the same program, so that it does not matter who is who. */
  alike?: boolean;
  /**
   * A thread that, once it has been ended, may stop for good: where it sleeps, and between its steps.
   * What the library is in the midst of is done: a thread that was told to end is given time.
   */
  mortal?: number;
  /** Whether the mortal thread may stop anywhere but in a section. */
  diesAnywhere?: boolean;
  uses?: ModuleName[] | undefined;
  /** Words of the heap that the threads may still allocate. */
  spareWords?: number;
  setUp(world: World): Program;
}

/** What an exploration has seen. */
export interface Report {
  /** Different states, of memory and threads, at which somebody's turn had to be chosen. */
  states: number;
  /** Operations that were tried at them. */
  transitions: number;
  /** Orders of operations, as far as they can make a difference, that lead to an end. */
  schedules: number;
  /** How often the code of a thread was run. */
  runs: number;
  /** How often the exploration began again because an operation was not as independent as it seemed. */
  restarts: number;
  /** What is wrong, with the schedule that shows it. */
  violation?: string | undefined;
}

/** Random schedules before the exploration: they show which words are shared. */
const WALKS = 200;
const MOST_STATES = 30_000_000;
/** Operations in a row without an end: a program of the model is far shorter. */
const MOST_OPERATIONS = 5_000;

/** Explores all schedules of the scenario, with bugs planted if there are any. */
export async function check(
  scenario: Scenario,
  replacements: Replacement[] = [],
): Promise<Report> {
  // A bug may add variables that a checkpoint does not know of.
  const forgetful = scenario.forgetful && replacements.length === 0;
  const isolates = await loadIsolates(scenario.threads, { ...scenario, forgetful, replacements });
  return new Exploration(scenario, isolates).report();
}

/** Something that must not be. */
class Violation extends Error {}

class Exploration {
  private machine: Machine;
  private codes: Code[];
  private program: Program;
  private names = new Map<number, string>();
  private points: Point[];
  private first: Point[];
  private usage: Usage;
  private table = new StateTable();
  private transitions = 0;
  private restarts = 0;
  /** The turns taken so far: 16 times the thread, plus the choice. */
  private path: number[] = [];
  private woken: number[] = [];
  /** Whether the mortal thread may stop. */
  private isDying: () => boolean = () => false;
  private key = new Int32Array(2);

  constructor(private scenario: Scenario, isolates: Isolate[]) {
    this.machine = new Machine(scenario.threads);
    this.program = this.directly(() => this.prepare(isolates));
    this.machine.seal(this.machine.peek(HEAP_TOP) + (scenario.spareWords ?? 0));
    this.usage = new Usage(this.machine, this.program.threads.map(({ length }) => length));
    this.codes = this.program.threads.map((steps, thread) =>
      new Code(steps, isolates[thread].state)
    );
    this.first = this.codes.map((code) => code.begin());
    this.points = [...this.first];
  }

  private directly<T>(code: () => T): T {
    return runDirectly((operation) => {
      const result = this.machine.perform(NO_THREAD, operation, 0, []);
      if (result === undefined) throw new Error("Preparations may not wait");
      return result;
    }, code);
  }

  private prepare(isolates: Isolate[]): Program {
    const { thread: main, shared } = isolates[0];
    main.ensureIsolate();
    const { names } = this;
    i32[main.LIVE_WORKERS] = isolates.length - 1;
    for (const [number, name] of isolates[0].rootWords.rootWords.owners) {
      names.set(isolates[0].rootWords.ROOT_WORDS_START + number, name);
    }
    for (const [i, { thread, waiterNode }] of isolates.entries()) {
      if (i > 0) thread.adoptIsolate(undefined!, main.createIsolateRecord(main.thisIsolate));
      thread.enterState(thread.IsolateState.RUNNING);
      for (const [at, name] of thread.recordWords.owners) {
        names.set(thread.thisIsolate + at, `isolate ${i}: ${name}`);
      }
      const nodes = [0, 0].map(() => waiterNode.acquireNode());
      for (const [n, node] of nodes.entries()) {
        for (const [name, at] of Object.entries(waiterNode.nodeWord)) {
          names.set(node + at, `node${i}${n === 0 ? "" : n}.${name}`);
        }
      }
      // They name their thread from the start; its code writes the same again each time.
      for (const node of nodes) i32[node + waiterNode.nodeWord.ISOLATE] = thread.thisIsolate;
      nodes.reverse().forEach(waiterNode.returnNode);
    }
    const { mortal } = this.scenario;
    if (mortal !== undefined) {
      const { thisIsolate, isolateWord, IsolateState } = isolates[mortal].thread;
      this.isDying = () =>
        (this.machine.peek(thisIsolate + isolateWord.STATE) & 0xff) === IsolateState.ENDED;
    }
    const words = isolates[0].heap.allocate(64);
    let used = 0;
    return this.scenario.setUp({
      isolates,
      share<T extends object>(handle: T): T[] {
        const address = shared.addressOf(handle)!;
        return isolates.map(({ shared }) => shared.handleFor(address) as T);
      },
      word(name) {
        const at = words + used++;
        names.set(at, name);
        return at;
      },
      name(at, ...of) {
        of.forEach((name, i) => names.set(at + i, name));
      },
    });
  }

  report(): Report {
    let violation: string | undefined;
    let schedules = 0;
    try {
      for (let walk = 0; walk < WALKS; walk++) this.walk(walk);
      for (;;) {
        this.usage.begin();
        this.reset();
        this.table.clear();
        this.transitions = 0;
        schedules = this.visit();
        if (!this.usage.surprised) break;
        this.restarts++;
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = this.describe(error);
    }
    return {
      states: this.table.size,
      transitions: this.transitions,
      schedules,
      runs: this.codes.reduce((sum, { points }) => sum + points, 0),
      restarts: this.restarts,
      violation,
    };
  }

  private reset(): void {
    this.machine.undo(0);
    this.points = [...this.first];
    this.path.length = 0;
  }

  /** Explores what can come from here. Returns the number of schedules. */
  private visit(): number {
    const passed: number[] = [];
    let schedules: number;
    for (;;) {
      const { turns, alone } = this.turns();
      if (turns.length === 0) {
        this.judgeEnd();
        schedules = 1;
        break;
      }
      if (!alone) {
        this.machine.keyOf(this.points, this.key);
        const place = this.table.place(this.key);
        if (this.table.isTaken(place)) {
          schedules = this.table.get(place);
          if (schedules === UNDER_WAY) throw new Violation("it can go round in circles for ever");
          break;
        }
        if (this.table.size > MOST_STATES) throw new Violation(`more than ${MOST_STATES} states`);
        this.table.take(place, this.key);
        this.table.set(this.table.place(this.key), UNDER_WAY);
        passed.push(this.key[0], this.key[1]);
        this.transitions += turns.length;
      }
      if (turns.length === 1) {
        this.turn(turns[0]);
        continue;
      }
      schedules = this.branch(turns);
      break;
    }
    for (let i = 0; i < passed.length; i += 2) {
      this.key[0] = passed[i];
      this.key[1] = passed[i + 1];
      this.table.set(this.table.place(this.key), schedules);
    }
    return schedules;
  }

  private branch(turns: number[]): number {
    const mark = this.machine.mark();
    const points = [...this.points];
    const length = this.path.length;
    let schedules = 0;
    for (const turn of turns) {
      this.turn(turn);
      schedules += this.visit();
      this.machine.undo(mark);
      this.points = [...points];
      this.path.length = length;
    }
    return schedules;
  }

  /**
   * Whose turn it may be. If the next operation of a thread is independent of all that others can do
   * before it, the others need not be tried first: it is `alone`.
   */
  private turns(): { turns: number[]; alone: boolean } {
    const turns: number[] = [];
    const last = this.path.length > 0 ? this.path[this.path.length - 1] >> 4 : 0;
    const count = this.points.length;
    for (let i = 0; i < count; i++) {
      const thread = (last + i) % count; // who was at it goes on first: reports read better
      const point = this.points[thread];
      const choices = this.choices(thread, point);
      if (choices.length === 0 || this.isTooEarly(thread)) continue;
      if (this.machine.sleepsOn(thread) === 0 && this.isIndependent(thread)) {
        const mine = choices.map((choice) => 16 * thread + choice);
        return { turns: mine, alone: choices.length === 1 };
      }
      for (const choice of choices) turns.push(16 * thread + choice);
    }
    return { turns, alone: false };
  }

  private choices(thread: number, point: Point): readonly number[] {
    const choices = this.machine.choices(thread, point);
    const { mortal, diesAnywhere } = this.scenario;
    if (thread !== mortal || point.kind === Kind.END || !this.isDying()) return choices;
    const dies = diesAnywhere === true
      ? point.sections.length === 0
      : point.previous === undefined || this.machine.sleepsOn(thread) !== 0;
    return dies ? [...choices, DIE] : choices;
  }

  /** Threads that are alike begin in order: another order differs only in their names. */
  private isTooEarly(thread: number): boolean {
    return this.scenario.alike === true && thread > 0 &&
      this.points[thread] === this.first[thread] &&
      this.points[thread - 1] === this.first[thread - 1];
  }

  private isIndependent(thread: number): boolean {
    if (this.scenario.alike && this.points[thread] === this.first[thread]) return false;
    if (this.scenario.mortal === thread && this.points[thread].previous === undefined) return false;
    return this.usage.isIndependent(this.points, thread);
  }

  /** Lets a thread do its next operation. */
  private turn(turn: number): void {
    const thread = turn >> 4;
    const point = this.points[thread];
    this.path.push(turn);
    if (this.path.length > MOST_OPERATIONS) throw new Violation("it does not end");
    if (point.kind === Kind.LEAVE && !point.sections.includes(point.at)) {
      throw new Violation(`thread ${thread} leaves a section that it is not in`);
    }
    if (point.kind === Kind.WAIT && point.sections.length > 0) {
      throw new Violation(`thread ${thread} sleeps inside a section`);
    }
    if ((turn & 15) === DIE) {
      this.machine.kill(thread);
      this.points[thread] = this.codes[thread].dead();
      return;
    }
    this.usage.note(thread, point);
    this.woken.length = 0;
    const result = this.machine.perform(thread, point, turn & 15, this.woken);
    if (result !== undefined) this.goOn(thread, result);
    for (const sleeper of this.woken) this.goOn(sleeper, Slept.OK);
  }

  private goOn(thread: number, result: number): void {
    const point = this.codes[thread].after(this.points[thread], result);
    this.points[thread] = point;
    if (point.kind === Kind.FAIL) {
      throw new Violation(`thread ${thread} fails: ${point.error}`, { cause: point.error });
    }
  }

  /** Nobody can go on: have all ended, and well? */
  private judgeEnd(): void {
    const { mayWait = () => false } = this.program;
    const stuck = this.points.flatMap(({ kind }, thread) =>
      kind === Kind.END || this.directly(() => mayWait(thread)) ? [] : [thread]
    );
    if (stuck.length > 0) {
      const where = stuck.map((thread) => `${thread} (${this.operationOf(thread)})`);
      throw new Violation(`wait for ever: threads ${where.join(", ")}`);
    }
    const mark = this.machine.mark();
    try {
      this.directly(() => this.program.atEnd?.(this.points.map(Code.savedAt)));
    } catch (error) {
      throw new Violation(`at the end: ${error}`, { cause: error });
    }
    this.machine.undo(mark);
  }

  /** A random schedule: at some seeds threads take turns often, at others seldom. */
  private walk(seed: number): void {
    this.reset();
    const patience = [0, 50, 80, 95][seed % 4];
    let last = 0;
    let random = seed + 1;
    const draw = (below: number) => {
      random = (Math.imul(random, 1664525) + 1013904223) | 0;
      return (random >>> 8) % below;
    };
    for (;;) {
      const turns = this.points.flatMap((point, thread) =>
        this.choices(thread, point).map((choice) => 16 * thread + choice)
      );
      if (turns.length === 0) return this.judgeEnd();
      const same = draw(100) < patience ? turns.filter((turn) => turn >> 4 === last) : [];
      const among = same.length > 0 ? same : turns;
      const turn = among[draw(among.length)];
      last = turn >> 4;
      this.turn(turn);
    }
  }

  /** Tells what is wrong, and the schedule that led there. */
  private describe(violation: Violation): string {
    const path = [...this.path];
    this.reset();
    const lines = [violation.message, `Schedule of "${this.scenario.name}":`];
    for (const turn of path) {
      const thread = turn >> 4;
      const timedOut = this.machine.sleepsOn(thread) !== 0;
      const operation = (turn & 15) === DIE
        ? "dies"
        : timedOut
        ? "times out"
        : this.operationOf(thread);
      try {
        this.turn(turn);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
      }
      const after = this.points[thread];
      const result = after.previous === undefined ? "" : ` = ${this.nameOfValue(after.result)}`;
      lines.push(`  ${" ".repeat(24 * thread)}${thread}: ${operation}${result}`);
    }
    return lines.join("\n");
  }

  /** The operation that a thread is about to do. */
  private operationOf(thread: number): string {
    const { kind, at, a, b } = this.points[thread];
    const values = [a, b].slice(0, OPERANDS[kind] ?? 0).map((value) => this.nameOfValue(value));
    return [KIND_NAMES[kind], this.nameOf(at), ...values].join(" ");
  }

  private nameOf(word: number): string {
    return this.names.get(word) ?? String(word);
  }

  /** A value that is an address is called after what begins there. */
  private nameOfValue(value: number): string {
    return this.nameOf(value).replace(/\.(STATE|GUARD)$/, "");
  }
}

const HEAP_TOP = 3;

/** Who looks at memory from outside. */
const NO_THREAD = -1;

/** The choice of a thread that stops for good. */
const DIE = 15;

/** Number of schedules of a state that has not been left yet. */
const UNDER_WAY = -1;

const KIND_NAMES = Object.keys(Kind).map((name) => name.toLowerCase());
const OPERANDS: Record<number, number> = {
  [Kind.WRITE]: 1,
  [Kind.STORE]: 1,
  [Kind.ADD]: 1,
  [Kind.AND]: 1,
  [Kind.OR]: 1,
  [Kind.EXCHANGE]: 1,
  [Kind.COMPARE_EXCHANGE]: 2,
  [Kind.WAIT]: 1,
  [Kind.NOTIFY]: 1,
};

/**
 * Which threads use each word in which of their steps, and how. An operation on a word that no other
 * thread will use in a way that matters is independent of all that others do.
 *
 * What is known is what was seen so far. When an operation shows that another was wrongly taken for
 * independent, the exploration begins again with what is known now, until there is no such surprise.
 */
class Usage {
  /** Whether an operation was taken for independent that is not. */
  surprised = false;
  /** For each word: bits of the steps that use it, and that change it. */
  private users: Int32Array;
  private changers: Int32Array;
  /** For each word: the guards that everybody was inside of who used it, and who changed it. */
  private userGuards: Guards[] = [];
  private changerGuards: Guards[] = [];
  private trusted: Uint8Array;
  /** For each thread and step, the bit of the step, and the bits of all steps from it on. */
  private bit: number[][];
  private future: number[][];

  constructor(private machine: Machine, lengths: number[]) {
    const share = Math.floor(32 / lengths.length); // long programs have several steps to a bit
    this.bit = lengths.map((length, thread) =>
      Array.from(
        { length: length + 1 },
        (_, step) => 1 << share * thread + Math.floor(step * share / (length + 1)),
      )
    );
    this.future = this.bit.map((bits) =>
      bits.map((_, step) => bits.slice(step).reduce((all, bit) => all | bit))
    );
    this.users = new Int32Array(machine.length);
    this.changers = new Int32Array(machine.length);
    this.trusted = new Uint8Array(machine.length);
  }

  begin(): void {
    this.surprised = false;
    this.trusted.fill(0);
  }

  /** Whether nothing that others do before it can make a difference to the operation, nor it to them. */
  isIndependent(points: readonly Point[], thread: number): boolean {
    const { kind, at, a, sections } = points[thread];
    switch (kind) {
      case Kind.LEAVE: // until then nobody else can use the guard
      case Kind.CHOOSE:
        return true;
      case Kind.TURN: // a wake-up that came stays
        return a === 0;
    }
    const changes = this.machine.changes(points[thread]);
    const rivals = changes ? this.users[at] : this.changers[at];
    const independent = (rivals & this.futureOfOthers(points, thread)) === 0 ||
      (changes ? this.userGuards : this.changerGuards)[at]!.some((g) => sections.includes(g));
    if (independent) this.trusted[at] = 1;
    return independent;
  }

  /** Takes note of an operation that is about to happen. */
  note(thread: number, point: Point): void {
    const { kind, at, sections } = point;
    if (at === 0 || kind === Kind.LEAVE) return;
    const bit = this.bit[thread][point.beginning.step];
    let news = false;
    if ((this.users[at] & bit) === 0) {
      this.users[at] |= bit;
      news = true;
    }
    news = meet(this.userGuards, at, sections) || news;
    if (this.machine.changes(point)) {
      if ((this.changers[at] & bit) === 0) {
        this.changers[at] |= bit;
        news = true;
      }
      news = meet(this.changerGuards, at, sections) || news;
    }
    if (news && this.trusted[at] === 1 && (this.users[at] & ~this.future[thread][0]) !== 0) {
      this.surprised = true;
    }
  }

  /** Bits of the steps that the other threads have not finished. */
  private futureOfOthers(points: readonly Point[], thread: number): number {
    let bits = 0;
    for (let other = 0; other < points.length; other++) {
      if (other !== thread) bits |= this.future[other][points[other].beginning.step];
    }
    return bits;
  }
}

/** Guards that were always held; not there before the first time. */
type Guards = readonly number[] | undefined;

/** Keeps those of the guards that are among `sections` too; whether some were lost. */
function meet(guards: Guards[], at: number, sections: readonly number[]): boolean {
  const before = guards[at];
  if (before === undefined) {
    guards[at] = sections;
    return false;
  }
  if (before.every((guard) => sections.includes(guard))) return false;
  guards[at] = before.filter((guard) => sections.includes(guard));
  return true;
}
