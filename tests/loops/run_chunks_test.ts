import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  allocateControl,
  closeLoop,
  freeControl,
  isLoopStopped,
  readDone,
  startParticipant,
  stopLoop,
  takeUnit,
} from "../../lib/loops/loop_control.ts";
import { type LoopOutcome, type StartedLoop, valuesByChunk } from "../../lib/loops/loop_plan.ts";
import { isInLoop, reportIndex, runChunks } from "../../lib/loops/run_chunks.ts";
import { partition } from "../../lib/loops/schedule.ts";
import { test } from "../fixtures/guarded.ts";

/** A loop over some indices, in chunks of 2, whose control words are freed at the end. */
class Started implements Disposable {
  readonly loop: StartedLoop;

  constructor(length: number, body: StartedLoop["body"], parts: Partial<StartedLoop> = {}) {
    this.loop = {
      body,
      context: {},
      start: 0,
      step: 1,
      length,
      partition: partition(length, 1, "dynamic", 2),
      keepsChunks: false,
      control: allocateControl(),
      ...parts,
    };
  }

  [Symbol.dispose](): void {
    freeControl(this.loop.control);
  }
}

/** Runs chunks, and returns the message and the index of the error that a body threw. */
function failureOf(loop: StartedLoop): { message: string; index: number } {
  const { failure } = runChunks(loop);
  assert(failure !== undefined);
  return { message: (failure.error as Error).message, index: failure.index };
}

test("participants of a loop are counted until it is closed", () => {
  const control = allocateControl();
  assertEquals([startParticipant(control), startParticipant(control)], [true, true]);
  assertEquals(closeLoop(control), 2);
  assertEquals(startParticipant(control), false);
  freeControl(control);
});

test("runChunks() runs the units that are left, in order", () => {
  const seen: number[] = [];
  using started = new Started(7, (i: number) => void seen.push(i), { start: 10, step: -1 });
  assertEquals(takeUnit(started.loop.control), 0); // by another participant
  let chunks = 0;
  const outcome = runChunks(started.loop, () => chunks++);
  assertEquals(seen, [8, 7, 6, 5, 4]);
  assertEquals(chunks, 3);
  assertEquals(outcome, { values: [], chunks: [] });
});

test("runChunks() runs all chunks of its units", () => {
  const seen: number[] = [];
  using started = new Started(9, (i: number) => void seen.push(i), {
    partition: partition(9, 2, "static", 2),
  });
  runChunks(started.loop);
  assertEquals(seen, [0, 1, 4, 5, 8, 2, 3, 6, 7]);
});

test("runChunks() does nothing if the loop was closed before", () => {
  using started = new Started(4, () => {
    throw new Error("called");
  });
  closeLoop(started.loop.control);
  assertEquals(runChunks(started.loop), { values: [], chunks: [], late: true });
});

test("runChunks() takes no further chunk once the loop is stopped", () => {
  const seen: number[] = [];
  using started = new Started(6, (i: number) => {
    seen.push(i);
    if (i === 2) stopLoop(started.loop.control);
  });
  assertEquals(runChunks(started.loop).failure, undefined);
  assertEquals(seen, [0, 1, 2, 3]);
});

test("runChunks() stops the loop at an error, and says at which index it was thrown", () => {
  using started = new Started(6, (i: number) => {
    if (i === 9) throw new Error(`at ${i}`);
  }, { start: 3, step: 2 });
  assertEquals(failureOf(started.loop), { message: "at 9", index: 9 });
  assert(isLoopStopped(started.loop.control));
});

test("runChunks() says the index that a body of the package reported, if it did", () => {
  const fails = (i: number) => {
    if (i === 3) reportIndex(50);
    if (i === 3) throw new Error("reported");
  };
  using reported = new Started(6, fails);
  assertEquals(failureOf(reported.loop), { message: "reported", index: 50 });
  using other = new Started(6, () => {
    throw new Error("not reported");
  });
  assertEquals(failureOf(other.loop), { message: "not reported", index: 0 });
});

test("isInLoop() is true while runChunks() runs a body, also after a loop within", () => {
  const seen: boolean[] = [];
  using inner = new Started(1, () => void seen.push(isInLoop()));
  using outer = new Started(1, () => {
    runChunks(inner.loop);
    seen.push(isInLoop());
    throw new Error("failed");
  });
  assertEquals(isInLoop(), false);
  runChunks(outer.loop);
  assertEquals([...seen, isInLoop()], [true, true, false]);
});

test("runChunks() combines the values of its chunks, or keeps them apart", () => {
  const reduction = { kind: "numbers", name: "+", identity: 0 } as const;
  const body = (i: number) => i;
  using combined = new Started(5, body, { reduction });
  assertEquals(runChunks(combined.loop).values, [10]);
  using apart = new Started(5, body, { reduction, keepsChunks: true });
  takeUnit(apart.loop.control);
  assertEquals(runChunks(apart.loop), { values: [5, 4], chunks: [1, 2] });
  const compiled = (first: number, count: number) => `${first} ${count}`;
  using kept = new Started(3, compiled, { isCompiled: true, keepsChunks: true });
  assertEquals(runChunks(kept.loop).values, ["0 2", "2 1"]);
});

test("valuesByChunk() returns the values of all participants in the order of the chunks", () => {
  const outcomes: LoopOutcome[] = [
    { values: ["b", "d"], chunks: [1, 3] },
    { values: [], chunks: [] },
    { values: ["a", "c"], chunks: [0, 2] },
  ];
  assertEquals(valuesByChunk(outcomes), ["a", "b", "c", "d"]);
});

test("runChunks() counts the indices that are done, in units, if the caller asks for it", () => {
  const length = 2 ** 32; // units of 4 indices
  const counts: number[] = [];
  const parts = { isCompiled: true, partition: partition(length, 1, "dynamic", 2 ** 30 + 2) };
  using counted = new Started(length, () => {}, { ...parts, countsDone: true });
  runChunks(counted.loop, () => counts.push(readDone(counted.loop.control)));
  assertEquals(counts, [2 ** 28, 2 ** 29 + 1, 3 * 2 ** 28 + 1, 2 ** 30]);
  using uncounted = new Started(length, () => {}, parts);
  runChunks(uncounted.loop);
  assertEquals(readDone(uncounted.loop.control), 0);
});

test("runChunks() advises on errors of the context, and on no others", () => {
  const frozen = Object.freeze({ x: 1 }) as { x: number };
  const FROZEN = "Each worker has a frozen copy";
  const SCOPE = "The body of a parallel loop cannot see variables outside itself";
  const table: [body: () => void, advice: string | undefined][] = [
    [() => void (frozen.x = 2), FROZEN],
    [() => void (Object.assign(frozen, { y: 2 })), FROZEN],
    [() => (undefined as unknown as () => void)(), undefined],
    [() => {
      throw new RangeError("read only property");
    }, undefined],
    [() => {
      throw new ReferenceError("x is not defined");
    }, SCOPE],
  ];
  for (const [body, advice] of table) {
    using started = new Started(1, body);
    const { message } = failureOf(started.loop);
    for (const text of [FROZEN, SCOPE]) {
      assertEquals(message.includes(text), text === advice, `${body}: ${message}`);
    }
  }
});

test("runChunks() passes on what a body throws, although its message cannot be changed", () => {
  const thrown = Object.freeze(new ReferenceError("x is not defined"));
  using started = new Started(1, () => {
    throw thrown;
  });
  assertStrictEquals(runChunks(started.loop).failure!.error, thrown);
  assert(isLoopStopped(started.loop.control));
});

test("runChunks() advises on a function of an array expression that uses what is outside", () => {
  const body = () => {
    throw new ReferenceError("x is not defined");
  };
  const ADVICE = "A function of an array expression cannot see variables outside itself";
  for (
    const [context, isAdvised] of [[{ n: 1, fn: (x: number) => x }, true], [
      { n: 1 },
      false,
    ]] as const
  ) {
    using started = new Started(1, body, { isCompiled: true, context });
    const { message } = failureOf(started.loop);
    assertEquals(message.includes(ADVICE), isAdvised, message);
    assertEquals(message.includes("The body of a parallel loop"), false);
  }
});

test("runChunks() advises on the function of the caller, if a body of the package calls it", () => {
  const callee = (x: number) => x;
  const body = () => {
    throw new ReferenceError("x is not defined");
  };
  using started = new Started(1, body, { callee });
  const { message } = failureOf(started.loop);
  assertEquals(message.includes("The body of a parallel loop"), false, message);
  assert(
    message.includes("A function that is sent as source sees nothing outside itself"),
    message,
  );
});
