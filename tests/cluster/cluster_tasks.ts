/** Tasks of the tests of clusters. */
import { currentTask, task } from "@sauropod/multiprocessing";

export class Reading {
  constructor(public value: number) {}
  get double(): number {
    return this.value * 2;
  }
}
task(import.meta, Reading);

export const square = task(import.meta, (x: number) => x * x);
export const add = task(import.meta, (x: number, y: number) => x + y);
export const same = task(import.meta, (value: unknown) => value);
export const doubled = task(import.meta, (reading: Reading) => new Reading(reading.double));
export const processId = task(import.meta, () => Deno.pid);

export const failing = task(import.meta, (x: number) => {
  if (x === 2) throw new RangeError("no 2", { cause: { x } });
  return x;
});

/** Writes a line to a file. Returns whether it is the first one. */
function isFirst(file: string): boolean {
  Deno.writeTextFileSync(file, "begun\n", { append: true });
  return Deno.readTextFileSync(file) === "begun\n";
}

export const diesAtFirst = task(import.meta, (file: string) => {
  if (isFirst(file)) Deno.exit(7);
  return "done";
});

export const failsAtFirst = task(import.meta, (file: string) => {
  if (isFirst(file)) throw new RangeError("the first time");
  return "done";
});

export const dies = task(import.meta, () => Deno.exit(7));

/** Says by a file that it has begun, and computes for ever. */
export const computes = task(import.meta, (begun: string) => {
  Deno.writeTextFileSync(begun, `${Deno.pid}\n`, { append: true });
  for (;;);
});

/** Says by a file that it has begun, and waits until another file is there. */
export const waitsFor = task(import.meta, wait);
export const waitsForBoth = task(
  import.meta,
  ([begun, go]: [begun: string, go: string]) => wait(begun, go),
);

async function wait(begun: string, go: string): Promise<string> {
  Deno.writeTextFileSync(begun, `${Deno.pid}\n`, { append: true });
  while (currentTask()?.signal.aborted !== true) {
    try {
      Deno.statSync(go);
      return "went";
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  Deno.writeTextFileSync(`${begun}.aborted`, "");
  return "aborted";
}

/** Writes a line to a file for each call. */
export const noted = task(import.meta, ([file, x]: [file: string, x: number]) => {
  Deno.writeTextFileSync(file, `${x}\n`, { append: true });
  return x * x;
});

/** The table that this process has seen first. */
let first: object | undefined;

/** Returns the value of a key in a table, and whether the table is the same object for all calls in this process. */
export const lookUp = task(import.meta, (table: Table, key: number) => {
  first ??= table;
  return [table.values[key], table.part.name, table === first] as const;
});

/** A large value. */
export interface Table {
  values: Float64Array;
  part: { name: string };
}

export const itself = task(import.meta, (table: Table) => table);
