/**
 * Every public call refuses bad input at the call, by an error that names the argument and says what to
 * write, and works afterwards as if the call had not been made.
 *
 * The rows are in tests/fixtures/bad_input/.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { describe } from "../../lib/arguments/describe.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { isReady } from "../../lib/runtime/start_watch.ts";
import type { Bad } from "../fixtures/bad_input/parameters.ts";
import type { Call, Row, Table } from "../fixtures/bad_input/table.ts";
import { arrays, random } from "../fixtures/bad_input/arrays.ts";
import { channels } from "../fixtures/bad_input/channels.ts";
import { cluster, node } from "../fixtures/bad_input/cluster.ts";
import { memory } from "../fixtures/bad_input/memory.ts";
import { futures } from "../fixtures/bad_input/futures.ts";
import { jobs, loops, shared } from "../fixtures/bad_input/loops.ts";
import { managers } from "../fixtures/bad_input/managers.ts";
import { pools } from "../fixtures/bad_input/pools.ts";
import { dummies, threads } from "../fixtures/bad_input/threads.ts";
import { progress } from "../fixtures/bad_input/progress.ts";
import { processes } from "../fixtures/bad_input/processes.ts";
import { publicCalls } from "../fixtures/bad_input/public_calls.ts";
import { refusals } from "../fixtures/bad_input/states.ts";
import { sync } from "../fixtures/bad_input/sync.ts";
import { countParked, keepsMemory, test, turn } from "../fixtures/guarded.ts";
import { settledUse } from "../fixtures/heap.ts";

keepsMemory(); // the values in the tables; the memory that a refused call holds is compared here

const tables: Record<string, Table> = {
  cluster,
  node,
  sync,
  channels,
  memory,
  processes,
  pools,
  futures,
  threads,
  dummies,
  managers,
  loops,
  jobs,
  shared,
  progress,
  random,
  arrays,
};

const MADE_BY_PACKAGE = "only the package makes it";

/** Public calls without rows, and why. */
const WITHOUT_ROWS: Record<string, string> = {
  "new SharedHandle": MADE_BY_PACKAGE,
  "new Connection": MADE_BY_PACKAGE,
  "new AsyncResult": MADE_BY_PACKAGE,
  "new BaseProxy": MADE_BY_PACKAGE,
  "new Executor": MADE_BY_PACKAGE,
  "new ArrayExpression": MADE_BY_PACKAGE,
  "ArrayExpression.from": "only its type is exported",
  "new LockGuard": MADE_BY_PACKAGE,
  "new RLockGuard": MADE_BY_PACKAGE,
  "RLockGuard.tokenOf": "for the package itself",
  "LockOwner.tokenOf": "for the package itself",
  "new Future": "its state is for the package itself",
  "ParentProcess.join": "the main program has no parent process",
  "ManagerClass.register": "it is BaseManager.register",
  "Lockable.acquire": "a program may implement it",
  "Lockable.acquireSync": "a program may implement it",
  "PoolEngine.ready": "it is Cluster.ready",
  "new Cluster": "cluster() makes it",
  "new ClusterJob": MADE_BY_PACKAGE,
  "MultiprocessingError.[Symbol.hasInstance]": "any value may stand left of instanceof",
};

/** Rows of what is no symbol of its own. */
const WITHOUT_SYMBOL = /^(Context\.|ParallelRun$|vectorize\(\)$)/;

/** Time limit of a call, which should end at once, in milliseconds. */
const LIMIT_MS = 10_000;

/** Texts of the engine, which name no argument. */
const RAW = [
  /Cannot (read|set) propert/,
  /Cannot (destructure property|convert (a|an|undefined|null|object|\d)|mix BigInt|perform ')/,
  /Cannot (create property|assign to read only|redefine property|access '|define property)/,
  /is not (a function|iterable|a constructor|defined|an object|async iterable)/,
  /Invalid (typed array length|array length|array buffer length|value used)/,
  /Array buffer allocation failed/,
  /(is|must be) an? \w+ object$/,
  /Class constructor/,
  /object null is not/,
  /Maximum call stack/,
  /called on (incompatible|non-object)/,
  /detached ArrayBuffer/,
  /Reduce of empty/,
  /\[object /,
];

/** Returns what a call throws or rejects with; undefined if it does neither soon. */
async function errorOf(call: () => unknown): Promise<{ error: unknown } | undefined> {
  try {
    const result = call();
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return undefined;
    let outcome: { error?: unknown } | undefined;
    (result as PromiseLike<unknown>).then(() => outcome = {}, (error) => outcome = { error });
    for (let turns = 0; turns < 20 && outcome === undefined; turns++) await null;
    for (let turns = 0; turns < 5 && outcome === undefined; turns++) await turn();
    return outcome !== undefined && "error" in outcome ? { error: outcome.error } : undefined;
  } catch (error) {
    return { error };
  }
}

/** Returns what is wrong with how a call refuses an argument; undefined if nothing is. */
async function faultOf(call: () => unknown, bad: Bad): Promise<string | undefined> {
  const thrown = await errorOf(call);
  if (thrown === undefined) return "is not refused";
  const { error } = thrown;
  if (!(error instanceof Error)) return `throws ${describe(error)}`;
  const { message, name } = error;
  const shown = `${name}: ${message}`;
  if (!(bad.errors as string[]).includes(name)) {
    return `should be ${bad.errors.join("/")}: ${shown}`;
  }
  if (RAW.some((raw) => raw.test(message))) return `raw: ${shown}`;
  if (!/^Cannot [a-z][^:]*: \S/.test(message)) return `has another form: ${shown}`;
  if (/\.$|undefined undefined|\n/.test(message)) return `ends badly: ${shown}`;
  if (bad.says !== undefined) return bad.says.test(message) ? undefined : `says other: ${shown}`;
  if (!names(message, bad.name)) return `does not name it: ${shown}`;
  if (!/ must (not )?(be|have|return|begin|give) /.test(message)) {
    return `requires nothing: ${shown}`;
  }
  if (!message.includes(`not ${describe(bad.value)}`)) return `does not show the value: ${shown}`;
  return undefined;
}

function names(message: string, name: string): boolean {
  return new RegExp(`(?<![\\w])${RegExp.escape(name)}(?!\\w)`).test(message);
}

/** Returns what is wrong with how a call refuses bad input. */
async function faultsOf({ symbol, parameters }: Row, call: Call, good: unknown[]) {
  const faults: string[] = [];
  for (const [at, [name, parameter]] of Object.entries(parameters).entries()) {
    const kinds = new Map<string, string[]>();
    for (const bad of parameter.refused(name)) {
      const args = good.with(at, bad.argument);
      const fault = await faultOf(() => call(...args), bad);
      if (fault === undefined) continue;
      const kind = `${bad.name}: ${fault.split(":")[0]}`;
      kinds.set(kind, [...kinds.get(kind) ?? [], `${describe(bad.value)}: ${fault}`]);
    }
    for (const [kind, found] of kinds) {
      faults.push(`${symbol}, ${kind}, ${found.length} times, as for ${found[0]}`);
    }
  }
  return faults;
}

/** Makes a good call after the refused ones, and returns what is wrong. */
async function faultsAfter({ symbol }: Row, call: Call, good: unknown[]): Promise<string[]> {
  try {
    const result = await deadline(Promise.resolve(call(...good)), LIMIT_MS);
    await (result as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.();
    (result as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
    return [];
  } catch (error) {
    return [`${symbol} does not work afterwards: ${error}`];
  }
}

/** Returns how many bytes are in use once the workers that the rows need have started, and wait for work. */
async function usedOnceStarted(): Promise<number> {
  while (!hostedWorkers().every(isReady)) await turn();
  let bytes = -1;
  for (let same = 0; same < 3;) {
    const now = await settledUse();
    same = now === bytes ? same + 1 : 0;
    bytes = now;
  }
  return bytes;
}

for (const [subject, table] of Object.entries(tables)) {
  test(`calls of ${subject} refuse bad input`, async () => {
    const faults: string[] = [];
    const calls = table.rows.map((row) => ({
      row,
      call: row.prepare(),
      good: Object.values(row.parameters).map((parameter) => parameter.good),
    }));
    const bytes = await usedOnceStarted();
    const before = { workers: hostedWorkers().length, parked: countParked(), bytes };
    for (const { row, call, good } of calls) faults.push(...await faultsOf(row, call, good));
    if (hostedWorkers().length > before.workers) faults.push("a worker was started");
    if (countParked() > before.parked) faults.push("a call still waits");
    // A worker may still be reading what it was sent before.
    for (let turns = 0; turns < 100 && await settledUse() > before.bytes; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (await settledUse() > before.bytes) faults.push("shared memory is held");
    for (const { row, call, good } of calls) {
      if (row.works) faults.push(...await faultsAfter(row, call, good));
    }
    await table.end();
    assertEquals(faults, []);
  });
}

test("calls of objects that are closed, or have ended, say so and what to do", async () => {
  const faults: string[] = [];
  for (const [errorClass, call] of refusals) {
    const text = String(call).replace(/^(async )?\(\) => /, "");
    const thrown = await errorOf(call);
    if (!(thrown?.error instanceof Error)) {
      faults.push(`${text} is not refused`);
      continue;
    }
    const { name, message } = thrown.error;
    const isGood = name === errorClass && !RAW.some((raw) => raw.test(message)) &&
      /^Cannot [a-z][^:]*: .+\. [A-Z].*[^.]$/.test(message);
    if (!isGood) faults.push(`${text} throws ${name}: ${message}`);
  }
  assertEquals(faults, []);
});

test("every public call has rows, for each of its parameters and options", async () => {
  const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const calls = await publicCalls(JSON.parse(config).exports);
  assert(calls.length > 300, `only ${calls.length} calls were found`);
  const missing: string[] = [];
  for (const { shelf, symbol, parameters, options } of calls) {
    if (Object.hasOwn(WITHOUT_ROWS, symbol) || /^NdArray\./.test(symbol)) continue;
    const found = Object.values(tables)
      .filter((table) => table.shelf === shelf)
      .flatMap((table) => table.rows)
      .filter((row) => row.symbol === symbol);
    const given = found.flatMap((row) => Object.entries(row.parameters));
    const names = new Set(given.map(([name]) => name));
    const named = new Set(given.flatMap(([, parameter]) => parameter.options));
    missing.push(
      ...[...parameters.difference(names)].map((name) => `${symbol}, ${name}`),
      ...[...options.difference(named)].map((name) => `${symbol}, options.${name}`),
    );
  }
  assertEquals(missing, []);
  const symbols = new Set(calls.map(({ symbol }) => symbol));
  const rows = Object.values(tables).flatMap(({ module, rows }) =>
    rows.map(({ symbol }) => symbol).filter((symbol) => !isInherited(module, symbol))
  );
  const unknown = [...rows, ...Object.keys(WITHOUT_ROWS)].filter((symbol) =>
    !symbols.has(symbol) && !WITHOUT_SYMBOL.test(symbol)
  );
  assertEquals(unknown, []);
});

/** Whether a symbol is a method that a class has from another one. */
function isInherited(module: Record<string, { prototype?: object }>, symbol: string): boolean {
  const [name, method] = symbol.replace(/=$/, "").split(".");
  const prototype = module[name]?.prototype;
  return prototype !== undefined && method in prototype && !Object.hasOwn(prototype, method);
}
