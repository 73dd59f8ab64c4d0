import { assertEquals, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { callReporting } from "../../lib/sync/callbacks.ts";
import { test, turn } from "../fixtures/guarded.ts";

const thrown = new RangeError("in the callback");

/** What a callback may do wrong. */
const wrongs: Record<string, () => unknown> = {
  "throws": () => {
    throw thrown;
  },
  "returns a promise that rejects": async () => {
    await null;
    throw thrown;
  },
  "returns an object whose `then` throws": () => ({
    get then() {
      throw thrown;
    },
  }),
  "returns a thenable that throws": () => ({
    then() {
      throw thrown;
    },
  }),
};

for (const [name, callback] of Object.entries(wrongs)) {
  test(`callReporting() prints the error of a callback that ${name}, once`, async () => {
    using print = stub(console, "error");
    callReporting("a callback", callback);
    await turn();
    assertEquals(print.calls.map(({ args }) => args[0]), ["Uncaught in a callback:"]);
    assertStrictEquals(print.calls[0].args[1], thrown);
  });
}

test("callReporting() describes an error that cannot be printed", async () => {
  const lines: string[] = [];
  using _ = stub(console, "error", (...args: unknown[]) => {
    if (args[1] === thrown) throw new TypeError("a getter throws");
    lines.push(args.join(" "));
  });
  for (const callback of Object.values(wrongs)) callReporting("a callback", callback);
  await turn();
  assertEquals(lines, Array(4).fill("Uncaught in a callback: RangeError: in the callback"));
});

test("callReporting() prints nothing if the callback succeeds", async () => {
  using print = stub(console, "error");
  callReporting("a callback", () => {});
  callReporting("a callback", () => Promise.resolve(1));
  await turn();
  assertEquals(print.calls, []);
});
