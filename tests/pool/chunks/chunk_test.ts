import { assertEquals, assertThrows } from "@std/assert";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import {
  CallMode,
  checkFailure,
  checkOutcomes,
  continuesAfterError,
} from "../../../lib/pool/chunks/chunk.ts";

const by = { task: "fit", worker: "PoolWorker-1" };

Deno.test("continuesAfterError() is true for the chunks of iterations", () => {
  const continuing = Object.entries(CallMode).filter(([, mode]) => continuesAfterError(mode));
  assertEquals(continuing.map(([name]) => name), ["MAP_ALL", "STARMAP_ALL"]);
});

Deno.test("checkFailure() returns what a failure has, and nothing else", () => {
  assertEquals(checkFailure({ error: "why", index: 0, more: 1 }), { error: "why", index: 0 });
  assertEquals(
    checkFailure({ error: undefined, index: 2 ** 40, by: { ...by, more: 1 } }),
    { error: undefined, index: 2 ** 40, by },
  );
});

Deno.test("checkFailure() refuses what is no failure", () => {
  const refused: [value: unknown, what: string][] = [
    ...[null, undefined, 5, "failure"].map((value) => [value, "no failure"] as [unknown, string]),
    ...[-1, 1.5, "0", undefined, Infinity].map((index) =>
      [{ error: 1, index }, "a failure without an index"] as [unknown, string]
    ),
    [{ error: 1, index: 0, by: null }, "no failure"],
    [{ error: 1, index: 0, by: { task: 1, worker: "w" } }, "a failure of no task"],
    [{ error: 1, index: 0, by: { task: "t" } }, "a failure of no task"],
  ];
  for (const [value, what] of refused) {
    assertThrows(
      () => checkFailure(value),
      CorruptMessageError,
      `Cannot read result: the worker sent ${what}. Check`,
    );
  }
});

Deno.test("checkOutcomes() returns results, checked failures, and the time if there is one", () => {
  const failures = [{ error: 1, index: 1, by }];
  assertEquals(checkOutcomes({ results: ["a", undefined], failures, more: 1 }, 2), {
    results: ["a", undefined],
    failures,
  });
  assertEquals(checkOutcomes({ results: [], failures: [], ms: 7 }, 0), {
    results: [],
    failures: [],
    ms: 7,
  });
  assertEquals(checkOutcomes({ results: [], failures: [], ms: "7" }, 0), {
    results: [],
    failures: [],
  });
});

Deno.test("checkOutcomes() refuses what are no results of so many items", () => {
  const results = ["a", "b"];
  const refused: [value: unknown, what: string][] = [
    [null, "no results"],
    [7, "no results"],
    [{ results: ["a"], failures: [] }, "too few results"],
    [{ results: { length: 2 }, failures: [] }, "too few results"],
    [{ results, failures: {} }, "no failures"],
    [{ results, failures: [5] }, "no failure"],
    [{ results, failures: [{ error: 1, index: 2 }] }, "failures of no items"],
    [
      { results, failures: [{ error: 1, index: 1 }, { error: 1, index: 2 }] },
      "failures of no items",
    ],
  ];
  for (const [value, what] of refused) {
    assertThrows(() => checkOutcomes(value, 2), CorruptMessageError, `the worker sent ${what}. `);
  }
});
