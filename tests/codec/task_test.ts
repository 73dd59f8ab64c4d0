import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { task, tasksOf } from "@sauropod/multiprocessing";
import type { Definition } from "../../lib/codec/definition.ts";
import {
  fileName,
  findRegistered,
  isInteractive,
  isRegistered,
  isRegisteredInVain,
  knownDefinition,
  registrationAdvice,
  rememberDefinition,
} from "../../lib/codec/task.ts";

type TaskDefinition = Definition & { kind: "task" };

const meta = { url: "file:///made/for/this/test.ts" };

function definitionOf(fn: object): TaskDefinition {
  return knownDefinition(fn) as TaskDefinition;
}

Deno.test("a task is defined by its module, name and text, and by its position among its like", () => {
  const module = { url: `${meta.url}?like` };
  const make = () => task(module, (x: number) => x + 1);
  const [first, second] = [make(), make()];
  const named = task(module, function other(x: number) {
    return x + 1;
  });
  const common = { kind: "task", module: module.url, name: "" };
  for (const [fn, index, twin, twins] of [[first, 0, 0, 2], [second, 1, 1, 2]] as const) {
    const { hash: _, at, ...definition } = definitionOf(fn);
    assertEquals(definition as unknown, { ...common, index, twin, twins });
    assertEquals(at, undefined); // the module of the test is another one
    assertStrictEquals(findRegistered(definitionOf(fn)), fn);
  }
  assertEquals(definitionOf(first).hash, definitionOf(second).hash);
  const { name, index, twin, twins } = definitionOf(named);
  assertEquals([name, index, twin, twins], ["other", 2, 0, 1]);
  assert(definitionOf(named).hash !== definitionOf(first).hash);
  // An isolate that lacks one of its like does not know which one it has.
  assertEquals(findRegistered({ ...definitionOf(first), twins: 3 }), undefined);
  assertEquals(findRegistered({ ...definitionOf(first), module: "file:///other.ts" }), undefined);
  assertEquals(findRegistered({ ...definitionOf(first), name: "x" }), undefined);
  assertEquals(knownDefinition(() => {}), undefined);
});

Deno.test("a task without a name knows its place in its module", () => {
  const place = /^task_test\.ts:\d+:\d+$/;
  assert(place.test(definitionOf(task(import.meta, () => 7)).at!));
  const named = task(import.meta, function named() {});
  assertEquals(definitionOf(named).at, undefined);
  assertEquals([fileName("file:///a/b.ts"), fileName("b.ts"), fileName("a/")], [
    "b.ts",
    "b.ts",
    "",
  ]);
});

Deno.test("the methods of a class that is registered are known as its members", () => {
  const inner = task(meta, () => 1);
  class Job {
    static Nested = class {};
    static inner = inner;
    static size = 5;
    static make(): Job {
      return new Job();
    }
    run(): number {
      return 1;
    }
    get value(): number {
      return 1;
    }
  }
  task(meta, Job);
  assertEquals(definitionOf(Job.make).member, ["make"]);
  assertEquals(definitionOf(Job.prototype.run).member, ["prototype", "run"]);
  assertEquals(definitionOf(Job).member, undefined);
  for (const fn of [Job.make, Job.prototype.run]) {
    assertStrictEquals(findRegistered(definitionOf(fn)), fn);
    assertEquals(definitionOf(fn).name, "Job");
  }
  assertEquals(definitionOf(inner).member, undefined); // it stays the task that it was
  assertEquals(knownDefinition(Job.Nested), undefined);
  assert(isRegistered(Job) && !isRegistered(Job.Nested) && !isRegisteredInVain(Job));
  class Hidden {
    #x = 1;
    get x(): number {
      return this.#x;
    }
  }
  task(meta, Hidden);
  assert(!isRegistered(Hidden) && isRegisteredInVain(Hidden));
});

Deno.test("tasksOf() has a task for each name that an export can have, and refuses what is no URL", () => {
  const url = new URL("file:///made/up.ts");
  for (const tasks of [tasksOf<{ run(): void }>(url), tasksOf<{ run(): void }>(String(url))]) {
    assertEquals(knownDefinition(tasks.run), { kind: "export", name: "run", module: url.href });
    assertStrictEquals(tasks.run, tasks.run);
    const others = tasks as unknown as Record<string | symbol, unknown>;
    assertEquals([others.then, others[Symbol.iterator]], [undefined, undefined]);
    assert(others.walk !== others.run);
    assertThrows(
      () => tasks.run(),
      TypeError,
      "Cannot call run of file:///made/up.ts here: it is a",
    );
  }
  for (const wrong of [undefined, 5, { href: url.href }]) {
    assertThrows(() => tasksOf(wrong as never), TypeError, "url must be an absolute URL, not ");
  }
  assertThrows(
    () => tasksOf("./up.ts"),
    TypeError,
    'url must be an absolute URL, not "./up.ts". Use import.meta.resolve("./up.ts")',
  );
});

Deno.test("advice is for modules here, and no definition replaces another", () => {
  assert(!isInteractive());
  assertEquals(registrationAdvice("f"), "task(import.meta, f) at the top level of its module");
  const known = task(meta, function known() {});
  const before = knownDefinition(known);
  const other: Definition = { kind: "global", name: "other" };
  rememberDefinition(known, () => other);
  assertEquals(knownDefinition(known), before);
  const unknown = () => {};
  rememberDefinition(unknown, () => other);
  assertEquals(knownDefinition(unknown), other);
});
