/**
 * The module of the worker that receives signals while the main isolate blocks.
 *
 * A blocked isolate runs no listeners. This worker does nothing else, so it is always there: it sets a
 * control bit of the main isolate and wakes it, and the blocking wait throws.
 *
 * @module
 */

import type { SignalWatch } from "../lib/runtime/interrupts.ts";

addEventListener("message", (event) => {
  const { words, control, bit, wake, signal } = (event as MessageEvent<SignalWatch>).data;
  Deno.addSignalListener(signal, () => {
    Atomics.or(words, control, bit);
    Atomics.add(words, wake, 1);
    Atomics.notify(words, wake);
  });
});
