import { assertEquals, assertThrows } from "@std/assert";
import {
  checkArity,
  checkOptions,
  checkPositiveInteger,
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
