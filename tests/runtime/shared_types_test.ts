import { assertEquals } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

Deno.test("what a worker leaves is freed by a program that imports only a shelf of the package", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";

    async function leave() {
      const mp = await import("@sauropod/multiprocessing");
      const map = new mp.SharedMap([["namespace", new mp.Namespace()]]);
      const list = new mp.SharedList([map, new mp.Barrier(2), mp.constant({ x: [1] })]);
      const Makers = (class extends mp.BaseManager {}).register("Made", () => ({ f: () => 1 }));
      const made = await new Makers().Made();
      globalThis.kept = [list, new mp.Condition(), new mp.Value("i"), new mp.Listener(), made];
      Deno.exit(3);
    }

    await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    for (let times = 0; times < 2; times++) {
      const error = await executor.submit(leave).exception();
      console.log(error.name, error.exitCode);
    }
    await new Promise((resolve) => setTimeout(resolve, 300)); // it is freed after 100 ms
  `);
  assertEquals([code, stdout, stderr], [0, "WorkerDiedError 3\n".repeat(2), ""]);
});
