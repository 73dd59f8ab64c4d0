/**
 * Whole programs: how threads keep a program alive, and how it ends.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

const IMPORT = `import * as mp from "@sauropod/multiprocessing";
import { activeCount, Thread, Timer } from "@sauropod/multiprocessing/threading";
`;

/** Defines a test of a program that ends by itself after printing `stdout` and no error. */
function ends(name: string, program: string, stdout: string): void {
  Deno.test(name, async () => {
    assertEquals(await runProgram(IMPORT + program), { code: 0, stdout, stderr: "" });
  });
}

ends(
  "A program does not end before its threads, whatever they wait for",
  `
  const sleeper = async () => {
    await mp.sleep(50);
    console.log("sleeper ends");
  };
  let resume = () => {};
  const waiter = async () => {
    await new Promise<void>((resolve) => resume = resolve);
    console.log("waiter ends");
  };
  new Thread({ target: waiter }).start();
  new Thread({ target: sleeper }).start();
  setTimeout(() => {
    // Unreferenced, so that only the threads keep the program alive.
    Deno.unrefTimer(setTimeout(() => resume(), 100) as unknown as number);
  }, 0);
  console.log("main ends");
  `,
  "main ends\nsleeper ends\nwaiter ends\n",
);

ends(
  "A program ends while daemons wait for anything of the package",
  `
  const [queue, event, lock] = [new mp.Queue(), new mp.Event(), new mp.Lock()];
  const held = await lock.acquire();
  const targets: (() => Promise<unknown>)[] = [
    () => mp.sleep(1e9),
    () => queue.get(),
    () => queue.get({ timeoutMs: 1e9 }),
    () => event.wait({ timeoutMs: 1e9 }),
    () => lock.acquire(),
    async () => {
      const thread = new Thread({ target: () => mp.sleep(1e9) });
      thread.start();
      await thread.join();
    },
  ];
  for (const target of targets) {
    const endless = async () => {
      console.log("begun");
      await target();
      console.log("NEVER");
    };
    new Thread({ target: endless, daemon: true }).start();
  }
  new Timer(30, () => console.log(activeCount(), held instanceof mp.LockGuard)).start();
  `,
  "begun\n".repeat(6) + "9 true\n",
);

ends(
  "A program that joins a daemon waits for it",
  `
  const daemon = new Thread({ target: () => mp.sleep(20), daemon: true });
  daemon.start();
  console.log(await daemon.join(), daemon.isAlive());
  `,
  "true false\n",
);

ends(
  "Deno.exit() does not wait for threads",
  `
  new Thread({ target: () => mp.sleep(1e9) }).start();
  new Thread({ target: () => Deno.exit() }).start();
  console.log("main ends");
  `,
  "main ends\n",
);

Deno.test("A program with an uncaught error in a thread prints it and ends with exit code 0", async () => {
  const { code, stdout, stderr } = await runProgram(`${IMPORT}
    const thread = new Thread({
      name: "reader",
      target: async () => {
        await mp.sleep(1);
        throw new RangeError("too far");
      },
    });
    thread.start();
    console.log(await thread.join(), thread.error);
  `);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "true RangeError: too far\n");
  assertStringIncludes(stderr, "Exception in thread reader: RangeError: too far\n    at target");
});

Deno.test("A program with an uncaught error in its main module ends while threads run", async () => {
  const { code, stderr } = await runProgram(`${IMPORT}
    new Thread({ target: () => mp.sleep(1e9) }).start();
    throw new RangeError("too far");
  `);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "RangeError: too far");
});
