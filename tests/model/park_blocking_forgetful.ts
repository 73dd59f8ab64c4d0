/**
 * In the place of `lib/parking/park_blocking.ts` for forgetful copies: checkpoints that keep of the way so
 * far only the parks of the steps.
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
