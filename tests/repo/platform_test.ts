/**
 * Probes of Deno's behaviour that the design depends on. They print what they find and fail only if
 * the package would break. Read their output when Deno's version changes.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Starts a worker whose module is `source`. */
function workerOf(source: string): Worker {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  return new Worker(url, { type: "module" });
}

Deno.test("probe: a worker that is starting wakes the blocked main isolate", () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const worker = workerOf(`onmessage = ({ data }) => {
    Atomics.store(data, 0, 1);
    Atomics.notify(data, 0);
  }`);
  worker.postMessage(word);
  assert(Atomics.wait(word, 0, 0, 60_000) !== "timed-out");
  worker.terminate();
});

Deno.test("probe: does terminate() stop a worker that computes?", async () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const [rounds, stop] = [0, 1];
  const worker = workerOf(`onmessage = ({ data }) => {
    while (Atomics.load(data, 1) === 0) {
      Atomics.add(data, 0, 1);
      Atomics.notify(data, 0);
    }
  }`);
  worker.postMessage(words);
  await Atomics.waitAsync(words, rounds, 0, 60_000).value;
  worker.terminate();
  const seen = Atomics.load(words, rounds);
  const continues = Atomics.wait(words, rounds, seen, 1000) !== "timed-out";
  console.log(`terminate() of a computing worker: it ${continues ? "continues" : "has stopped"}`);
  Atomics.store(words, stop, 1);
});

Deno.test("probe: can a Worker be kept from keeping the program alive?", () => {
  const symbols = Object.getOwnPropertySymbols(Worker.prototype);
  const found = symbols.some((symbol) => !symbol.description);
  console.log(`the symbol that unrefs a Worker ${found ? "exists" : "is missing"}`);
  assert(found, "without it daemons and forgotten pools keep the program alive");
});

Deno.test("probe: a blocked isolate can receive a message that is queued in a port", () => {
  const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
  const { port1, port2 } = new MessageChannel();
  const buffer = new SharedArrayBuffer(8);
  port2.postMessage(buffer);
  // deno-lint-ignore no-explicit-any -- Node's type of a port differs from the web's
  const received = receiveMessageOnPort(port1 as any);
  assert(received?.message instanceof SharedArrayBuffer);
  port1.close();
  port2.close();
});
