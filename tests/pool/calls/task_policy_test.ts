import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type TaskOptions, taskPolicy } from "../../../lib/pool/calls/task_policy.ts";

const retryOn = () => true;

Deno.test("taskPolicy() is that of the pool for a call without options of its own", () => {
  assertEquals(taskPolicy("map", {}), undefined);
  const defaults = { timeoutMs: 5, retries: 2, retryOn };
  assertStrictEquals(taskPolicy("map", {}, defaults), defaults);
});

Deno.test("taskPolicy() completes each option by that of the pool", () => {
  assertEquals(taskPolicy("map", { timeoutMs: 5 }), {
    timeoutMs: 5,
    retries: 0,
    retryOn: undefined,
  });
  assertEquals(taskPolicy("map", { retries: 0 }), {
    timeoutMs: Infinity,
    retries: 0,
    retryOn: undefined,
  });
  const defaults = { timeoutMs: 5, retries: 2, retryOn };
  assertEquals(taskPolicy("map", { timeoutMs: 7 }, defaults), { ...defaults, timeoutMs: 7 });
  assertEquals(taskPolicy("map", { retries: 0 }, defaults), { ...defaults, retries: 0 });
  const other = () => false;
  assertEquals(taskPolicy("map", { retryOn: other }, defaults), { ...defaults, retryOn: other });
});

Deno.test("taskPolicy() refuses limits and retries that are none, and a retryOn without retries", () => {
  const refused: [options: object, error: new (message: string) => Error, message: string][] = [
    [{ timeoutMs: 0 }, RangeError, "Cannot map: timeoutMs must be"],
    [{ timeoutMs: "1" }, TypeError, "Cannot map: timeoutMs must be"],
    [{ retries: -1 }, RangeError, "Cannot map: retries must be an integer"],
    [{ retries: 0.5 }, RangeError, "Cannot map: retries must be an integer"],
    [{ retryOn }, TypeError, "Cannot map: retryOn has no effect without retries"],
    [{ retryOn, retries: 0 }, TypeError, "Cannot map: retryOn has no effect without retries"],
  ];
  for (const [options, error, message] of refused) {
    assertThrows(() => taskPolicy("map", options as TaskOptions), error, message);
  }
});
