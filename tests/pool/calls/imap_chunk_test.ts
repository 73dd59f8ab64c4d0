import { assertMatch, assertRejects } from "@std/assert";
import { Pool, task } from "@sauropod/multiprocessing";
import { callSite } from "../../../lib/pool/calls/call_site.ts";
import { CallMode } from "../../../lib/pool/chunks/chunk.ts";
import { submitterOf } from "../../../lib/pool/pool.ts";
import { test } from "../../fixtures/guarded.ts";
import { square } from "../../fixtures/pool_tasks.ts";

export const call = task(import.meta, (fn: (x: number) => unknown, x: number) => fn(x));
export const rejectNumber = task(import.meta, function rejectNumber(x: number): never {
  throw new RangeError(`${x} is no item`);
});

test("the error of a chunk of several functions names the function of the item", async () => {
  await using pool = new Pool(1);
  const submitter = submitterOf(pool as unknown as Pool);
  for (const at of [0, 1, 3]) {
    const functions = Array.from({ length: 4 }, (_, index) => index === at ? rejectNumber : square);
    const chunk = submitter.sendChunk({
      target: submitter.engine.targetOf(call),
      mode: CallMode.BATCH,
      items: functions.map((fn, index) => [fn, index]),
      functions,
      first: 10,
      noun: "call",
      site: callSite(),
    });
    const error = await assertRejects(() => chunk.outcomes, RangeError, `${at} is no item`);
    assertMatch(
      error.stack!,
      new RegExp(`--- in task rejectNumber, call 1${at}, run by PoolWorker`),
    );
  }
});
