import { assertEquals } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

const module = new URL("../../lib/runtime/keep_referenced.ts", import.meta.url);

/** Runs a program with a worker, which waits for ever unless it is told to end. */
function runWithWorker(statements: string) {
  const code = `
    onmessage = () => {
      console.log("the worker ends");
      close();
    };
    postMessage("ready");
  `;
  return runProgram(`
    import { setReferenced } from "${module}";
    const url = "data:application/javascript,${encodeURIComponent(code)}";
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    ${statements}
    console.log("the program ends");
  `);
}

Deno.test("a worker that is not referenced does not keep the program alive", async () => {
  const { code, stdout, stderr } = await runWithWorker("setReferenced(worker, false);");
  assertEquals([code, stdout, stderr], [0, "the program ends\n", ""]);
});

Deno.test("a worker that is referenced again keeps the program alive", async () => {
  const { code, stdout, stderr } = await runWithWorker(`
    setReferenced(worker, false);
    setReferenced(worker, true);
    setTimeout(() => worker.postMessage("end"), 0);
  `);
  assertEquals([code, stdout, stderr], [0, "the program ends\nthe worker ends\n", ""]);
});
