import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  adviseSignal,
  checkArguments,
  checkArity,
  checkOptions,
  checkPositiveInteger,
  checkStrings,
  checkTarget,
  checkTimeLimit,
  isOptionsObject,
  type OptionNames,
} from "../../lib/arguments/options.ts";

interface Two {
  nJobs?: number;
  timeoutMs?: number;
}
const names: OptionNames<Two> = { nJobs: true, timeoutMs: true };
const check = (options: unknown) => () => checkOptions("do it", options as Two, names);

Deno.test("checkOptions() accepts undefined and all known options", () => {
  for (const options of [undefined, {}, { nJobs: 1 }, { timeoutMs: undefined, nJobs: 2 }]) {
    check(options)();
  }
});

Deno.test("checkOptions() rejects an unknown name and lists the known ones", () => {
  for (const options of [{ jobs: 1 }, { nJobs: 1, jobs: undefined }]) {
    const { message } = assertThrows(check(options), TypeError);
    assertEquals(message, "Cannot do it: there is no option jobs. There are nJobs, timeoutMs");
  }
  assertThrows(
    () => checkOptions<{ np?: number }>("do it", { n: 1 } as object, { np: true }),
    TypeError,
    "there is no option n. There is np",
  );
  assertThrows(check({ toString: 1 }), TypeError, "there is no option toString");
});

Deno.test("checkOptions() advises how to write a misspelled or Python name", () => {
  for (const name of ["n_jobs", "njobs", "N_JOBS", "NJobs"]) {
    assertThrows(check({ [name]: 1 }), TypeError, `There are nJobs, timeoutMs. Write nJobs`);
  }
  for (const name of ["timeout_ms", "timeoutMS"]) {
    assertThrows(check({ [name]: 1 }), TypeError, "Write timeoutMs");
  }
  assertThrows(check({ timeout: 1 }), TypeError, "Write timeoutMs, in milliseconds");
});

Deno.test("checkOptions() adds the caller's advice for other names", () => {
  const advise = (name: string) => name === "x" ? "Write y" : undefined;
  const withAdvice = (options: object) => () => checkOptions<Two>("do it", options, names, advise);
  assertThrows(withAdvice({ x: 1 }), TypeError, "There are nJobs, timeoutMs. Write y");
  const { message } = assertThrows(withAdvice({ z: 1 }), TypeError);
  assertEquals(message.endsWith("timeoutMs"), true);
});

Deno.test("checkOptions() rejects a value that is not an object", () => {
  const cases: [unknown, string][] = [
    [2, "2"],
    ["2", '"2"'],
    [null, "null"],
    [() => {}, "a function"],
    [[], "an object of class Array"],
  ];
  for (const [options, described] of cases) {
    const { message } = assertThrows(check(options), TypeError);
    const expected =
      `Cannot do it: options must be an object, such as { nJobs: … }, not ${described}`;
    assertEquals(message, expected);
  }
});

Deno.test("OptionNames must list all options and no other, at compile time", () => {
  // @ts-expect-error: one is missing
  const missing: OptionNames<Two> = { nJobs: true };
  // @ts-expect-error: one does not exist
  const unknown: OptionNames<Two> = { nJobs: true, timeoutMs: true, other: true };
  assertEquals(Object.keys({ ...missing, ...unknown }), ["nJobs", "timeoutMs", "other"]);
});

Deno.test("checkOptions() rejects a value that is not a function or a signal, and says what to write", () => {
  interface Options {
    callback?: () => void;
    signal?: AbortSignal;
  }
  const kinds: OptionNames<Options> = { callback: "function", signal: true };
  const check = (options: unknown) => () => checkOptions("do it", options as Options, kinds);
  check({ callback() {}, signal: new AbortController().signal })();
  check({ callback: undefined, signal: undefined })();
  const notFunction = "Cannot do it: options.callback must be a function, not ";
  for (const [value, described] of [[5, "5"], ["x", '"x"'], [null, "null"]]) {
    const message = `${notFunction}${described}. Write callback: fn, without calling it`;
    assertThrows(check({ callback: value }), TypeError, message);
  }
  const notSignal = "Cannot do it: options.signal must be an AbortSignal, not ";
  for (
    const [value, described] of [
      [new AbortController(), "an object of class AbortController"],
      [true, "true"],
      [null, "null"],
    ]
  ) {
    const message =
      `${notSignal}${described}. Write signal: controller.signal, or AbortSignal.timeout(ms)`;
    assertThrows(check({ signal: value }), TypeError, message);
  }
});

Deno.test("checkArity() rejects surplus arguments, and says what to write", () => {
  checkArity("do it", [], 0);
  checkArity("do it", [1, 2], 2);
  const cases: [unknown[], 0 | 1 | 2, string][] = [
    [["5"], 0, 'it takes no argument, but was given "5"'],
    [[1, () => {}], 1, "it takes one argument, but was given a second, a function"],
    [[1, 2, 3, 4], 2, "it takes two arguments, but was given a third, 3"],
  ];
  for (const [args, max, expected] of cases) {
    const { message } = assertThrows(() => checkArity("do it", args, max), TypeError);
    assertEquals(message, `Cannot do it: ${expected}`);
  }
  assertThrows(() => checkArity("do it", [5], 0, "Write that"), TypeError, "given 5. Write that");
});

Deno.test("checkPositiveInteger() accepts integers of at least 1 and rejects all other values", () => {
  for (const count of [1, 2 ** 40]) checkPositiveInteger("do it", "n", count);
  for (
    const [count, described] of [[0, "0"], [1.5, "1.5"], [NaN, "NaN"], ["1", '"1"'], [1n, "1n"]]
  ) {
    const errorClass = typeof count === "number" ? RangeError : TypeError;
    const { message } = assertThrows(() => checkPositiveInteger("do it", "n", count), errorClass);
    assertEquals(message, `Cannot do it: n must be an integer of at least 1, not ${described}`);
  }
});

Deno.test("checkOptions() looks at the options' own names, not at those they inherit", () => {
  check(Object.create({ jobs: 1 }))();
  const inherited = Object.assign(Object.create({ jobs: 1 }), { other: 2 });
  assertThrows(check(inherited), TypeError, "there is no option other");
});

Deno.test("checkOptions() says what to write in place of Python's arguments by name", () => {
  interface Target {
    args?: unknown[];
  }
  const withArgs = (options: object) => () =>
    checkOptions<Target>("do it", options, { args: true });
  for (const name of ["kwargs", "kws", "kwds"]) {
    const start = "Functions here have no keyword arguments. Put the values into ";
    assertThrows(withArgs({ [name]: 1 }), TypeError, `${start}args, for instance as an object`);
    assertThrows(check({ [name]: 1 }), TypeError, `${start}the arguments, for instance`);
  }
  const { message } = assertThrows(withArgs({ timeout: 1 }), TypeError);
  assertEquals(message, "Cannot do it: there is no option timeout. There is args");
});

Deno.test("checkOptions() checks timeoutMs, and the types that the names state", () => {
  assertThrows(check({ timeoutMs: NaN }), RangeError, "options.timeoutMs must be a number of mill");
  assertThrows(check({ timeoutMs: "5" }), TypeError, "options.timeoutMs must be a number of mill");
  check({ nJobs: "5" })(); // its type is left to the caller
  interface Typed {
    flag?: boolean;
    text?: string;
  }
  const typed = (options: unknown) => () =>
    checkOptions("do it", options as Typed, { flag: "boolean", text: "string" });
  for (const options of [{ flag: false, text: "" }, { flag: true }, { text: undefined }]) {
    typed(options)();
  }
  for (
    const [options, expected] of [
      [{ flag: 1 }, "options.flag must be a boolean, not 1"],
      [{ flag: true, text: 5 }, "options.text must be a string, not 5"],
      [{ text: null }, "options.text must be a string, not null"],
    ] as const
  ) {
    assertEquals(assertThrows(typed(options), TypeError).message, `Cannot do it: ${expected}`);
  }
});

Deno.test("isOptionsObject() says which values can be options, and never throws", () => {
  const { proxy: revoked, revoke } = Proxy.revocable([], {});
  revoke();
  for (const value of [{}, new Map(), Object.create(null)]) assert(isOptionsObject(value));
  for (const value of [[], null, undefined, "x", () => {}, revoked]) {
    assert(!isOptionsObject(value));
  }
});

Deno.test("adviseSignal() says what to write for a time-out, and nothing for other names", () => {
  const advice = "For a time limit write signal: AbortSignal.timeout(ms)";
  for (const name of ["timeout", "timeoutMs", "Timeout"]) assertEquals(adviseSignal(name), advice);
  for (const name of ["n", "noTimeout"]) assertEquals(adviseSignal(name), undefined);
});

Deno.test("checkArguments() and checkStrings() accept arrays, and say what to write", () => {
  checkArguments("do it", "args", []);
  const { message } = assertThrows(() => checkArguments("do it", "args", 5), TypeError);
  assertEquals(
    message,
    "Cannot do it: args must be an array, not 5. For one argument write args: [x]",
  );
  checkStrings("do it", "names", []);
  checkStrings("do it", "names", ["a", ""]);
  const cases: [unknown, string][] = [
    ["a", 'names must be an array of strings, not "a"'],
    [undefined, "names must be an array of strings, not undefined"],
    [["a", 5], "names[1] must be a string, not 5"],
    [[null], "names[0] must be a string, not null"],
  ];
  for (const [names, expected] of cases) {
    const { message } = assertThrows(() => checkStrings("do it", "names", names), TypeError);
    assertEquals(message, `Cannot do it: ${expected}`);
  }
});

Deno.test("checkTimeLimit() accepts times greater than 0", () => {
  for (const value of [0.5, 1, Infinity]) checkTimeLimit("do it", "ms", value);
  for (const value of [0, -1, -Infinity]) {
    const { message } = assertThrows(() => checkTimeLimit("do it", "ms", value), RangeError);
    const expected = `ms must be greater than 0, not ${value}. Leave it out for no limit`;
    assertEquals(message, `Cannot do it: ${expected}`);
  }
  assertThrows(() => checkTimeLimit("do it", "ms", NaN), RangeError, "a number of milliseconds");
  assertThrows(() => checkTimeLimit("do it", "ms", "5"), TypeError, "a number of milliseconds");
});

Deno.test("checkTarget() accepts a function and a list, and no function where none is needed", () => {
  const target = () => {};
  for (const options of [{ target }, { target, args: [1] }]) checkTarget("do it", options, true);
  checkTarget("do it", {}, true); // it may be defined by a method of a subclass
  checkTarget("do it", { target: undefined }, false);
  const notFunction = "target must be a function, not undefined. Write target: fn, without calling";
  assertThrows(() => checkTarget("do it", { target: undefined }, true), TypeError, notFunction);
  for (const needsTarget of [true, false]) {
    const check = (options: object) => () => checkTarget("do it", options, needsTarget);
    assertThrows(check({ target: 5 }), TypeError, "target must be a function, not 5");
    assertThrows(check({ target, args: 5 }), TypeError, "args must be an array, not 5");
    assertThrows(check({ args: {} }), TypeError, "args must be an array, not an object");
  }
});
