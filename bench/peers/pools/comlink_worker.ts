/** @module */

import { expose, transfer } from "comlink";
import type { Movable } from "../pool.ts";
import * as tasks from "../tasks.ts";

const moved = (array: Movable) => transfer(array, [array.buffer]);

expose({ ...tasks, moved });
