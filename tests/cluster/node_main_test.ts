/**
 * How the program of a node ends.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { endOf } from "../../lib/cluster/node_main.ts";

Deno.test("endOf() waits for a node, and says its error in a line before it ends the program", async () => {
  class Exit extends Error {}
  using print = stub(console, "error");
  using exit = stub(Deno, "exit", (code) => {
    throw new Exit(`code ${code}`);
  });
  const running = Promise.withResolvers<void>();
  let hasEnded = false;
  const end = endOf(running.promise).then(() => hasEnded = true);
  await Promise.resolve();
  assertEquals(hasEnded, false);
  running.resolve();
  await end;
  assertEquals([print.calls.length, exit.calls.length], [0, 0]);
  await assertRejects(() => endOf(Promise.reject(new RangeError("no slots"))), Exit, "code 1");
  assertEquals(print.calls.map(({ args }) => args), [["no slots"]]);
});
