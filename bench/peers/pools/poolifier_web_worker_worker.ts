/** @module */

import { type TaskFunctions, ThreadWorker } from "poolifier-web-worker";
import * as tasks from "../tasks.ts";

export default new ThreadWorker({ ...tasks } as TaskFunctions);
