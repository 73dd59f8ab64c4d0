import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { callSite, explainFailure } from "../../../lib/pool/calls/call_site.ts";
import { ownModules } from "../../../lib/runtime/module_urls.ts";

const by = { task: "fit", worker: "PoolWorker-1" };
const site = {
  stack: [
    "Error",
    `    at Submitter.map (${ownModules}pool/calls/submitter.ts:1:1)`,
    "    at main (file:///program.ts:2:2)",
    "    at new Promise (<anonymous>)",
    "    at file:///program.ts:3:3",
  ].join("\n"),
};

Deno.test("callSite() has the stack of its caller", () => {
  const lines = callSite().stack!.split("\n").slice(1);
  assertMatch(lines[0], /call_site_test\.ts/);
});

Deno.test("explainFailure() adds the task, the item, the worker and the program's own callers to the stack", () => {
  const error = new RangeError("too far");
  const { stack } = error;
  assertStrictEquals(explainFailure({ error, index: 0, by }, ", item 3", site), error);
  assertEquals(
    error.stack,
    [
      stack,
      "    --- in task fit, item 3, run by PoolWorker-1, called from:",
      "    at main (file:///program.ts:2:2)",
      "    at file:///program.ts:3:3",
    ].join("\n"),
  );
});

Deno.test("explainFailure() leaves a stack that the program can change and delete", () => {
  const error = new RangeError("too far");
  explainFailure({ error, index: 0, by }, "", undefined);
  assert(error.stack!.endsWith("--- in task fit, run by PoolWorker-1, called from:\n"));
  error.stack = "another";
  assertEquals(error.stack, "another");
  assert(Reflect.deleteProperty(error, "stack"));
});

Deno.test("explainFailure() leaves errors of this isolate, and other values, as they are", () => {
  const error = new RangeError("here");
  const { stack } = error;
  assertStrictEquals(explainFailure({ error, index: 0 }, "", site), error);
  assertEquals(error.stack, stack);
  const thrown = { stack: "its own" };
  assertStrictEquals(explainFailure({ error: thrown, index: 0, by }, "", site), thrown);
  assertEquals(thrown, { stack: "its own" });
});
