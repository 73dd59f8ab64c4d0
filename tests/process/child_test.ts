/**
 * What runs in the worker of a process, called here.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { Process } from "@sauropod/multiprocessing";
import { ensureIsolate, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { reportProcess, runProcess } from "../../lib/process/child.ts";
import { isReady } from "../../lib/runtime/start_watch.ts";
import { PHASE } from "../../lib/runtime/words.ts";
import { test, turn } from "../fixtures/guarded.ts";

test("a process is ready when it runs its target, and ends with what that returns", async () => {
  ensureIsolate();
  i32[thisIsolate + PHASE] = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  const target = (...args: unknown[]) => {
    seen.push(args, isReady(thisIsolate));
    return promise;
  };
  let ended = false;
  const running = runProcess({ target, args: [1, 2] }).then(() => ended = true);
  await turn();
  assertEquals([seen, ended], [[[1, 2], true], false]);
  resolve();
  await running;
});

test("a process without a target ends at once", async () => {
  ensureIsolate();
  await runProcess({ target: undefined, args: [] });
});

test("a process of a subclass ends with its run()", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  class Waiting extends Process {
    override run(): Promise<void> {
      return promise;
    }
  }
  let ended = false;
  const running = runProcess(new Waiting()).finally(() => ended = true);
  const failing = assertRejects(() => running, RangeError, "why");
  await turn();
  assertEquals(ended, false);
  reject(new RangeError("why"));
  await failing;
});

test("the error of a target explains what that cannot use, later errors too", async () => {
  ensureIsolate();
  const thrower = (error: unknown) => async () => {
    await null;
    throw error;
  };
  const error = new ReferenceError("rate is not defined");
  await assertRejects(
    () => runProcess({ target: thrower(error), args: [] }),
    ReferenceError,
    "rate is not defined. A function that is sent as source sees nothing outside itself",
  );
  await assertRejects(
    () => runProcess({ target: thrower(new RangeError("why")), args: [] }),
    RangeError,
  );
});

test("a process prints the error that ends it after its name", () => {
  using print = stub(console, "error");
  const error = new RangeError("why");
  reportProcess(error);
  assertEquals(print.calls.map(({ args }) => args), [["Process MainProcess:", error]]);
});
