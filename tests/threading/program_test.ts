/**
 * What keeps a program alive, and what ends it.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

const IMPORT = `
import * as multiprocessing from "@sauropod/multiprocessing";
import * as threading from "@sauropod/multiprocessing/threading";
const mp = { ...multiprocessing, ...threading };
`;

/** Defines a test that a program ends by itself, having printed this and no error. */
function ends(name: string, program: string, stdout: string): void {
  Deno.test(name, async () => {
    assertEquals(await runProgram(IMPORT + program), { code: 0, stdout, stderr: "" });
  });
}

ends(
  "a program does not end before its threads, whatever they wait for",
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
  new mp.Thread({ target: waiter }).start();
  new mp.Thread({ target: sleeper }).start();
  setTimeout(() => {
    // Unreferenced, so that nothing but the threads keeps the program alive.
    Deno.unrefTimer(setTimeout(() => resume(), 100) as unknown as number);
  }, 0);
  console.log("main ends");
  `,
  "main ends\nsleeper ends\nwaiter ends\n",
);

ends(
  "a program ends while daemons wait for anything of the package",
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
      const thread = new mp.Thread({ target: () => mp.sleep(1e9) });
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
    new mp.Thread({ target: endless, daemon: true }).start();
  }
  new mp.Timer(30, () => console.log(mp.activeCount(), held instanceof mp.LockGuard)).start();
  `,
  "begun\n".repeat(6) + "9 true\n",
);

ends(
  "a program that joins a daemon waits for it",
  `
  const daemon = new mp.Thread({ target: () => mp.sleep(20), daemon: true });
  daemon.start();
  console.log(await daemon.join(), daemon.isAlive());
  `,
  "true false\n",
);

ends(
  "Deno.exit() waits for no thread",
  `
  new mp.Thread({ target: () => mp.sleep(1e9) }).start();
  new mp.Thread({ target: () => Deno.exit() }).start();
  console.log("main ends");
  `,
  "main ends\n",
);

Deno.test("a program whose threads fail prints that, and ends with 0", async () => {
  const { code, stdout, stderr } = await runProgram(`${IMPORT}
    const thread = new mp.Thread({
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

Deno.test("a program whose main module fails ends, whatever threads there are", async () => {
  const { code, stderr } = await runProgram(`${IMPORT}
    new mp.Thread({ target: () => mp.sleep(1e9) }).start();
    throw new RangeError("too far");
  `);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "RangeError: too far");
});
