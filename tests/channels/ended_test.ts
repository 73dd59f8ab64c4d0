/**
 * A worker that was told to end ends at its next operation of queues and pipes, also one that need not wait.
 *
 * @module
 */
import { endsInLoop } from "../fixtures/ended.ts";
import { channelOperations } from "../fixtures/ended_tasks.ts";
import { test } from "../fixtures/guarded.ts";

for (const name of Object.keys(channelOperations)) {
  for (const catches of [false, true]) {
    test(`${name} in a loop${catches ? " that catches all errors" : ""} ends when its worker is terminated`, () =>
      endsInLoop(name, catches));
  }
}
