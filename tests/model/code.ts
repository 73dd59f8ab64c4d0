/**
 * What the threads of a model run: real code, stopped between any two of its operations.
 *
 * A synchronous function cannot be stopped in its midst and gone on with later, much less twice. So
 * a thread's program is run from the beginning of its step again, with the results that its
 * operations had so far, up to the operation that comes next: there it is stopped by an exception.
 * Where a thread stands is thus known by its step and those results, a {@linkcode Point}. Each point is
 * worked out once; afterwards going on is a look into a table, however many schedules lead there.
 *
 * @module
 */
import { Kind, type Operation } from "./machine.ts";

/**
 * A part of a thread's program: gets what the step before returned. What it returns must be all that
 * later steps have to know, and survive JSON. Many ways through a step end in the same point, so a
 * program of several short steps is explored faster than one long one.
 */
// deno-lint-ignore no-explicit-any
export type Step = (saved: any) => unknown;

/** Module variables of an isolate, which are put back before its code is run again. */
export interface ModuleState {
  save(): string;
  restore(saved: string): void;
  /** Whether nothing is under way that `save` does not know of: promises that wait. */
  isIdle(): boolean;
  /** Whether the code has lost a node of a wait queue. */
  leaksNode(): boolean;
}

/** Where a step begins: which one, and all that it may depend on but memory. */
interface Beginning {
  step: number;
  saved: string;
  modules: string;
}

/** Where a thread stands: the operation that it asks for next. */
export class Point implements Operation {
  kind: Kind = Kind.END;
  at = 0;
  a = 0;
  b = 0;
  /** Why the program failed. */
  error: unknown;
  /** The points that the operation's results lead to. */
  readonly next: Map<number, Point> = new Map();

  constructor(
    readonly id: number,
    readonly beginning: Beginning,
    /** Guards of the sections in which the thread is. */
    readonly sections: readonly number[],
    readonly previous?: Point,
    readonly result: number = 0,
  ) {}
}

/** One run of a step, up to the first operation that has not happened yet. */
interface Run {
  /** The points passed so far, and what their operations gave. */
  points: Point[];
  results: number[];
  position: number;
  /** The operation at which it stopped. */
  stoppedAt: Operation | undefined;
  /** What is said to be known of the way so far, since the last operation that has happened. */
  checkpoint: string | undefined;
  /** What the checker itself found wrong. */
  fault: Error | undefined;
}

let run: Run | undefined;
let direct: ((operation: Operation) => number) | undefined;

/** Ends a run. It is thrown again by every operation that the code tries while it unwinds. */
const STOP = new Error("stopped by the model checker; not to be seen");

/** Called by the code under test: lets the operation happen, and returns its result. */
export function act(kind: Kind, at: number, a = 0, b = 0): number {
  if (kind < Kind.CHOOSE && !(Number.isInteger(at) && at > 0)) {
    throw new RangeError(`there is no word ${at}`);
  }
  if (direct !== undefined) return direct({ kind, at, a, b });
  if (run === undefined) throw new Error("an operation outside of any thread of the model");
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
 * Called by the code under test: `known`, and what the step began with, is all that its future depends
 * on. So points that agree in this are one, whatever happened before.
 */
export function checkpoint(known: unknown): void {
  if (run !== undefined && run.position === run.results.length) {
    run.checkpoint = JSON.stringify(known);
  }
}

/** The point at which the code is about to ask for an operation; 0 if that is not known yet. */
export function here(): number {
  return run?.points[run.position]?.id ?? 0;
}

/** Runs code whose operations happen at once: preparations, and looking at the end. */
export function runDirectly<T>(perform: (operation: Operation) => number, code: () => T): T {
  direct = perform;
  try {
    return code();
  } finally {
    direct = undefined;
  }
}

/** Called at the beginning of each run by what keeps variables of its own, such as the event loop. */
export const onRun: (() => void)[] = [];

let ids = 0;

/** The program of one thread. */
export class Code {
  /** The points at which steps begin. */
  private beginnings = new Map<string, Point>();
  /** The points that follow checkpoints. */
  private checkpoints = new Map<string, Point>();
  /** Number of points worked out so far. */
  points = 0;
  private initial: string;

  constructor(private steps: Step[], private modules: ModuleState) {
    this.initial = modules.save();
  }

  /** Where the thread begins. */
  begin(): Point {
    return this.beginningOf({ step: 0, saved: "null", modules: this.initial });
  }

  /** Where the thread stands after its operation has had this result. */
  after(point: Point, result: number): Point {
    let next = point.next.get(result);
    if (next === undefined) {
      next = this.workOut(point.beginning, point, result);
      point.next.set(result, next);
    }
    return next;
  }

  /** Where the thread stands when it has stopped for good. */
  dead(): Point {
    return this.beginningOf({ step: this.steps.length, saved: '"dead"', modules: this.initial });
  }

  /** What the last step returned. */
  static savedAt(point: Point): unknown {
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
        point = this.workOut(beginning);
      }
      this.beginnings.set(key, point);
    }
    return point;
  }

  /** Runs the step up to the operation after `previous`. */
  private workOut(beginning: Beginning, previous?: Point, result = 0): Point {
    this.points++;
    const outer = run;
    const mine: Run = {
      points: [],
      results: [],
      position: 0,
      stoppedAt: undefined,
      checkpoint: undefined,
      fault: undefined,
    };
    if (previous !== undefined) {
      mine.results.push(result);
      for (let at: Point = previous;; at = at.previous) {
        mine.points.push(at);
        if (at.previous === undefined) break;
        mine.results.push(at.result);
      }
      mine.points.reverse();
      mine.results.reverse();
    }
    const sections = previous === undefined ? [] : sectionsAfter(previous);
    const point = new Point(ids++, beginning, sections, previous, result);
    let saved: unknown;
    let error: unknown;
    this.modules.restore(beginning.modules);
    for (const reset of onRun) reset();
    run = mine;
    try {
      saved = this.steps[beginning.step](JSON.parse(beginning.saved));
    } catch (reason) {
      error = reason;
    } finally {
      run = outer;
    }
    if (mine.fault !== undefined) throw mine.fault;
    if (mine.stoppedAt !== undefined) {
      return this.unified(Object.assign(point, mine.stoppedAt), mine.checkpoint);
    }
    if (mine.position < mine.results.length) throw new Error("The code is not deterministic");
    error ??= this.faultAtEnd(beginning.step + 1, sections);
    if (error !== undefined) return Object.assign(point, { kind: Kind.FAIL, error });
    return this.beginningOf({
      step: beginning.step + 1,
      saved: JSON.stringify(saved ?? null),
      modules: this.modules.save(),
    });
  }

  /** The first point that was found after the same checkpoint. */
  private unified(point: Point, checkpoint: string | undefined): Point {
    if (checkpoint === undefined) return point;
    const key = JSON.stringify([point.beginning, point.sections, checkpoint]);
    const first = this.checkpoints.get(key);
    if (first === undefined) {
      this.checkpoints.set(key, point);
      return point;
    }
    if (
      first.kind !== point.kind || first.at !== point.at || first.a !== point.a ||
      first.b !== point.b
    ) {
      throw new Error(`The code knows more at a checkpoint than it says: ${checkpoint}`);
    }
    return first;
  }

  /** What is wrong with a step that has come to its end. */
  private faultAtEnd(next: number, sections: readonly number[]): Error | undefined {
    if (sections.length > 0) return new Error(`The step ends inside the section of ${sections}`);
    if (this.modules.leaksNode()) return new Error("A node of a wait queue is lost");
    if (next < this.steps.length && !this.modules.isIdle()) {
      return new Error("A step ends while promises wait: only the last one may");
    }
    return undefined;
  }
}

function sectionsAfter({ kind, at, sections }: Point): readonly number[] {
  if (kind === Kind.ENTER) return [...sections, at];
  if (kind === Kind.LEAVE) return sections.filter((guard) => guard !== at);
  return sections;
}
