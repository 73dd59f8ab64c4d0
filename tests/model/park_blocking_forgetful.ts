/**
 * Stand-in for `lib/parking/park_blocking.ts` in forgetful copies: its checkpoints keep only the parks of
 * the steps. See `forgetful` in isolates.ts.
 *
 * @module
 */
import type { Park, ParkResult } from "../../lib/parking/park.ts";
import { parkBlocking as parkWithCheckpoint } from "./park_blocking.ts";
import { afterSleep, beforeSleep } from "./stand_ins.ts";

export { parkBlockingAny } from "./park_blocking.ts";

/** Blocks the simulated isolate. */
export function parkBlocking(park: Park, deadline: number, object: number): ParkResult {
  beforeSleep(park, deadline);
  const result = parkWithCheckpoint(park, deadline, object);
  afterSleep(result);
  return result;
}
