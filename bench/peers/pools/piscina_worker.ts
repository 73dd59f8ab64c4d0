/** @module */

import { move } from "piscina";
import type { Movable } from "../pool.ts";

export * from "../tasks.ts";

/** Returns its argument without copying it. */
export const moved = (array: Movable) => move(array);
