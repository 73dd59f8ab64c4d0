/**
 * Waits that do not begin: where the stack is short, or in an isolate that was told to end.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TerminatedError } from "@sauropod/multiprocessing";
import { Control, ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { awaitOn, blockOn, blockOnAny, type Steps } from "../../lib/parking/wait.ts";
import { controlBits, replacedHooks } from "../fixtures/control_bits.ts";
import { test } from "../fixtures/guarded.ts";
import { whereStackIsShort } from "../fixtures/stack.ts";

ensureIsolate();

/** Steps that count how often they have begun, and end at once. */
function makeSteps() {
  const counts = { begun: 0 };
  // deno-lint-ignore require-yield
  function* steps(): Steps<string> {
    counts.begun++;
    return "done";
  }
  return { counts, steps };
}

test("blockOn(), blockOnAny() and awaitOn() do not begin their steps where the stack is short", async () => {
  const { counts, steps } = makeSteps();
  assertEquals([blockOn(steps()), blockOnAny([steps()], undefined, [0])], ["done", [0]]);
  assertEquals(await awaitOn(steps()), "done");
  const before = counts.begun;
  assertThrows(() => whereStackIsShort({ blockOn }, "blockOn", steps()), RangeError);
  assertThrows(
    () => whereStackIsShort({ blockOnAny }, "blockOnAny", [steps()], undefined, [0]),
    RangeError,
  );
  await assertRejects(
    () => Promise.try(() => whereStackIsShort({ awaitOn }, "awaitOn", steps())),
    RangeError,
  );
  assertEquals(counts.begun, before);
});

test("blockOn(), blockOnAny() and awaitOn() do not begin their steps in a worker that was told to end", async () => {
  const { counts, steps } = makeSteps();
  const settled: unknown[] = [];
  {
    using _control = controlBits(Control.STOP);
    using _hooks = replacedHooks({ onStop() {} });
    assertThrows(() => blockOn(steps()), TerminatedError);
    assertThrows(() => blockOnAny([steps()], undefined, [0]), TerminatedError);
    awaitOn(steps()).then((value) => settled.push(value), (error) => settled.push(error));
    for (let turns = 0; turns < 20; turns++) await null;
  }
  assertEquals([counts.begun, settled], [0, []]);
});
