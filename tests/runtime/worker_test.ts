import { assertEquals } from "@std/assert";
import { linesOf, runWithMp } from "../fixtures/programs.ts";

Deno.test("a worker logs that it runs and that it ends, and the main isolate that it has ended", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    mp.logToStderr("DEBUG");
    const process = new mp.Process({ target: () => Deno.exit(3), name: "Child" });
    process.start();
    await process.join();
  `);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(linesOf(stderr), [
    "[INFO/Child] child process calling run()",
    "[INFO/Child] process exiting with exit code 3",
    "[DEBUG/MainProcess] worker 2 ended: exit code 3",
  ]);
});

Deno.test("a worker prints what it has buffered before a joiner continues, and ends after its last turn", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    const child = mp.task(import.meta, () => {
      console.log("returns");
      queueMicrotask(() => console.log("a microtask"));
      Promise.resolve().then(() => Promise.reject(new RangeError("nobody waits")));
    });
    if (import.meta.main) {
      const process = new mp.Process({ target: child });
      process.start();
      process.joinSync();
      console.log("joined", process.exitCode, process.error.message);
    }
  `);
  assertEquals([code, linesOf(stdout)], [0, ["returns", "a microtask", "joined 1 nobody waits"]]);
  assertEquals(linesOf(stderr)[0], "Process Process-1: RangeError: nobody waits");
});
