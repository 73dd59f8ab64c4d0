import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { MaybeEncodingError, Queue, TaskLookupError, tasksOf } from "@sauropod/multiprocessing";
import { ending, endingSync, started, testProcess } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

// Tests of Process.exitCode and Process.error.

const ends: [how: string, target: () => unknown, exitCode: number, message?: string][] = [
  ["a function that returns", () => 5, 0],
  ["an async function that returns", async () => void await null, 0],
  ["Deno.exit()", () => Deno.exit(), 0],
  ["Deno.exit(3)", () => Deno.exit(3), 3],
  ["Deno.exit(3) after an await", async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    Deno.exit(3);
  }, 3],
  ["Deno.exit(true)", () => Deno.exit(true as unknown as number), 0], // as Deno has it
  ["Deno.exit(false)", () => Deno.exit(false as unknown as number), 0],
  // deno-lint-ignore no-process-global
  ["process.exit(7)", () => process.exit(7), 7],
  ["self.close()", () => self.close(), 0],
  ["self.close() and a wait", async () => {
    self.close();
    await new Promise(() => {});
  }, 0],
  ["globalThis.close()", () => globalThis.close(), 0],
  [
    "an error",
    () => {
      console.error = () => {};
      throw new RangeError("too far");
    },
    1,
    "too far",
  ],
  [
    "a rejection",
    async () => {
      console.error = () => {};
      await null;
      throw new RangeError("too far");
    },
    1,
    "too far",
  ],
  [
    "an error in a timer",
    () => {
      console.error = () => {};
      setTimeout(() => {
        throw new Error("late");
      }, 0);
      return new Promise(() => {});
    },
    1,
    "late",
  ],
  [
    "an unhandled rejection",
    () => {
      console.error = () => {};
      Promise.reject(new Error("unhandled"));
      return new Promise(() => {});
    },
    1,
    "unhandled",
  ],
  [
    "an endless recursion",
    function deeper(): unknown {
      console.error = () => {};
      return [deeper()];
    },
    1,
    "call stack",
  ],
];

for (const [how, target, exitCode, message] of ends) {
  testProcess(`Process.exitCode of ${how} is ${exitCode}, awaited and blocking`, async () => {
    for (const wait of [ending, endingSync]) {
      const process = started({ target });
      assertEquals(await wait(process), exitCode);
      const error = process.error as Error | undefined;
      if (message === undefined) assertEquals(error, undefined);
      else assertStringIncludes(error!.message, message);
    }
  });
}

testProcess("Process.error is the thrown value, of any type", async () => {
  for (const thrown of ["text", 7, null, undefined, { reason: ["a"] }]) {
    const process = started({
      target: (thrown: unknown) => {
        console.error = () => {};
        throw thrown;
      },
      args: [thrown],
    });
    assertEquals(await ending(process), 1);
    assertEquals(process.error, thrown);
    assertEquals(process.error, thrown, "read again");
  }
});

testProcess("Process.error is an unhandled rejection, even if the target returned", async () => {
  const targets = [
    () => {
      console.error = () => {};
      Promise.reject(new RangeError("floating"));
    },
    () => {
      console.error = () => {};
      (async () => {
        await null;
        throw new RangeError("floating");
      })();
    },
    (queue: Queue<number>) => {
      console.error = () => {};
      queue.put(1);
    },
  ];
  const closed = new Queue<number>();
  closed.close();
  const names = [];
  for (const target of targets) {
    const process = started({ target, args: [closed] });
    assertEquals(await ending(process), 1);
    assertInstanceOf(process.error, Error);
    names.push(process.error.name);
  }
  assertEquals(names, ["RangeError", "RangeError", "ClosedError"]);
});

testProcess("Process.error keeps class, message, properties, cause and stack", () => {
  const process = started({ target: tasks.failWithModelError });
  assertEquals(endingSync(process), 1);
  const error = process.error;
  assertInstanceOf(error, tasks.ModelError);
  assertEquals([error.name, error.message, error.code], ["ModelError", "no convergence", 42]);
  assertInstanceOf(error.cause, TypeError);
  assertEquals(error.cause.message, "NaN in row 3");
  assertStringIncludes(error.stack!, "process_tasks.ts");
});

testProcess(
  "Process.error of an unregistered class is an instance of the nearest built-in class",
  async () => {
    const process = started({ target: tasks.failWithPrivateError });
    assertEquals(await ending(process), 1);
    assertInstanceOf(process.error, RangeError);
    assertEquals([process.error.name, process.error.message], ["PrivateError", "out of bounds"]);
  },
);

testProcess("Process.error describes an error that cannot be read", async () => {
  const targets = {
    message: () => {
      console.error = () => {};
      throw Object.defineProperty(new RangeError("m"), "message", {
        get() {
          throw new Error("in getter");
        },
      });
    },
    trap: () => {
      console.error = () => {};
      throw new Proxy({}, {
        getPrototypeOf() {
          throw new Error("in trap");
        },
      });
    },
    revoked: () => {
      console.error = () => {};
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      throw proxy;
    },
  };
  for (const [what, target] of Object.entries(targets)) {
    const process = started({ target });
    assertEquals(await ending(process), 1);
    assertInstanceOf(process.error, MaybeEncodingError);
    if (what === "message") assertInstanceOf(process.error.cause, RangeError);
  }
});

testProcess("Process.error keeps what can cross of an error", async () => {
  const process = started({
    target: () => {
      console.error = () => {};
      throw Object.assign(new TypeError("kept"), { code: 5, symbol: Symbol() });
    },
  });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, TypeError);
  const { message, code, omitted } = process.error as Error & { code: number; omitted: string[] };
  assertEquals([message, code, omitted], ["kept", 5, ["symbol"]]);
});

testProcess("Process.error describes a thrown value that cannot cross", async () => {
  const process = started({
    target: () => {
      console.error = () => {};
      throw Symbol("odd");
    },
  });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, Error);
  assertStringIncludes(process.error.message, "Symbol(odd)");
});

testProcess(
  "Process.error is a TaskLookupError when the module does not export the target",
  async () => {
    const module = tasksOf<{ missing(): void }>(new URL("../fixtures/guarded.ts", import.meta.url));
    const process = started({ target: module.missing });
    assertEquals(await ending(process), 1);
    assertInstanceOf(process.error, TaskLookupError);
    assertStringIncludes(process.error.message, "does not export it");
  },
);

testProcess("Process.error is a TaskLookupError when the module does not exist", () => {
  const module = tasksOf<{ missing(): void }>(new URL("./nowhere.ts", import.meta.url));
  const process = started({ target: module.missing });
  assertEquals(endingSync(process), 1);
  assertInstanceOf(process.error, TaskLookupError);
  assertStringIncludes(process.error.message, "nowhere.ts");
});
