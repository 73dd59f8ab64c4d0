/** @module */

import workerpool from "workerpool";
import type { Movable } from "../pool.ts";
import * as tasks from "../tasks.ts";

const moved = (array: Movable) => new workerpool.Transfer(array, [array.buffer]);

workerpool.worker({ ...tasks, moved });
