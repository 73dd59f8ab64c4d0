/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** @module */

import type { Movable, TaskName } from "../pool.ts";
import * as tasks from "../tasks.ts";

/** A call. */
export interface Request {
  id: number;
  task: TaskName | "moved";
  arg: unknown;
}

/** Its result. */
export interface Answer {
  id: number;
  result: unknown;
}

self.onmessage = ({ data: { id, task, arg } }: MessageEvent<Request>) => {
  if (task === "moved") {
    self.postMessage({ id, result: arg } satisfies Answer, [(arg as Movable).buffer]);
  } else {
    const result = (tasks[task] as (arg: unknown) => unknown)(arg);
    self.postMessage({ id, result } satisfies Answer);
  }
};
