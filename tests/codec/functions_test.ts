import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type AnyFunction,
  DataCloneError,
  Event,
  Lock,
  Pool,
  Queue,
  task,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { definitionAt, storeExportedName } from "../../lib/codec/definition.ts";
import { functionAddress, functionNameAt } from "../../lib/codec/functions.ts";
import { storeValue, takeValue } from "../../lib/codec/message.ts";
import { differs } from "../fixtures/functions/conditional.ts";
import {
  CodedError,
  hiddenTask,
  Point,
  registerInside,
  shift,
  twins,
} from "../fixtures/functions/tasks.ts";
import { countEvaluations } from "../fixtures/evaluations.ts";
import { test } from "../fixtures/guarded.ts";
import { runProgram } from "../fixtures/programs.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

ensureIsolate();
const plain = tasksOf<typeof import("../fixtures/functions/plain.ts")>(
  new URL("../fixtures/functions/plain.ts", import.meta.url),
);

/** Returns the result of the function in a pool's worker. */
async function remote(fn: AnyFunction, ...args: unknown[]): Promise<unknown> {
  await using pool = new Pool(1);
  return await pool.apply(fn, args);
}

/** Returns the error of a call in a pool's worker. */
async function remoteError(fn: AnyFunction, ...args: unknown[]): Promise<Error> {
  await using pool = new Pool(1);
  try {
    await pool.apply(fn, args);
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new Error("no error");
}

// task()

test("task() returns the function itself", () => {
  const fn = (x: number) => x;
  assertStrictEquals(task(import.meta, fn), fn);
  class Empty {}
  assertStrictEquals(task(import.meta, Empty), Empty);
});

test("task() rejects a value that is not import.meta or not a function", () => {
  const bad = task as unknown as (...args: unknown[]) => unknown;
  assertThrows(() => bad(), TypeError, "meta must be import.meta, not");
  assertThrows(() => bad(() => {}), TypeError, "meta must be import.meta, not");
  assertThrows(() => bad({}, () => {}), TypeError, "meta must be import.meta, not");
  assertThrows(
    () => bad(import.meta),
    TypeError,
    "fn must be a function or a class, not undefined",
  );
  assertThrows(() => bad(import.meta, 1), TypeError, "must be a function or a class, not 1");
});

test("task() lets a function use its module in a worker", async () => {
  assertEquals(await remote(shift, 1), 101);
});

test("task() finds a function that is not exported", async () => {
  assertEquals(await remote(hiddenTask(), 5), -5);
});

test("task() distinguishes functions with the same text, or the worker uses one for the other", async () => {
  for (const twin of twins) assertEquals(await remote(twin, 1), [1]);
});

test("task() works in the module of a test", async () => {
  assertEquals(await remote(ofThisModule, 3), "this module, 3");
});
const ofThisModule = task(import.meta, (x: number) => `this module, ${x}`);

test("task() inside a function is not found by the worker", async () => {
  const error = await remoteError(registerInside(), 1);
  assert(error instanceof TaskLookupError);
  assert(
    /Cannot find task .* in file:.*functions\/tasks\.ts: the worker's import of the module did not register it, or registered another\. Call task\(\) at the top level/
      .test(error.message),
    error.message,
  );
});

test("task() throws TaskLookupError when the worker registers another function", async () => {
  const error = await remoteError(differs);
  assert(error instanceof TaskLookupError);
  assert(error.message.includes("registered another"), error.message);
});

test("functions of task() come back as themselves", async () => {
  assertStrictEquals(await remote((fn: unknown) => fn, shift), shift);
  assertStrictEquals(takeValue(storeValue(shift, "value")), shift);
  assertStrictEquals(takeValue(storeValue(Point, "value")), Point);
});

test("functions of task() can be arguments", async () => {
  assertEquals(await remote((fn: (x: number) => number, x: number) => fn(x), shift, 2), 102);
});

test("instances of classes of task() keep their class in a worker and on the way back", async () => {
  const result = await remote((point: Point) => {
    point.x *= 2;
    return [point, point.length];
  }, new Point(3, 8)) as [Point, number];
  assert(result[0] instanceof Point);
  assertEquals(result, [new Point(6, 8), 10]);
});

test("errors of classes of task() keep class and properties", async () => {
  const error = await remoteError((error: Error) => {
    throw error;
  }, new CodedError("bad", 17, { cause: new Point(1, 2) }));
  assert(error instanceof CodedError && error instanceof RangeError);
  assertEquals([error.name, error.message, error.code], ["CodedError", "bad", 17]);
  assert(error.cause instanceof Point);
});

// Receiving functions that are not imported here

test("Queue.getSync() of a task that is not imported says which module to import", async () => {
  const [queue, results] = [new Queue<unknown>(), new Queue<string[]>()];
  queue.putSync([shift]);
  const process = run(
    (queue: Queue<unknown>, results: Queue<string[]>) => {
      try {
        queue.getSync();
      } catch (error) {
        results.putSync([(error as Error).name, (error as Error).message]);
      }
    },
    queue,
    results,
  );
  const [name, message] = await results.get(guard);
  assertEquals(name, "TaskLookupError");
  assert(message.includes("functions/tasks.ts, which is not imported here"), message);
  assert(message.includes("Import the module first, or receive without blocking"), message);
  await ended(process);
});

test("Queue.get() imports what an item needs", async () => {
  const [queue, results] = [new Queue<unknown>(), new Queue<number>()];
  queue.putSync([shift, new Point(3, 4)]);
  const process = run(
    async (queue: Queue<unknown>, results: Queue<number>) => {
      const [shift, point] = await queue.get() as [(x: number) => number, { length: number }];
      results.putSync(shift(point.length));
    },
    queue,
    results,
  );
  assertEquals(await results.get(guard), 105);
  await ended(process);
});

// tasksOf()

test("tasksOf() returns the exports of a module as tasks", async () => {
  assertEquals(await remote(plain.double, 21), 42);
  assertEquals(await remote(plain.greet, "bob"), "hello bob");
  assertEquals(await remote(plain.default, 1), 2);
});

test("tasksOf() finds what a CommonJS module has in its default export", async () => {
  type Functions = { twice(x: number): number; default(): string; four(): number; name(): void };
  const { twice, default: whole, four, name } = tasksOf<Functions>(
    new URL("../fixtures/functions/commonjs.ts", import.meta.url),
  );
  await using pool = new Pool(1);
  assertEquals(await pool.map(twice, [1, 2]), [2, 4]);
  assertEquals(await pool.apply(whole), "the module");
  await assertRejects(() => pool.apply(four), TaskLookupError, "Cannot find function four");
  await assertRejects(() => pool.apply(name), TaskLookupError, "Cannot find function name");
});

test("tasksOf() accepts modules of node and npm", async () => {
  const path = tasksOf<typeof import("node:path")>("node:path");
  assertEquals(await remote(path.basename, "a/b.txt"), "b.txt");
});

test("tasksOf() requires an absolute URL", () => {
  assertThrows(
    () => tasksOf("./plain.ts"),
    TypeError,
    'Cannot make tasks: url must be an absolute URL, not "./plain.ts". ' +
      'Use import.meta.resolve("./plain.ts")',
  );
});

test("tasksOf() returns the same task for the same name, and is not thenable", async () => {
  assertStrictEquals(plain.double, plain.double);
  assertStrictEquals(await plain, plain);
});

test("tasks of tasksOf() cannot be called here", () => {
  assertThrows(() => plain.double(1), TypeError, "Cannot call double of file:");
});

test("a task of tasksOf() that the module does not export as a function fails the call", async () => {
  const { missing, answer } = plain as unknown as Record<string, AnyFunction>;
  for (const [name, fn] of Object.entries({ missing, answer })) {
    const error = await remoteError(fn);
    assert(error instanceof TaskLookupError);
    assert(error.message.startsWith(`Cannot find function ${name}: file:`), error.message);
    const why = name === "missing" ? "does not export it" : "exports no function of this name";
    assert(error.message.endsWith(`plain.ts ${why}`), error.message);
  }
});

test("a task of tasksOf() fails with the reason when its module cannot be imported", async () => {
  const url = new URL("../fixtures/functions/", import.meta.url);
  const broken = tasksOf<Record<string, AnyFunction>>(new URL("broken.ts", url)).run;
  const error = await remoteError(broken);
  assert(error instanceof TaskLookupError);
  assert(/Cannot import file:.*broken\.ts for task run:/.test(error.message));
  assert(error.message.includes("broken on purpose"), error.message);
  const nowhere = tasksOf<Record<string, AnyFunction>>(new URL("nowhere.ts", url)).run;
  assert((await remoteError(nowhere)) instanceof TaskLookupError);
});

// Functions that are sent as source

const inline: Record<string, AnyFunction> = {
  "an arrow function": (x: number) => x + 1,
  "a function expression": function (x: number) {
    return x + 1;
  },
  "a named function expression": function recursive(x: number): number {
    return x <= 0 ? 1 : 1 + recursive(x - 1);
  },
  "an async function": async (x: number) => (await x) + 1,
  "a method": {
    plusOne(x: number) {
      return x + 1;
    },
  }.plusOne,
  "an async method": {
    // deno-lint-ignore require-await
    async plusOne(x: number) {
      return x + 1;
    },
  }.plusOne,
  "a method with a name that is no identifier": {
    "plus one"(x: number) {
      return x + 1;
    },
  }["plus one"],
  "a function that ends with a comment": eval("(x) => x + 1 // plus one"),
};
for (const [kind, fn] of Object.entries(inline)) {
  test(`${kind} crosses as source`, async () => {
    assertEquals(await remote(fn, 3), 4);
  });
}

const outside = 5;

test("an inline function that uses a variable of its module fails with a hint", async () => {
  const error = await remoteError((x: number) => x + outside, 1);
  assertEquals(error.name, "ReferenceError");
  assert(error.message.includes("outside is not defined"), error.message);
  assert(error.message.includes("task"), error.message);
});

test("an inline function is strict, as its module is", async () => {
  await using pool = new Pool(1);
  const write = () => {
    (Object.freeze({ fixed: 1 }) as { fixed: number }).fixed = 2;
  };
  await assertRejects(() => pool.apply(write), TypeError, "read only");
});

test("an inline function that is created in a loop is defined once", () => {
  const addresses = [1, 2, 3].map(() => functionAddress((x: number) => x - 1));
  assertEquals(new Set(addresses).size, 1);
});

// Built-in functions

for (
  const [fn, args, result] of [
    [Math.sqrt, [9], 3],
    [JSON.stringify, [{ a: 1 }], '{"a":1}'],
    [Number.isInteger, [1], true],
    [parseInt, ["12px"], 12],
    [String.fromCharCode, [65], "A"],
    [structuredClone, [[1]], [1]], // written in JavaScript, as atob is
    [atob, ["QQ=="], "A"],
    [Object.keys, [{ a: 1 }], ["a"]],
  ] as [AnyFunction, unknown[], unknown][]
) {
  test(`${fn.name}() crosses by its path`, async () => {
    assertEquals(definitionAt(functionAddress(fn)).kind, "global");
    assertEquals(await remote(fn, ...args), result);
  });
}

test("a global function that the worker does not have is not found", async () => {
  const made = { onlyHere: () => 1 };
  Object.assign(globalThis, made);
  const error = await remoteError(made.onlyHere);
  assert(error instanceof TaskLookupError);
  assert(error.message.includes("Cannot find function onlyHere: globalThis"), error.message);
  Reflect.deleteProperty(globalThis, "onlyHere");
});

test("task() keeps the types of a function, and makes none any", () => {
  const fixed = task(import.meta, (x: number, digits = 1) => x.toFixed(digits));
  // @ts-expect-error: digits is a number
  const misuse = () => fixed(1, "2");
  const first = task(import.meta, <T>(items: T[]): T => items[0]);
  const one: number = first([1]);
  // @ts-expect-error: the parameter has no type
  const untyped = task(import.meta, (x) => x.anything);
  assertEquals([fixed(1), one, typeof misuse, typeof untyped], ["1.0", 1, "function", "function"]);
});

const nameless = [task(import.meta, () => 0), task(import.meta, () => 1)];

test("a task without a name is named by its place", () => {
  const places = nameless.map((fn) => functionNameAt(functionAddress(fn)));
  const text = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
  const line = text.findIndex((it) => it.startsWith("const nameless =")) + 1;
  assertEquals(places, [19, 47].map((column) => `at functions_test.ts:${line}:${column}`));
});

test("a task without a name has its place in an error of its worker", async () => {
  await using pool = new Pool(1);
  const thrown = await assertRejects(() => pool.apply(failing), Error, "on purpose");
  assertMatch(thrown.stack!, /in task at functions_test\.ts:\d+:\d+, run by PoolWorker-/);
});
const failing = task(import.meta, () => {
  throw new Error("on purpose");
});

// Functions that cannot be named

for (
  const [what, fn, why] of [
    ["a bound function", Math.max.bind(null, 1), "a bound function (bound max) cannot be sent"],
    ["a native method", [].map, "the built-in function map cannot be sent: it has no path"],
    [
      "a native function without a name",
      import.meta.resolve,
      ": a built-in function without a name cannot be sent: it has no path",
    ],
    [
      "a class without a name",
      (() => class {})(),
      ": a class without a name cannot be sent unregistered: write task(import.meta, fn) at",
    ],
    [
      "an arrow function without a name that has a this",
      (() => () => this)(),
      ": a function without a name cannot be sent as source: its `this`",
    ],
    ["a class", class Unknown {}, "the class Unknown cannot be sent unregistered: write task("],
    [
      "a getter",
      Object.getOwnPropertyDescriptor({
        get it() {
          return 1;
        },
      }, "it")!.get!,
      "cannot be sent as source: register it with task(",
    ],
  ] as [string, AnyFunction, string][]
) {
  test(`${what} is rejected, with the path and the reason`, () => {
    const send = () => storeValue({ deep: [fn] }, "args");
    const { message } = assertThrows(send, DataCloneError, "Cannot send args.deep[0]: ");
    assert(message.includes(why), message);
  });
}

for (
  const [where, fn] of [
    ["a string", () => "this is it"],
    ["a template", () => `this ${"is"} it`],
    ["a comment", () => {
      // this is it
      return "this is it".slice(0, Infinity);
    }],
    ["a regular expression", () => "this is it".match(/^this.*/)![0]],
    ["the name of a property", () => `${Object.keys({ this: 1 })[0]} is it`],
    ["the name of a member", () => ({ it: { this: "this is it" } }).it.this],
    ["a method", () =>
      ({
        that: "this is it",
        get() {
          return this.that;
        },
      }).get()],
    ["a nested function", () =>
      (function (this: string) {
        return [0].map(() => `${this} is it`)[0];
      }).call("this")],
    ["a class", () =>
      new (class {
        it = "this is it";
        same = this.it;
      })().same],
  ] as [string, () => string][]
) {
  test(`an arrow function with the word this in ${where} is sent as source`, async () => {
    await using pool = new Pool(1);
    assertEquals(await pool.apply(fn), "this is it");
  });
}

for (
  const fn of [
    (() => () => this)(),
    (() => (it = this) => it)(),
    (() => (it = String(1)) => `this ${it} ${this}`)(),
    (() => () => ({ this: 1, that: [() => this] }))(),
    (() => () => [
      "this",
      function (this: unknown) {
        return this;
      },
      this,
    ])(),
  ]
) {
  test(`an arrow function with a this of the code around it is rejected: ${fn}`, () => {
    assertThrows(() => storeValue(fn, "fn"), DataCloneError, "its `this` belongs to");
  });
}

test("Pool and Process reject a function that cannot be named at the call", async () => {
  await using pool = new Pool(1);
  const bound = Math.max.bind(null, 1);
  let error: unknown;
  try {
    await pool.apply(bound, []);
  } catch (caught) {
    error = caught;
  }
  assert(error instanceof DataCloneError, String(error));
  assertThrows(() => run(bound), DataCloneError, "a bound function");
});

/** Returns a program with tasks that differ only in their closures, some of them registered in the main isolate only. */
const factory = (inMain: string) => `
import { Pool, task } from "@sauropod/multiprocessing";
const by = (k: number) => task(import.meta, (x: number) => x * k);
${inMain.includes("early") ? "const early = import.meta.main ? by(7) : undefined;" : ""}
const [two, three] = [by(2), by(3)];
if (import.meta.main) {
  const late = ${inMain.includes("late") ? "by(5)" : "undefined"};
  await using pool = new Pool(1);
  for (const fn of [two, three, ${inMain}]) {
    console.log(await pool.map(fn, [1]).catch((error) => error.name));
  }
}
`;

Deno.test("tasks with the same text are distinguished", async () => {
  const { stdout, stderr } = await runProgram(factory(""));
  assertEquals([stdout, stderr], ["[ 2 ]\n[ 3 ]\n", ""]);
});

for (const name of ["early", "late"]) {
  Deno.test(`tasks with the same text are not confused when one is registered in the main isolate only, ${name}`, async () => {
    const { stdout, stderr } = await runProgram(factory(name));
    assertEquals([stdout, stderr], ["TaskLookupError\n".repeat(3), ""]);
  });
}

test("a function literal in a call is evaluated once", () => {
  const send = () => functionAddress((x: number) => x + 12_345);
  assertEquals(countEvaluations(send), 1);
  assertEquals(countEvaluations(send), 0);
  assertEquals(send(), send());
});

test("functionNameAt() describes a function without a name in one line", () => {
  const fn = [(x: number) => {
    throw new RangeError(`${x}`);
  }][0];
  const { name } = fn;
  assertEquals(name, "");
  const shown = functionNameAt(functionAddress(fn));
  assertEquals(shown.includes("\n"), false, shown);
  assertMatch(shown, /^\(x\) ?=> ?\{ throw new RangeError/);
});

test("a function that is sent as source fails with a hint when it uses its module", async () => {
  await using pool = new Pool(1);
  const fails = async (fn: () => unknown, expected: string) => {
    const { message } = await assertRejects(() => pool.apply(fn), Error);
    assertStringIncludes(message, expected);
    return message;
  };
  const advice = "register it with task(import.meta, fn) at the top level of its module";
  const outside = 1;
  assertStringIncludes(await fails(() => outside, "sees nothing outside itself"), advice);
  // @ts-expect-error: it does not exist
  const source = await fails(() => import("./never_there.ts"), "Module not found");
  assertStringIncludes(
    source,
    "pass new URL(…, import.meta.url).href as an argument and import that",
  );
  assertStringIncludes(source, advice);
  assertStringIncludes(await fails(() => new Lock(), "its Lock is the browser's"), advice);
  await fails(() => new Event(), "its Event is the browser's");
  await fails(() => import.meta.url, "as source: its import.meta belongs to its module. Pass");
  const other = () => new (AbortSignal as unknown as new () => object)();
  await fails(
    other,
    "Illegal constructor. A function that is sent as source sees no imports: its AbortSignal",
  );
  const passesNone = () =>
    new (class {
      constructor(_: number) {}
    } as new () => object)();
  assertEquals(await pool.apply(passesNone), {});
});

test("a registered class crosses though the program made it a global", () => {
  Object.assign(globalThis, { Point });
  try {
    const copy = takeValue(storeValue(new Point(3, 4), "value"));
    assertEquals([copy instanceof Point, copy], [true, new Point(3, 4)]);
  } finally {
    Reflect.deleteProperty(globalThis, "Point");
  }
});

test("a function whose name is a symbol is sent as source", () => {
  const fn = (x: number) => x + 2;
  Object.defineProperty(fn, "name", { value: Symbol("strange") });
  assertEquals(typeof functionAddress(fn), "number");
});

test("a task without a name has that of its export, once an isolate has imported its module", () => {
  const address = functionAddress(task(import.meta, (x: number) => x + 1));
  assertMatch(functionNameAt(address), /^at functions_test\.ts:\d+:\d+$/);
  for (const name of ["größer", "other"]) {
    storeExportedName(address, name); // the first one stays
    assertEquals(functionNameAt(address), "größer");
  }
});
