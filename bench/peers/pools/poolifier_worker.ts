/** @module */

import { type TaskFunctions, ThreadWorker } from "poolifier";
import * as tasks from "../tasks.ts";

export default new ThreadWorker({ ...tasks } as TaskFunctions);
