import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { sleep } from "@sauropod/multiprocessing";
import {
  currentThread,
  type ExceptHook,
  excepthook,
  type ExceptHookArgs,
  setExcepthook,
  Thread,
} from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";

const mistake = new RangeError("too far");

function fail(): never {
  throw mistake;
}

/** Runs a thread that throws under a hook, and returns it with what is printed meanwhile. */
async function failUnder(hook?: ExceptHook): Promise<{ thread: Thread; printed: unknown[][] }> {
  using error = stub(console, "error");
  const before = setExcepthook(hook);
  try {
    const thread = new Thread({ target: fail, name: "failing" });
    thread.start();
    await thread.join();
    return { thread, printed: error.calls.map(({ args }) => args) };
  } finally {
    setExcepthook(before);
  }
}

test("excepthook() prints the error and names the thread", async () => {
  const { printed } = await failUnder();
  assertEquals(printed, [["Exception in thread failing:", mistake]]);
});

test("excepthook() describes what cannot be printed", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const printed: unknown[][] = [];
  using _ = stub(console, "error", (...args) => {
    Deno.inspect(args[1]); // as the real one
    printed.push(args);
  });
  const thread = new Thread({
    target: () => {
      throw proxy;
    },
    name: "failing",
  });
  thread.start();
  await thread.join();
  assertEquals(printed, [["Exception in thread failing:", "a revoked Proxy"]]);
});

test("excepthook() can be called by another hook", async () => {
  const { printed } = await failUnder((args) => excepthook(args));
  assertEquals(printed, [["Exception in thread failing:", mistake]]);
});

test("setExcepthook() sets the hook, which is called in the thread before it ends", async () => {
  const told: unknown[] = [];
  const { thread, printed } = await failUnder(({ error, thread }: ExceptHookArgs) => {
    told.push(error, thread, thread.isAlive(), thread.error, currentThread());
  });
  assertEquals(told, [mistake, thread, true, mistake, thread]);
  assertEquals(printed, []);
});

test("setExcepthook() with an async hook makes the thread end after the hook", async () => {
  let done = false;
  await failUnder(async () => {
    await sleep(1);
    done = true;
  });
  assertEquals(done, true);
});

test("setExcepthook() with a hook that throws prints both errors and ends the thread", async () => {
  const failure = new TypeError("the hook");
  const hooks = [() => Promise.reject(failure), () => {
    throw failure;
  }];
  for (const hook of hooks) {
    const { thread, printed } = await failUnder(hook);
    assertEquals(printed, [
      ["Exception in the excepthook called for thread failing:", failure],
      ["Exception in thread failing:", mistake],
    ]);
    assertStrictEquals(thread.error, mistake);
  }
});

test("setExcepthook() returns the previous hook, and without argument restores the default", () => {
  const hook = () => {};
  assertStrictEquals(setExcepthook(hook), excepthook);
  assertStrictEquals(setExcepthook(), hook);
  assertStrictEquals(setExcepthook(), excepthook);
});

test("setExcepthook() rejects other values than functions", () => {
  assertThrows(() => setExcepthook("print" as never), TypeError, 'not "print"');
  assertThrows(() => setExcepthook(null as never), TypeError, "must be a function");
});

test("excepthook() rejects what is not an error and its thread", () => {
  using print = stub(console, "error");
  for (const args of [undefined, "failed", mistake.message]) {
    assertThrows(() => excepthook(args as never), TypeError, "args must be an object, not ");
  }
  for (const thread of [undefined, "MainThread", {}]) {
    const args = { error: mistake, thread } as never;
    assertThrows(() => excepthook(args), TypeError, "thread must be a Thread, not ");
  }
  assertEquals(print.calls.length, 0);
});
