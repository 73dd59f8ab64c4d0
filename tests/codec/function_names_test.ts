/**
 * The names of functions in errors, and what a module has to export.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataCloneError, task, TaskLookupError, tasksOf } from "@sauropod/multiprocessing";
import { definitionAt } from "../../lib/codec/definition.ts";
import {
  calleeAddress,
  functionAddress,
  functionAt,
  functionName,
  functionNameAt,
  importFunction,
  isImporting,
} from "../../lib/codec/functions.ts";
import type { AnyFunction } from "../../lib/codec/task.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

const nameless = <F extends AnyFunction>(fn: F): F =>
  Object.defineProperty(fn, "name", { value: "" });

class Job {
  static make(): Job {
    return new Job();
  }
  factor = 2;
  times(x: number): number {
    return this.factor * x;
  }
  plain(x: number): number {
    return x;
  }
  static twice(x: number): number {
    return this.name.length * x;
  }
}
task(import.meta, Job);

test("a function is named by its name, or by its text or place if it has none", () => {
  const named = (x: number) => x;
  assertEquals([functionName(named), functionName(Math.max)], ["named", "max"]);
  assertEquals(functionName(task(import.meta, function registered() {})), "registered");
  assertEquals([functionName(Job.make), functionName(Job.prototype.plain)], [
    "Job.make",
    "Job.plain",
  ]);
  const short = nameless((x: number) => [
    x,
    1,
  ]);
  assertEquals(functionName(short), "(x)=>[ x, 1 ]");
  const text = (length: number) => (0, eval)(`() => ${"1".repeat(length - 6)}`) as AnyFunction;
  assertEquals(functionName(text(40)), `() => ${"1".repeat(34)}`);
  assertEquals(functionName(text(41)), `() => ${"1".repeat(31)}...`);
  assertEquals(functionNameAt(functionAddress(short)), "(x)=>[ x, 1 ]");
  assertEquals(functionNameAt(functionAddress(Math.max)), "Math.max");
  const at = functionName(task(import.meta, () => 1));
  assert(/^at function_names_test\.ts:\d+:\d+$/.test(at), at);
  const elsewhere = { url: "file:///else/where.ts" };
  const tasks = [1, 2].map(() => task(elsewhere, () => 1));
  const names = tasks.map(functionName);
  assertEquals(names, ["number 1 of where.ts", "number 2 of where.ts"]);
});

test("a function that is called by itself is refused if it uses its object", () => {
  for (const fn of [Job.make, Job.twice, Job.prototype.plain, Math.max, () => 1]) {
    for (let times = 0; times < 2; times++) {
      assertEquals(calleeAddress(fn as AnyFunction, "fn"), functionAddress(fn as AnyFunction));
    }
  }
  const own = {
    factor: 1,
    times(x: number) {
      return this.factor * x;
    },
  };
  for (const fn of [Job.prototype.times, own.times]) {
    for (let times = 0; times < 2; times++) {
      assertThrows(
        () => calleeAddress(fn, "args[0]"),
        DataCloneError,
        "Cannot send args[0]: the method times cannot be sent without its object",
      );
    }
  }
  const bound = Math.max.bind(null);
  assertThrows(
    () => calleeAddress(bound, "fn"),
    DataCloneError,
    "Cannot send fn: a bound function",
  );
});

test("a function has one address, and an address one function", () => {
  const make = () => (x: number) => x + 1;
  const [first, second] = [make(), make()];
  const address = functionAddress(first);
  assertEquals([functionAddress(first), functionAddress(second)], [address, address]);
  const found = functionAt(address) as AnyFunction;
  assertEquals(found(1), 2);
  assertStrictEquals(functionAt(address), found);
  assertEquals(functionAddress(found), address);
  assertStrictEquals(functionAt(functionAddress(Job)), Job);
  assertStrictEquals(functionAt(functionAddress(JSON.stringify)), JSON.stringify);
});

const url = (source: string) => `data:text/javascript,${source}`;
const addressIn = (module: string, name: string) =>
  functionAddress((tasksOf(module) as Record<string, AnyFunction>)[name]);

test("a function is imported by its name, or from the object that a module exports by default", async () => {
  const module = url("export const f = () => 1; export default { g: () => 2, no: 5 }");
  const f = await importFunction(addressIn(module, "f"));
  assertEquals((f as AnyFunction)(), 1);
  assertStrictEquals(await importFunction(addressIn(module, "f")), f);
  assertEquals(functionAddress(f as AnyFunction), addressIn(module, "f"));
  assertEquals((await importFunction(addressIn(module, "g")) as AnyFunction)(), 2);
  const refused = async (name: string, message: string) => {
    const call = () => importFunction(addressIn(module, name));
    assertEquals((await assertRejects(call, TaskLookupError)).message, message);
  };
  await refused("h", `Cannot find function h: ${module} does not export it`);
  await refused("no", `Cannot find function no: ${module} does not export it`);
  await refused("toString", `Cannot find function toString: ${module} does not export it`);
  await refused(
    "default",
    `Cannot find function default: ${module} exports no function of this name`,
  );
});

test("an isolate imports until the module is there, or has failed", async () => {
  const good = importFunction(addressIn(url("export const f = () => 3"), "f"));
  assert(isImporting());
  await good;
  assert(!isImporting());
  const module = url("throw new RangeError('not today')");
  const failing = importFunction(addressIn(module, "f"));
  assert(isImporting());
  const error = await assertRejects(() => failing, TaskLookupError);
  assertEquals(error.message, `Cannot import ${module} for task f: not today`);
  assertEquals((error.cause as Error).name, "RangeError");
  const thrown = url("throw 'a text'");
  await assertRejects(() => importFunction(addressIn(thrown, "f")), TaskLookupError, "f: a text");
  assert(!isImporting());
});

test("a task that its module does not register is not found, and the error says how many are like it", async () => {
  const module = { url: url("export const other = 1") };
  const lost = task(module, () => 5);
  // As in an isolate that has not registered it.
  const definition = { ...definitionAt(functionAddress(lost)), module: `${module.url}//again` };
  const { storeDefinition } = await import("../../lib/codec/definition.ts");
  const import_ = (twins: number) =>
    importFunction(storeDefinition({ ...definition, twins } as never));
  const one = await assertRejects(() => import_(1), TaskLookupError);
  assert(
    one.message.includes("did not register it, or registered another. Call task()"),
    one.message,
  );
  assert(one.message.endsWith("not inside a function or a condition"), one.message);
  const several = await assertRejects(() => import_(2), TaskLookupError);
  assert(
    several.message.endsWith("; 2 tasks have this text, and all of them must be registered there"),
  );
  const gone = storeDefinition({ kind: "global", name: "goneFromHere" });
  await assertRejects(
    () => importFunction(gone),
    TaskLookupError,
    "Cannot find function goneFromHere",
  );
});
