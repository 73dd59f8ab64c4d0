/**
 * What the tests of parallel loops have in common.
 *
 * @module
 */

import { stopTeam } from "@sauropod/multiprocessing/loops";
import { test } from "../fixtures/guarded.ts";

/** A test after which the team has no workers. */
export function loopTest(name: string, fn: () => void | Promise<void>): void {
  test(name, async () => {
    try {
      await fn();
    } finally {
      await stopTeam();
    }
  });
}

/** Shared zeros. */
export function shared(length: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}
