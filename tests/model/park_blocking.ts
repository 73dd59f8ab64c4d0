/**
 * Stand-in for `lib/parking/park_blocking.ts`: the same functions, with a checkpoint at the end of each
 * sleep.
 *
 * @module
 */
import * as real from "../../lib/parking/park_blocking.ts";
import { asyncParker } from "../../lib/parking/park_async.ts";
import { forwarded, woken } from "../../lib/parking/woken.ts";
import type { Park, ParkResult } from "../../lib/parking/park.ts";
import { observeCall } from "./stand_ins.ts";

export { parkBlockingAny } from "../../lib/parking/park_blocking.ts";

/** Blocks the simulated isolate. */
export function parkBlocking(park: Park, deadline: number, object: number): ParkResult {
  return observeCall(
    "sleep",
    () => real.parkBlocking(park, deadline, object),
    park,
    () => [asyncParker.isArmed, forwarded.length, woken.length],
  );
}
