/**
 * The stand-in for `@std/testing` behaves as the documentation of the original on JSR says. These
 * tests assert only what tests of this repository may rely on, so they pass with the original too.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  AssertionError,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";
import { assertSpyCall, assertSpyCalls, MockError, spy, stub } from "@std/testing/mock";
import { assertSnapshot, serialize } from "@std/testing/snapshot";
import { FakeTime, TimeError } from "@std/testing/time";

/** Runs the tests that `register` registers, and returns the names of the failed ones. */
async function runRegistered(register: () => void): Promise<string[]> {
  const failed: string[] = [];
  const run = async (name: string, definition: Pick<Deno.TestStepDefinition, "fn">) => {
    const step = ({ name, fn }: Deno.TestStepDefinition) => run(name, { fn });
    try {
      await definition.fn({ name, step } as unknown as Deno.TestContext);
    } catch {
      failed.push(name);
    }
    return true;
  };
  const definitions: Deno.TestDefinition[] = [];
  {
    using _ = stub(Deno, "test", ((test: Deno.TestDefinition) => definitions.push(test)) as never);
    register();
  }
  for (const definition of definitions) await run(definition.name, definition);
  return failed;
}

Deno.test("describe() runs its tests as steps, between its hooks", async () => {
  const events: string[] = [];
  const hooks = (of: string) => {
    beforeAll(() => void events.push(`${of} beforeAll`));
    afterAll(() => void events.push(`${of} afterAll`));
    beforeEach(() => void events.push(`${of} beforeEach`));
    afterEach(() => void events.push(`${of} afterEach`));
  };
  const failed = await runRegistered(() =>
    describe("outer", () => {
      hooks("outer");
      it("first", () => void events.push("first"));
      describe("inner", () => {
        hooks("inner");
        it("second", () => {
          events.push("second");
          throw new Error("second failed");
        });
      });
    })
  );
  assertEquals(failed, ["second"]);
  assertEquals(events, [
    "outer beforeAll",
    "outer beforeEach",
    "first",
    "outer afterEach",
    "inner beforeAll",
    "outer beforeEach",
    "inner beforeEach",
    "second",
    "inner afterEach",
    "outer afterEach",
    "inner afterAll",
    "outer afterAll",
  ]);
});

Deno.test("it() outside of describe() is a test, and throws inside of a running one", async () => {
  let error: unknown;
  const failed = await runRegistered(() =>
    it("alone", () => {
      error = assertThrows(() => it("late", () => {}));
      throw error;
    })
  );
  assertEquals(failed, ["alone"]);
  assertStringIncludes((error as Error).message, "Cannot register new test cases after");
});

Deno.test("describe() gives hooks and tests a `this`, a copy for each test", async () => {
  const seen: number[] = [];
  await runRegistered(() =>
    describe("suite", () => {
      beforeAll(function (this: { x: number }) {
        this.x = 1;
      });
      for (const name of ["first", "second"]) {
        it(name, function (this: { x: number }) {
          seen.push(this.x++);
        });
      }
    })
  );
  assertEquals(seen, [1, 1]);
});

Deno.test("describe() throws if its function is async", () => {
  const asynchronous = (() => Promise.resolve()) as unknown as () => void;
  assertThrows(() => describe("suite", asynchronous), Error, 'Returning a Promise from "describe"');
});

Deno.test("spy() records the calls of a function", () => {
  const half = spy((x: number) => {
    if (x % 2 !== 0) throw new RangeError("odd");
    return x / 2;
  });
  assertEquals(half(4), 2);
  assertThrows(() => half(3), RangeError);
  assertSpyCalls(half, 2);
  assertSpyCall(half, 0, { args: [4], returned: 2 });
  assertSpyCall(half, 1, { args: [3], error: { Class: RangeError, msgIncludes: "odd" } });
  assertEquals(half.restored, false);
  assertThrows(() => half.restore(), MockError, "function cannot be restored");
  const nothing = spy();
  assertEquals(nothing(1, 2), undefined);
  assertEquals(nothing.calls, [{ args: [1, 2], returned: undefined }]);
});

Deno.test("assertSpyCalls() and assertSpyCall() throw when calls are not as expected", () => {
  const add = spy((a: number, b: number) => a + b);
  add(1, 2);
  const fails = (fn: () => void, message: string) => assertThrows(fn, AssertionError, message);
  fails(() => assertSpyCalls(add, 2), "Spy not called as much as expected");
  fails(() => assertSpyCalls(add, 0), "Spy called more than expected");
  fails(() => assertSpyCall(add, 1), "Spy not called as much as expected");
  fails(() => assertSpyCall(add, 0, { args: [2, 1] }), "Spy not called with expected args");
  fails(() => assertSpyCall(add, 0, { returned: 4 }), "did not return expected value");
  fails(() => assertSpyCall(add, 0, { error: {} }), "did not throw an error");
  fails(() => assertSpyCall(add, 0, { self: add }), "not called as method on expected self");
});

class Counter {
  count = 0;
  add(n: number): number {
    return this.count += n;
  }
}

Deno.test("spy() records the calls of a method until it is restored", () => {
  const counter = new Counter();
  {
    using add = spy(counter, "add");
    assertEquals(counter.add(2), 2);
    assertSpyCall(add, 0, { self: counter, args: [2], returned: 2 });
    assertThrows(() => spy(counter, "add"), MockError, "already spying");
    assertThrows(() => spy(counter, "count"), MockError, "not an instance method");
  }
  assert(counter.add === Counter.prototype.add && !Object.hasOwn(counter, "add"));
  const add = spy(counter, "add");
  add.restore();
  assert(add.restored);
  assertThrows(() => add.restore(), MockError, "already restored");
});

Deno.test("stub() replaces a method until it is restored", () => {
  const counter = new Counter();
  {
    using add = stub(counter, "add", (n) => -n);
    assertEquals([counter.add(2), counter.count], [-2, 0]);
    assertEquals(add.calls, [{ args: [2], returned: -2, self: counter }]);
  }
  using add = stub(counter, "add");
  assertEquals([counter.add(2), add.original.call(counter, 3)], [undefined as unknown, 3]);
});

Deno.test("FakeTime calls timers in the order in which they are due", () => {
  using time = new FakeTime(1000);
  const events: [string, number][] = [];
  const event = (name: string) => void events.push([name, Date.now()]);
  setTimeout(event, 20, "late");
  setTimeout(() => {
    event("soon");
    setTimeout(event, 0, "at once");
  }, 10);
  const interval = setInterval(event, 8, "again");
  clearTimeout(setTimeout(event, 5, "never"));
  time.tick(16);
  assertEquals(events, [["again", 1008], ["soon", 1010], ["at once", 1010], ["again", 1016]]);
  clearInterval(interval);
  assert(time.next());
  assertEquals([events.at(-1), time.now, time.next()], [["late", 1020], 1020, false]);
  assertEquals([new Date().valueOf(), new Date(5).valueOf(), time.start], [1020, 5, 1000]);
  assertThrows(() => time.now = 0, RangeError, "Cannot set current time in the past");
});

Deno.test("FakeTime.tickAsync() runs pending microtasks first", async () => {
  using time = new FakeTime();
  let called = false;
  Promise.resolve().then(() => setTimeout(() => called = true, 5));
  await time.tickAsync(5);
  assert(called);
});

Deno.test("FakeTime fakes AbortSignal.timeout()", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(5);
  time.tick(4);
  assertEquals(signal.aborted, false);
  time.tick(1);
  assertEquals((signal.reason as DOMException).name, "TimeoutError");
});

Deno.test("FakeTime can be used once at a time, and restores the clock", async () => {
  const before = [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError, "already faked");
  const fakeTimeout = setTimeout;
  time.restore();
  const after = [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  assert(before.every((value, at) => value === after[at]));
  assertThrows(() => time.restore(), TimeError, "already restored");
  assertThrows(() => fakeTimeout(() => {}, 0), TimeError, "time is not faked");
  await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("FakeTime leaves Atomics.waitAsync alone", async () => {
  using time = new FakeTime();
  const words = new Int32Array(new SharedArrayBuffer(8));
  const [woken, late] = [Atomics.waitAsync(words, 0, 0), Atomics.waitAsync(words, 1, 0, 1)];
  Atomics.notify(words, 0);
  let outcomes: string[] | undefined;
  Promise.all([woken.value, late.value]).then((values) => outcomes = values);
  while (outcomes === undefined) await time.delay(1); // such a wait does not keep the loop alive
  assertEquals(outcomes, ["ok", "timed-out"]);
});

Deno.test("assertSnapshot() compares with the snapshot of its test", async (t) => {
  await assertSnapshot(t, { b: [1, "two"], a: new Map([["`${x}`", "\\"]]) });
  await t.step("and step", (t) => assertSnapshot(t, "one line"));
  await assertSnapshot(t, "two\nlines");
});

Deno.test("serialize() sorts keys and shows everything", () => {
  assertEquals(serialize({ b: 1, a: ["x"] }), '{\n  a: [\n    "x",\n  ],\n  b: 1,\n}');
});

Deno.test("assertSnapshot() writes with --update, and reports differences without", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/some_test.ts`;
  const write = (value: unknown) =>
    Deno.writeTextFile(
      file,
      `import { assertSnapshot } from "${import.meta.resolve("@std/testing/snapshot")}";
      Deno.test("value", (t) => assertSnapshot(t, ${JSON.stringify(value)}));`,
    );
  const run = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--no-check",
        "--no-config",
        "--no-lock",
        "--allow-read",
        "--allow-write",
        file,
        ...args,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    return { success, output: new TextDecoder().decode(stdout) };
  };
  try {
    await write(1);
    const missing = await run();
    assertEquals(missing.success, false);
    assertStringIncludes(missing.output, "Missing snapshot file.");
    assert((await run("--", "--update")).success);
    assertEquals(
      await Deno.readTextFile(`${folder}/__snapshots__/some_test.ts.snap`),
      "export const snapshot = {};\n\nsnapshot[`value 1`] = `1`;\n",
    );
    assert((await run()).success);
    await write(2);
    assertStringIncludes((await run()).output, "Snapshot does not match");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
