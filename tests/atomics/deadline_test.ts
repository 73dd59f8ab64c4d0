import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { deadlineOf, type WaitOptions } from "../../lib/atomics/deadline.ts";
import { shown } from "../../lib/atomics/shown.ts";

Deno.test("deadlineOf() is never without a time", () => {
  assertEquals(deadlineOf(undefined), Infinity);
  assertEquals(deadlineOf({}), Infinity);
  assertEquals(deadlineOf({ timeoutMs: undefined }), Infinity);
  assertEquals(deadlineOf({ timeoutMs: Infinity }), Infinity);
});

Deno.test("deadlineOf() is past for 0 and less", () => {
  assertEquals(deadlineOf({ timeoutMs: 0 }), 0);
  assertEquals(deadlineOf({ timeoutMs: -1 }), 0);
  assertEquals(deadlineOf({ timeoutMs: -Infinity }), 0);
});

Deno.test("deadlineOf() is so much later on the clock of performance.now()", () => {
  const before = performance.now();
  const deadline = deadlineOf({ timeoutMs: 1000 });
  assert(deadline >= before + 1000 && deadline <= performance.now() + 1000);
});

Deno.test("deadlineOf() rejects what is no time", () => {
  for (const timeoutMs of [NaN, "10", null, 10n, {}]) {
    assertThrows(
      () => deadlineOf({ timeoutMs } as unknown as WaitOptions),
      TypeError,
      `Cannot wait: options.timeoutMs must be a number of milliseconds, not ${String(timeoutMs)}`,
    );
  }
});

Deno.test("deadlineOf() rejects what is no signal", () => {
  for (const signal of [null, new AbortController(), true]) {
    assertThrows(
      () => deadlineOf({ signal } as unknown as WaitOptions),
      TypeError,
      `Cannot wait: options.signal must be an AbortSignal, not ${shown(signal)}. ` +
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

Deno.test("deadlineOf() rejects what is not an object of options, and Python's timeout", () => {
  for (const options of [5, "5", null]) {
    assertThrows(
      () => deadlineOf(options as WaitOptions),
      TypeError,
      `options must be an object, such as { timeoutMs: 5000 }, not ${options}`,
    );
  }
  assertThrows(() => deadlineOf({ timeout: 5 } as WaitOptions), TypeError, "Write timeoutMs");
});
