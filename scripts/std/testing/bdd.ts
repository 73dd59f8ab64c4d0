/**
 * The part of JSR's `@std/testing/bdd` that this repository uses. An outermost `describe` is a
 * `Deno.test`, and what it contains are its steps, as in the original. Not offered: options,
 * `only`, `ignore`, hooks outside of `describe`, and suites that are passed as an argument.
 *
 * @module
 */

type Hook<T> = (this: T) => void | Promise<void>;
type HookName = "beforeAll" | "afterAll" | "beforeEach" | "afterEach";

interface Case {
  name: string;
  // deno-lint-ignore no-explicit-any
  fn: (this: any, t: Deno.TestContext) => void | Promise<void>;
}

interface Suite {
  name: string;
  // deno-lint-ignore no-explicit-any
  hooks: Record<HookName, Hook<any>[]>;
  steps: (Case | Suite)[];
}

/** The suite whose `fn` is being called. */
let current: Suite | undefined;
/** How many outermost suites and cases are running. */
let running = 0;

/** Registers a group of tests, which `fn` registers by calling {@linkcode it}. */
export function describe(name: string, fn: () => void | undefined): void {
  const suite: Suite = {
    name,
    hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
    steps: [],
  };
  const outer = current;
  current = suite;
  try {
    if ((fn() as unknown) instanceof Promise) {
      throw new Error(
        'Returning a Promise from "describe" is not supported: tests must be defined synchronously',
      );
    }
  } finally {
    current = outer;
  }
  if (outer === undefined) register(name, (t) => runSuite(suite, [], {}, t));
  else outer.steps.push(suite);
}

/** Registers a test of the current {@linkcode describe}, or of the file. */
export function it<T>(
  name: string,
  fn: (this: T, t: Deno.TestContext) => void | Promise<void>,
): void {
  if (running > 0) {
    throw new Error(
      "Cannot register new test cases after already registered test cases start running",
    );
  }
  if (current === undefined) register(name, (t) => fn.call({} as T, t));
  else current.steps.push({ name, fn });
}

/** Runs `fn` before the tests of the current {@linkcode describe}. */
export function beforeAll<T>(fn: Hook<T>): void {
  addHook("beforeAll", fn);
}

/** Runs `fn` after the tests of the current {@linkcode describe}, even if they fail. */
export function afterAll<T>(fn: Hook<T>): void {
  addHook("afterAll", fn);
}

/** Runs `fn` before each test of the current {@linkcode describe} and of the groups in it. */
export function beforeEach<T>(fn: Hook<T>): void {
  addHook("beforeEach", fn);
}

/** Runs `fn` after each test of the current {@linkcode describe}, even if the test fails. */
export function afterEach<T>(fn: Hook<T>): void {
  addHook("afterEach", fn);
}

function addHook<T>(name: HookName, fn: Hook<T>): void {
  if (current === undefined) throw new Error(`Cannot add ${name} hook: not inside describe()`);
  current.hooks[name].push(fn);
}

function register(name: string, run: (t: Deno.TestContext) => void | Promise<void>): void {
  Deno.test({
    name,
    fn: async (t) => {
      running++;
      try {
        await run(t);
      } finally {
        running--;
      }
    },
  });
}

/** Runs the steps of a suite that is inside of `outer`, with its hooks. */
async function runSuite(
  suite: Suite,
  outer: readonly Suite[],
  context: object,
  t: Deno.TestContext,
): Promise<void> {
  const path = [...outer, suite];
  await callHooks(suite, "beforeAll", context);
  try {
    for (const step of suite.steps) {
      const own = { ...context };
      await t.step({
        name: step.name,
        fn: (t) => "fn" in step ? runCase(step, path, own, t) : runSuite(step, path, own, t),
      });
    }
  } finally {
    await callHooks(suite, "afterAll", context);
  }
}

/** Runs a case between the hooks of the suites around it, those of the outermost first and last. */
async function runCase(
  { name, fn }: Case,
  [suite, ...inner]: readonly Suite[],
  context: object,
  t: Deno.TestContext,
): Promise<void> {
  if (suite === undefined) return await fn.call(context, t);
  await callHooks(suite, "beforeEach", context);
  try {
    await runCase({ name, fn }, inner, context, t);
  } finally {
    await callHooks(suite, "afterEach", context);
  }
}

async function callHooks({ hooks }: Suite, name: HookName, context: object): Promise<void> {
  for (const hook of hooks[name]) await hook.call(context);
}
