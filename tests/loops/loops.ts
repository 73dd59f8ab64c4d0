/**
 * Helpers of the tests of parallel loops.
 *
 * @module
 */

import { stopTeam } from "@sauropod/multiprocessing/loops";
import { test } from "../fixtures/guarded.ts";

/** Declares a test that stops the team at its end. */
export function loopTest(name: string, fn: () => void | Promise<void>): void {
  test(name, async () => {
    try {
      await fn();
    } finally {
      await stopTeam();
    }
  });
}

/** Makes an array of zeros on shared memory. */
export function shared(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}
