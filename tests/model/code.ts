/**
 * What the simulated isolates run: real code, stopped before each of its operations on shared memory.
 *
 * JavaScript cannot suspend a synchronous function and resume it later, much less resume it twice. So a
 * step is run again from its beginning. It gets the results that its operations had so far, and at the
 * next operation it is stopped by an exception. The step and these results thus determine where an
 * isolate is: its {@linkcode Point}. Each point is computed once. After that, resuming an isolate is a
 * lookup in a table, however many schedules lead there.
 *
 * @module
 */
import { Kind, type Operation } from "./machine.ts";

/**
 * A part of an isolate's program. It gets what the step before returned. What it returns must be all that
 * later steps depend on, and survive JSON. Many paths through a step end in the same point, so a program
 * of several short steps is explored faster than one long step.
 */
// deno-lint-ignore no-explicit-any
export type Step = (saved: any) => unknown;

/** The module variables of an isolate, which are restored before its code is run again. */
export interface ModuleState {
  save(): string;
  restore(saved: string): void;
  /** Whether no promise of the isolate waits: `save` does not save them. */
  isIdle(): boolean;
  /** Whether the code did not return a waiter node. */
  leaksNode(): boolean;
}

/** The beginning of a step: which step, and all that it may depend on except memory. */
interface Beginning {
  step: number;
  saved: string;
  modules: string;
}

/** Where an isolate is in its program: the operation that it performs next. */
export class Point implements Operation {
  kind: Kind = Kind.END;
  at = 0;
  a = 0;
  b = 0;
  /** The error, if the program failed. */
  error: unknown;
  /** The points that the operation's results lead to. */
  readonly next: Map<number, Point> = new Map();

  constructor(
    readonly id: number,
    readonly beginning: Beginning,
    /** The guards that the isolate is inside of. */
    readonly guards: readonly number[],
    readonly previous?: Point,
    readonly result: number = 0,
  ) {}
}

/** One run of a step, up to the first operation that has not happened yet. */
interface Run {
  /** The points passed so far, and the results of their operations. */
  points: Point[];
  results: number[];
  position: number;
  /** The operation at which it stopped. */
  stoppedAt: Operation | undefined;
  /** What the code depends on from its last checkpoint on, if no operation has happened since. */
  checkpoint: string | undefined;
  /** An error in the test itself. */
  fault: Error | undefined;
}

let run: Run | undefined;
let direct: ((operation: Operation) => number) | undefined;

/** Ends a run. Every operation that the code attempts while it unwinds throws it again. */
const STOP = new Error("stopped by the model checker; no code should catch this");

/** Performs an operation of the code under test, and returns its result. */
export function act(kind: Kind, at: number, a = 0, b = 0): number {
  if (kind < Kind.CHOOSE && !(Number.isInteger(at) && at > 0)) {
    throw new RangeError(`there is no word ${at}`);
  }
  if (direct !== undefined) return direct({ kind, at, a, b });
  if (run === undefined) throw new Error("an operation outside of the simulated isolates");
  if (run.stoppedAt !== undefined) throw STOP;
  const { position } = run;
  if (position === run.results.length) {
    run.stoppedAt = { kind, at, a, b };
    throw STOP;
  }
  const known = run.points[position];
  if (known.kind !== kind || known.at !== at || known.a !== a || known.b !== b) {
    run.fault = new Error(
      `The code is not deterministic: operation ${position} of the step was ${[
        known.kind,
        known.at,
        known.a,
        known.b,
      ]} and is ${[kind, at, a, b]}. Something that is not in the simulated memory changed`,
    );
    run.stoppedAt = { kind, at, a, b };
    throw STOP;
  }
  run.position++;
  return run.results[position];
}

/**
 * Declares that the rest of the step depends only on `known`, on the beginning of the step, and on
 * memory. Points that agree in this are one point, whatever happened before.
 */
export function checkpoint(known: unknown): void {
  if (run !== undefined && run.position === run.results.length) {
    run.checkpoint = JSON.stringify(known);
  }
}

/** Returns the id of the point at which the code is; 0 if that point is not computed yet. */
export function currentPoint(): number {
  return run?.points[run.position]?.id ?? 0;
}

/** Runs code whose operations happen at once: preparations, and checks at the end. */
export function runDirectly<T>(perform: (operation: Operation) => number, code: () => T): T {
  direct = perform;
  try {
    return code();
  } finally {
    direct = undefined;
  }
}

/** Functions that are called before each run, to reset the variables of stand-ins. */
export const onRun: (() => void)[] = [];

let ids = 0;

/** The program of one isolate. */
export class Code {
  /** The points at which steps begin, by their beginnings. */
  private beginnings = new Map<string, Point>();
  /** The points that follow checkpoints, by what was declared there. */
  private checkpoints = new Map<string, Point>();
  /** Number of points computed so far. */
  points = 0;
  private initial: string;

  constructor(private steps: Step[], private modules: ModuleState) {
    this.initial = modules.save();
  }

  /** Returns the point at which the isolate begins. */
  begin(): Point {
    return this.beginningOf({ step: 0, saved: "null", modules: this.initial });
  }

  /** Returns the point that the isolate reaches when the operation of `point` has had this result. */
  after(point: Point, result: number): Point {
    let next = point.next.get(result);
    if (next === undefined) {
      next = this.compute(point.beginning, point, result);
      point.next.set(result, next);
    }
    return next;
  }

  /** Returns the point of an isolate that has stopped for good. */
  dead(): Point {
    return this.beginningOf({ step: this.steps.length, saved: '"dead"', modules: this.initial });
  }

  /** Returns what the last step returned, for a point at the end. */
  static resultAt(point: Point): unknown {
    return JSON.parse(point.beginning.saved);
  }

  private beginningOf(beginning: Beginning): Point {
    const key = JSON.stringify(beginning);
    let point = this.beginnings.get(key);
    if (point === undefined) {
      if (beginning.step === this.steps.length) {
        this.points++;
        point = new Point(ids++, beginning, []);
      } else {
        point = this.compute(beginning);
      }
      this.beginnings.set(key, point);
    }
    return point;
  }

  /** Runs the step up to the operation after `previous`. */
  private compute(beginning: Beginning, previous?: Point, result = 0): Point {
    this.points++;
    const outer = run;
    const current: Run = {
      points: [],
      results: [],
      position: 0,
      stoppedAt: undefined,
      checkpoint: undefined,
      fault: undefined,
    };
    if (previous !== undefined) {
      current.results.push(result);
      for (let at: Point = previous;; at = at.previous) {
        current.points.push(at);
        if (at.previous === undefined) break;
        current.results.push(at.result);
      }
      current.points.reverse();
      current.results.reverse();
    }
    const guards = previous === undefined ? [] : guardsAfter(previous);
    const point = new Point(ids++, beginning, guards, previous, result);
    let saved: unknown;
    let error: unknown;
    this.modules.restore(beginning.modules);
    for (const reset of onRun) reset();
    run = current;
    try {
      saved = this.steps[beginning.step](JSON.parse(beginning.saved));
    } catch (reason) {
      error = reason;
    } finally {
      run = outer;
    }
    if (current.fault !== undefined) throw current.fault;
    if (current.stoppedAt !== undefined) {
      return this.merged(Object.assign(point, current.stoppedAt), current.checkpoint);
    }
    if (current.position < current.results.length) throw new Error("The code is not deterministic");
    error ??= this.faultAtEnd(beginning.step + 1, guards);
    if (error !== undefined) return Object.assign(point, { kind: Kind.FAIL, error });
    return this.beginningOf({
      step: beginning.step + 1,
      saved: JSON.stringify(saved ?? null),
      modules: this.modules.save(),
    });
  }

  /** Returns the first point that was found after the same checkpoint. */
  private merged(point: Point, checkpoint: string | undefined): Point {
    if (checkpoint === undefined) return point;
    const key = JSON.stringify([point.beginning, point.guards, checkpoint]);
    const first = this.checkpoints.get(key);
    if (first === undefined) {
      this.checkpoints.set(key, point);
      return point;
    }
    if (
      first.kind !== point.kind || first.at !== point.at || first.a !== point.a ||
      first.b !== point.b
    ) {
      throw new Error(`The code depends on more than its checkpoint says: ${checkpoint}`);
    }
    return first;
  }

  /** Returns what is wrong with a step that has ended, if anything is. */
  private faultAtEnd(next: number, guards: readonly number[]): Error | undefined {
    if (guards.length > 0) return new Error(`The step ends inside guards ${guards}`);
    if (this.modules.leaksNode()) return new Error("A waiter node was not returned");
    if (next < this.steps.length && !this.modules.isIdle()) {
      return new Error("A step ends while promises wait, which only the last step may");
    }
    return undefined;
  }
}

function guardsAfter({ kind, at, guards }: Point): readonly number[] {
  if (kind === Kind.ENTER) return [...guards, at];
  if (kind === Kind.LEAVE) return guards.filter((guard) => guard !== at);
  return guards;
}
