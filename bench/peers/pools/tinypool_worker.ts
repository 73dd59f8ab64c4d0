/** @module */

import { Tinypool } from "tinypool";
import type { Movable } from "../pool.ts";

export * from "../tasks.ts";

/** Returns its argument without copying it. */
export const moved = (array: Movable) => Tinypool.move(array);
