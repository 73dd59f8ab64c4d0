import { assert, assertEquals, assertThrows } from "@std/assert";
import { Event, interruptOn, Pool } from "@sauropod/multiprocessing";
import { hasInterrupt } from "../../lib/parking/control.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { test } from "../fixtures/guarded.ts";
import { runProgram } from "../fixtures/programs.ts";

const waits: [what: string, wait: string][] = [
  ["a call of a pool", "pool.applySync(() => new Promise(() => {}))"],
  ["a wait for an item", "queue.getSync({ timeoutMs: 60_000 })"],
  ["a wait for several objects", "mp.waitAnySync([queue, new mp.Event()])"],
  ["a wait for a lock", "lock.acquireSync()"],
];

for (const [what, wait] of waits) {
  test(`interruptOn() ends ${what} when the program receives the signal`, async () => {
    const program = `import * as mp from "${new URL("mod.ts", ROOT)}";
      Deno.addSignalListener("SIGINT", () => console.log("listener"));
      const pool = new mp.Pool(1);
      const [queue, lock, held] = [new mp.Queue(), new mp.Lock(), new mp.Event()];
      const holder = new mp.Process({
        target: (lock, held, queue) => {
          lock.acquireSync();
          held.set();
          queue.getSync();
        },
        args: [lock, held, new mp.Queue()],
        daemon: true,
      });
      holder.start();
      held.waitSync();
      {
        using _ = mp.interruptOn("SIGINT");
        console.log("blocks");
        try {
          ${wait};
        } catch (error) {
          console.log(error.name);
        }
        await new Promise((resolve) => setTimeout(resolve, 100)); // the listener runs
      }
      console.log("works", pool.mapSync(Math.abs, [-1, 2]));
      Deno.exit(0);`;
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/main.js`, program);
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", `${folder}/main.js`],
      stdout: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    let output = "";
    let signals: ReturnType<typeof setInterval> | undefined;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      // More than once: the first may come before the listener of the worker is there.
      if (output.includes("blocks")) signals ??= setInterval(() => child.kill("SIGINT"), 500);
      if (output.includes("InterruptedError")) clearInterval(signals);
    }
    clearInterval(signals);
    const lines = output.replaceAll("listener\n", "").trim().split("\n");
    assertEquals(lines, ["blocks", "InterruptedError", "works [ 1, 2 ]"]);
    assertEquals(output.includes("InterruptedError\nlistener"), true, output);
    await Deno.remove(folder, { recursive: true });
  });
}

test("interruptOn() refuses a signal that there is not, and workers", async () => {
  assertThrows(
    () => interruptOn("SIGNOTHING" as Deno.Signal),
    TypeError,
    "signal must be a signal of this system",
  );
  await using pool = new Pool(1);
  const { refused } = await import("../fixtures/interrupt_tasks.ts");
  assertEquals(
    await pool.apply(refused),
    "Cannot interrupt on a signal in a worker: call interruptOn() in the main program",
  );
});

/** Sends the signal to this program until it is noted, without giving the event loop a turn. */
const untilNoted = (signal: Deno.Signal) => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  do {
    Deno.kill(Deno.pid, signal);
    Atomics.wait(words, 0, 0, 5);
  } while (!hasInterrupt());
};

test("a signal that is noted while nothing blocks interrupts nothing after the disposal", () => {
  const event = new Event();
  {
    using _ = interruptOn("SIGUSR2");
    untilNoted("SIGUSR2");
  }
  assert(!hasInterrupt());
  assertEquals(event.waitSync({ timeoutMs: 1 }), false);
});

test("interruptOn() does not keep the program alive, and a signal ends it after the disposal", async () => {
  const imports = `
    import { interruptOn } from "@sauropod/multiprocessing";
    import { hasInterrupt } from "${new URL("lib/parking/control.ts", ROOT)}";
    const untilNoted = ${untilNoted};
  `;
  const idle = await runProgram(
    `${imports}
    interruptOn("SIGTERM");
    untilNoted("SIGTERM");
    // The listener forgets it, as soon as the event loop is free.
    while (hasInterrupt()) await new Promise((resolve) => setTimeout(resolve, 1));
    console.log("ends");
  `,
    { flags: ["--allow-run"] },
  );
  assertEquals([idle.code, idle.stdout], [0, "ends\n"]);
  const disposed = await runProgram(
    `${imports}
    {
      using _ = interruptOn("SIGTERM");
      untilNoted("SIGTERM");
    }
    console.log("disposed");
    setInterval(() => Deno.kill(Deno.pid, "SIGTERM"), 1);
  `,
    { flags: ["--allow-run"] },
  );
  assertEquals([disposed.code, disposed.stdout], [143, "disposed\n"]);
});
