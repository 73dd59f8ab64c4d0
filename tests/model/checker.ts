/**
 * A model checker for the protocols of the library. It runs the real code of a few isolates in every
 * order in which their operations on shared memory can happen. See README.md.
 *
 * @module
 */
import { Code, type Point, runDirectly } from "./code.ts";
import { Independence } from "./independence.ts";
import { type Isolate, loadIsolates, type Replacement } from "./isolates.ts";
import { Kind, Machine, SleepResult } from "./machine.ts";
import type { Plan, Scenario } from "./scenario.ts";
import { i32 } from "./stand_ins.ts";
import { StateTable } from "./state_table.ts";

/** The result of an exploration. */
export interface Report {
  /** Number of different states, of memory and isolates, with more than one possible transition. */
  states: number;
  /** Number of transitions taken from these states. */
  transitions: number;
  /** Number of schedules that lead to an end. Orders of independent operations count once. */
  schedules: number;
  /** How often the code of an isolate was run. */
  runs: number;
  /** How often the exploration started again, because an operation was not independent after all. */
  restarts: number;
  /** What is wrong, with a schedule that shows it. */
  violation?: string | undefined;
}

/** Number of random schedules before the exploration. They show which words are shared. */
const RANDOM_SCHEDULES = 200;
const MAX_STATES = 30_000_000;
/** Maximum length of a schedule. Programs of scenarios are far shorter. */
const MAX_OPERATIONS = 5_000;

/** Explores all schedules of the scenario, with the given bugs planted. */
export async function check(
  scenario: Scenario,
  replacements: Replacement[] = [],
): Promise<Report> {
  // A bug may add variables that are not in the checkpoints.
  const forgetful = scenario.forgetful && replacements.length === 0;
  const isolates = await loadIsolates(scenario.isolates, { ...scenario, forgetful, replacements });
  return new Exploration(scenario, isolates).report();
}

/** A state that must not be reachable. */
class Violation extends Error {}

class Exploration {
  private machine: Machine;
  private codes: Code[];
  private plan: Plan;
  private names = new Map<number, string>();
  private points: Point[];
  private initialPoints: Point[];
  private independence: Independence;
  private table = new StateTable();
  private transitions = 0;
  private restarts = 0;
  /** The transitions taken so far. A transition is 16 times the isolate, plus the choice. */
  private path: number[] = [];
  private woken: number[] = [];
  /** Whether the end of the mortal isolate has been published. */
  private hasMortalEnded: () => boolean = () => false;
  private key = new Int32Array(2);

  constructor(private scenario: Scenario, isolates: Isolate[]) {
    this.machine = new Machine(scenario.isolates);
    this.plan = this.directly(() => this.prepare(isolates));
    this.machine.seal(this.machine.peek(HEAP_TOP) + (scenario.spareWords ?? 0));
    const { programs } = this.plan;
    this.independence = new Independence(this.machine, programs.map(({ length }) => length));
    this.codes = programs.map((steps, isolate) => new Code(steps, isolates[isolate].state));
    this.initialPoints = this.codes.map((code) => code.begin());
    this.points = [...this.initialPoints];
  }

  private directly<T>(code: () => T): T {
    return runDirectly((operation) => {
      const result = this.machine.perform(NO_ISOLATE, operation, 0, []);
      if (result === undefined) throw new Error("setUp(), mayWait() and atEnd() must not wait");
      return result;
    }, code);
  }

  private prepare(isolates: Isolate[]): Plan {
    const { isolateRecord: main, rootWords, sharedObject, allocator } = isolates[0];
    main.ensureIsolate();
    const { names } = this;
    i32[main.LIVE_WORKERS] = isolates.length - 1;
    for (const [number, name] of rootWords.rootWords.owners) {
      names.set(rootWords.ROOT_WORDS_START + number, name);
    }
    for (const [i, { isolateRecord, waiterNode }] of isolates.entries()) {
      const { adoptIsolate, enterState, IsolateState, recordWords } = isolateRecord;
      if (i > 0) adoptIsolate(undefined!, main.createIsolateRecord(main.thisIsolate));
      enterState(IsolateState.RUNNING);
      for (const [at, name] of recordWords.owners) {
        names.set(isolateRecord.thisIsolate + at, `isolate ${i}: ${name}`);
      }
      const nodes = [0, 0].map(() => waiterNode.acquireNode());
      for (const [n, node] of nodes.entries()) {
        for (const [name, at] of Object.entries(waiterNode.nodeWord)) {
          names.set(node + at, `node${i}${n === 0 ? "" : n}.${name}`);
        }
      }
      // Written here, so that the isolate's own write, which is the same each time, changes nothing.
      for (const node of nodes) i32[node + waiterNode.nodeWord.ISOLATE] = isolateRecord.thisIsolate;
      nodes.reverse().forEach(waiterNode.returnNode);
    }
    const { mortal } = this.scenario;
    if (mortal !== undefined) {
      const { thisIsolate, isolateWord, IsolateState } = isolates[mortal].isolateRecord;
      this.hasMortalEnded = () =>
        (this.machine.peek(thisIsolate + isolateWord.STATE) & 0xff) === IsolateState.ENDED;
    }
    const words = allocator.allocate(64);
    let used = 0;
    return this.scenario.setUp({
      isolates,
      share<T extends object>(handle: T): T[] {
        const address = sharedObject.addressOf(handle)!;
        return isolates.map(({ sharedObject }) => sharedObject.handleFor(address) as T);
      },
      word(name) {
        const at = words + used++;
        names.set(at, name);
        return at;
      },
      name(at, ...added) {
        added.forEach((name, i) => names.set(at + i, name));
      },
    });
  }

  report(): Report {
    let violation: string | undefined;
    let schedules = 0;
    try {
      for (let seed = 0; seed < RANDOM_SCHEDULES; seed++) this.runRandomly(seed);
      for (;;) {
        this.independence.begin();
        this.reset();
        this.table.clear();
        this.transitions = 0;
        schedules = this.explore();
        if (!this.independence.invalidated) break;
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
    this.points = [...this.initialPoints];
    this.path.length = 0;
  }

  /** Explores everything that can happen from the present state on. Returns the number of schedules. */
  private explore(): number {
    const passed: number[] = [];
    let schedules: number;
    for (;;) {
      const { transitions, isForced } = this.enabled();
      if (transitions.length === 0) {
        this.checkEnd();
        schedules = 1;
        break;
      }
      if (!isForced) {
        this.machine.keyOf(this.points, this.key);
        const place = this.table.find(this.key);
        if (this.table.isTaken(place)) {
          schedules = this.table.get(place);
          if (schedules === IN_PROGRESS) throw new Violation("some schedule never ends: a cycle");
          break;
        }
        if (this.table.size > MAX_STATES) throw new Violation(`more than ${MAX_STATES} states`);
        this.table.add(place, this.key);
        this.table.set(this.table.find(this.key), IN_PROGRESS);
        passed.push(this.key[0], this.key[1]);
        this.transitions += transitions.length;
      }
      if (transitions.length === 1) {
        this.take(transitions[0]);
        continue;
      }
      schedules = this.branch(transitions);
      break;
    }
    for (let i = 0; i < passed.length; i += 2) {
      this.key[0] = passed[i];
      this.key[1] = passed[i + 1];
      this.table.set(this.table.find(this.key), schedules);
    }
    return schedules;
  }

  private branch(transitions: number[]): number {
    const mark = this.machine.mark();
    const points = [...this.points];
    const length = this.path.length;
    let schedules = 0;
    for (const transition of transitions) {
      this.take(transition);
      schedules += this.explore();
      this.machine.undo(mark);
      this.points = [...points];
      this.path.length = length;
    }
    return schedules;
  }

  /**
   * Returns the transitions that have to be explored. If the next operation of an isolate is independent
   * of all that others may do before it, its transitions are enough: they are `isForced` if there is one.
   */
  private enabled(): { transitions: number[]; isForced: boolean } {
    const transitions: number[] = [];
    const last = this.path.length > 0 ? this.path[this.path.length - 1] >> 4 : 0;
    const count = this.points.length;
    for (let i = 0; i < count; i++) {
      const isolate = (last + i) % count; // few switches of isolates: reports read better
      const point = this.points[isolate];
      const choices = this.choices(isolate, point);
      if (choices.length === 0 || this.isTooEarly(isolate)) continue;
      if (this.machine.sleepsOn(isolate) === 0 && this.isIndependent(isolate)) {
        const own = choices.map((choice) => 16 * isolate + choice);
        return { transitions: own, isForced: choices.length === 1 };
      }
      for (const choice of choices) transitions.push(16 * isolate + choice);
    }
    return { transitions, isForced: false };
  }

  private choices(isolate: number, point: Point): readonly number[] {
    const choices = this.machine.choices(isolate, point);
    const { mortal, diesAnywhere } = this.scenario;
    if (isolate !== mortal || point.kind === Kind.END || !this.hasMortalEnded()) return choices;
    const mayDie = diesAnywhere === true
      ? point.guards.length === 0
      : point.previous === undefined || this.machine.sleepsOn(isolate) !== 0;
    return mayDie ? [...choices, DIE] : choices;
  }

  /** Whether another isolate must begin first: those that are alike begin in order. */
  private isTooEarly(isolate: number): boolean {
    return this.scenario.alike === true && isolate > 0 && this.isAtStart(isolate) &&
      this.isAtStart(isolate - 1);
  }

  private isAtStart(isolate: number): boolean {
    return this.points[isolate] === this.initialPoints[isolate];
  }

  private isIndependent(isolate: number): boolean {
    if (this.scenario.alike && this.isAtStart(isolate)) return false;
    if (this.scenario.mortal === isolate && this.points[isolate].previous === undefined) {
      return false;
    }
    return this.independence.isIndependent(this.points, isolate);
  }

  /** Takes a transition: an isolate performs its next operation, or dies. */
  private take(transition: number): void {
    const isolate = transition >> 4;
    const point = this.points[isolate];
    this.path.push(transition);
    if (this.path.length > MAX_OPERATIONS) throw new Violation("it does not end");
    if (point.kind === Kind.LEAVE && !point.guards.includes(point.at)) {
      throw new Violation(`isolate ${isolate} leaves a guard that it has not entered`);
    }
    if (point.kind === Kind.WAIT && point.guards.length > 0) {
      throw new Violation(`isolate ${isolate} sleeps inside a guard`);
    }
    if ((transition & 15) === DIE) {
      this.machine.kill(isolate);
      this.points[isolate] = this.codes[isolate].dead();
      return;
    }
    this.independence.record(isolate, point);
    this.woken.length = 0;
    const result = this.machine.perform(isolate, point, transition & 15, this.woken);
    if (result !== undefined) this.resume(isolate, result);
    for (const sleeper of this.woken) this.resume(sleeper, SleepResult.OK);
  }

  private resume(isolate: number, result: number): void {
    const point = this.codes[isolate].after(this.points[isolate], result);
    this.points[isolate] = point;
    if (point.kind === Kind.FAIL) {
      throw new Violation(`isolate ${isolate} fails: ${point.error}`, { cause: point.error });
    }
  }

  /** No transition is left: checks that all isolates have ended, or may wait, and what must hold then. */
  private checkEnd(): void {
    const { mayWait = () => false } = this.plan;
    const stuck = this.points.flatMap(({ kind }, isolate) =>
      kind === Kind.END || this.directly(() => mayWait(isolate)) ? [] : [isolate]
    );
    if (stuck.length > 0) {
      const where = stuck.map((isolate) => `${isolate} (${this.operationOf(isolate)})`);
      throw new Violation(`isolates wait for ever: ${where.join(", ")}`);
    }
    const mark = this.machine.mark();
    try {
      this.directly(() => this.plan.atEnd?.(this.points.map(Code.resultAt)));
    } catch (error) {
      throw new Violation(`at the end: ${error}`, { cause: error });
    }
    this.machine.undo(mark);
  }

  /** Runs a random schedule. How often it switches isolates depends on the seed. */
  private runRandomly(seed: number): void {
    this.reset();
    const percentStay = [0, 50, 80, 95][seed % 4];
    let last = 0;
    let random = seed + 1;
    const draw = (below: number) => {
      random = (Math.imul(random, 1664525) + 1013904223) | 0;
      return (random >>> 8) % below;
    };
    for (;;) {
      const all = this.points.flatMap((point, isolate) =>
        this.choices(isolate, point).map((choice) => 16 * isolate + choice)
      );
      if (all.length === 0) return this.checkEnd();
      const same = draw(100) < percentStay ? all.filter((one) => one >> 4 === last) : [];
      const candidates = same.length > 0 ? same : all;
      const transition = candidates[draw(candidates.length)];
      last = transition >> 4;
      this.take(transition);
    }
  }

  /** Describes a violation and the schedule that led to it. */
  private describe(violation: Violation): string {
    const path = [...this.path];
    this.reset();
    const lines = [violation.message, `Schedule of "${this.scenario.name}":`];
    for (const transition of path) {
      const isolate = transition >> 4;
      const timedOut = this.machine.sleepsOn(isolate) !== 0;
      const operation = (transition & 15) === DIE
        ? "dies"
        : timedOut
        ? "times out"
        : this.operationOf(isolate);
      try {
        this.take(transition);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
      }
      const after = this.points[isolate];
      const result = after.previous === undefined ? "" : ` = ${this.nameOfValue(after.result)}`;
      lines.push(`  ${" ".repeat(24 * isolate)}${isolate}: ${operation}${result}`);
    }
    return lines.join("\n");
  }

  /** Describes the operation that an isolate is about to perform. */
  private operationOf(isolate: number): string {
    const { kind, at, a, b } = this.points[isolate];
    const values = [a, b].slice(0, OPERANDS[kind] ?? 0).map((value) => this.nameOfValue(value));
    return [KIND_NAMES[kind], this.nameOf(at), ...values].join(" ");
  }

  private nameOf(word: number): string {
    return this.names.get(word) ?? String(word);
  }

  /** Returns the name of a value: that of what begins there, if it is an address. */
  private nameOfValue(value: number): string {
    return this.nameOf(value).replace(/\.(STATE|GUARD)$/, "");
  }
}

/** The allocator's word for the top of the heap. */
const HEAP_TOP = 3;

/** The number under which the checker itself accesses memory. */
const NO_ISOLATE = -1;

/** The choice by which an isolate stops for good. */
const DIE = 15;

/** Number of schedules of a state whose exploration is not finished. */
const IN_PROGRESS = -1;

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
