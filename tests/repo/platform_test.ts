/**
 * Probes of Deno's behaviour that the design rests on. They print what they see and fail only where
 * the package would break: read them when Deno moves.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Starts a worker whose module is `source`. */
function workerOf(source: string): Worker {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  return new Worker(url, { type: "module" });
}

Deno.test("probe: a blocked main thread is woken by a worker that is just starting", () => {
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
  const goesOn = Atomics.wait(words, rounds, seen, 1000) !== "timed-out";
  console.log(`terminate() of a computing worker: it ${goesOn ? "goes on" : "has stopped"}`);
  Atomics.store(words, stop, 1);
});

Deno.test("probe: can a Worker be kept from keeping the program alive?", () => {
  const symbols = Object.getOwnPropertySymbols(Worker.prototype);
  const found = symbols.some((symbol) => !symbol.description);
  console.log(`the symbol that unrefs a Worker: ${found ? "there" : "gone"}`);
  assert(found, "without it daemons and forgotten pools keep the program alive");
});

Deno.test("probe: a message that was not taken from a port can be received while blocked", () => {
  const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
  const { port1, port2 } = new MessageChannel();
  const buffer = new SharedArrayBuffer(8);
  port2.postMessage(buffer);
  // deno-lint-ignore no-explicit-any -- Node's type of a port is not the web's
  const received = receiveMessageOnPort(port1 as any);
  assert(received?.message instanceof SharedArrayBuffer);
  port1.close();
  port2.close();
});
