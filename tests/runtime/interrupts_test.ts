import { assertEquals, assertThrows } from "@std/assert";
import { interruptOn, Pool } from "@sauropod/multiprocessing";
import { ROOT } from "../../scripts/source_files.ts";
import { test } from "../fixtures/guarded.ts";

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
