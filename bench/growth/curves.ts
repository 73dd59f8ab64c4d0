/**
 * All curves.
 *
 * @module
 */

import type { Plot } from "../results.ts";
import { CALL_CURVES } from "./calls.ts";
import type { Curve } from "./curve.ts";
import { LOOP_CURVES } from "./loops.ts";
import { OBJECT_CURVES } from "./objects.ts";
import { WORKER_CURVES } from "./workers.ts";

/** The curves, in the order of the table. */
export const CURVES: readonly Curve[] = [
  ...CALL_CURVES,
  ...OBJECT_CURVES,
  ...WORKER_CURVES,
  ...LOOP_CURVES,
];

/** The plots, without their curves. */
export const PLOTS: readonly Omit<Plot, "rows">[] = [
  { id: "map", title: "An item of a map", x: "items" },
  { id: "calls", title: "A call, of many at once", x: "calls" },
  { id: "containers", title: "An item of a shared container", x: "items" },
  { id: "waiters", title: "A wait, of many at once", x: "waits" },
  { id: "alive", title: "An operation, beside other locks", x: "other locks" },
  { id: "workers", title: "Workers on two cores", x: "workers" },
  { id: "start", title: "Start and memory of a worker", x: "workers" },
  { id: "threads", title: "A loop, by loop workers on two cores", x: "numThreads" },
  { id: "loops", title: "An index of a loop", x: "indices" },
];
