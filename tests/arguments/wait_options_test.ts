import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../../lib/arguments/wait_options.ts";
import type { OptionNames } from "../../lib/arguments/options.ts";
import { describe } from "../../lib/arguments/describe.ts";

Deno.test("deadlineOf() returns Infinity without a time-out", () => {
  assertEquals(deadlineOf(undefined), Infinity);
  assertEquals(deadlineOf({}), Infinity);
  assertEquals(deadlineOf({ timeoutMs: undefined }), Infinity);
  assertEquals(deadlineOf({ timeoutMs: Infinity }), Infinity);
});

Deno.test("deadlineOf() returns 0 for a time-out of 0 or less", () => {
  assertEquals(deadlineOf({ timeoutMs: 0 }), 0);
  assertEquals(deadlineOf({ timeoutMs: -1 }), 0);
  assertEquals(deadlineOf({ timeoutMs: -Infinity }), 0);
});

Deno.test("deadlineOf() adds the time-out to performance.now()", () => {
  using _ = stub(performance, "now", () => 0.5);
  assertEquals(deadlineOf({ timeoutMs: 1000 }), 1000.5);
});

Deno.test("deadlineOf() rejects a time-out that is not a number", () => {
  const cases: [unknown, string][] = [[NaN, "NaN"], ["10", '"10"'], [null, "null"], [10n, "10n"]];
  for (const [timeoutMs, described] of cases) {
    const errorClass = typeof timeoutMs === "number" ? RangeError : TypeError;
    const { message } = assertThrows(() => deadlineOf({ timeoutMs } as WaitOptions), errorClass);
    assertEquals(
      message,
      `Cannot wait: options.timeoutMs must be a number of milliseconds, not ${described}`,
    );
  }
});

Deno.test("deadlineOf() rejects a signal that is not an AbortSignal", () => {
  for (const signal of [null, new AbortController(), true]) {
    assertThrows(
      () => deadlineOf({ signal } as unknown as WaitOptions),
      TypeError,
      `Cannot wait: options.signal must be an AbortSignal, not ${describe(signal)}. ` +
        "Write signal: controller.signal, or AbortSignal.timeout(ms)",
    );
  }
});

Deno.test("deadlineOf() throws the reason of a signal that is aborted", () => {
  const reason = { of: "the caller" };
  assertStrictEquals(assertThrows(() => deadlineOf({ signal: AbortSignal.abort(reason) })), reason);
  assertThrows(() => deadlineOf({ signal: AbortSignal.abort() }), DOMException);
  assertEquals(deadlineOf({ signal: new AbortController().signal }), Infinity);
});

Deno.test("deadlineOf() rejects options that are not an object", () => {
  for (const [options, described] of [[5, "5"], ["5", '"5"'], [null, "null"], [false, "false"]]) {
    assertThrows(
      () => deadlineOf(options as WaitOptions),
      TypeError,
      `Cannot wait: options must be an object, such as { timeoutMs: … }, not ${described}`,
    );
  }
});

Deno.test("deadlineOf() rejects unknown options, and says what to write", () => {
  const cases: [string, string][] = [
    ["timeout", ". Write timeoutMs, in milliseconds"],
    ["timeoutSeconds", ". Write timeoutMs, in milliseconds"],
    ["ms", ". Write timeoutMs, in milliseconds"],
    ["timeOutMs", ". Write timeoutMs"],
    ["timeout_ms", ". Write timeoutMs"],
    ["Signal", ". Write signal"],
    ["block", ". To return without waiting, write timeoutMs: 0"],
    ["owner", ". Only a reentrant lock takes an owner"],
    ["abort", ""],
  ];
  for (const [name, advice] of cases) {
    const { message } = assertThrows(() => deadlineOf({ [name]: 5 } as WaitOptions), TypeError);
    const expected = `there is no option ${name}. There are timeoutMs, signal${advice}`;
    assertEquals(message, `Cannot wait: ${expected}`);
  }
});

Deno.test("pickWaitOptions() checks all options and returns those of the wait", () => {
  interface More extends WaitOptions {
    more?: number;
  }
  const names: OptionNames<More> = { more: true, timeoutMs: true, signal: true };
  const signal = new AbortController().signal;
  assertEquals(pickWaitOptions("do it", undefined, names), undefined);
  assertEquals(pickWaitOptions("do it", { more: 1, timeoutMs: 2, signal }, names), {
    timeoutMs: 2,
    signal,
  });
  assertThrows(
    () => pickWaitOptions("do it", { timeout: 2 } as More, names),
    TypeError,
    "Cannot do it: there is no option timeout. There are more, timeoutMs, signal. Write timeoutMs",
  );
});
