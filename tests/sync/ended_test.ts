/**
 * A worker that was told to end ends at its next operation of what synchronizes, also one that need not wait.
 *
 * @module
 */
import { endsInLoop, neverSettled } from "../fixtures/ended.ts";
import { syncOperations, syncPromises } from "../fixtures/ended_tasks.ts";
import { test } from "../fixtures/guarded.ts";

for (const name of Object.keys(syncOperations)) {
  for (const catches of [false, true]) {
    test(`${name} in a loop${catches ? " that catches all errors" : ""} ends when its worker is terminated`, () =>
      endsInLoop(name, catches));
  }
}

test("promises of locks, events and the like are never settled in a worker that was told to end", () =>
  neverSettled(Object.keys(syncPromises)));
