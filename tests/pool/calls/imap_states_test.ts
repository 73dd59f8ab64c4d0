import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ImapIterator, type ImapSetup } from "../../../lib/pool/calls/imap.ts";
import type { PartialResults } from "../../../lib/pool/chunks/chunk.ts";
import { test, turn } from "../../fixtures/guarded.ts";

// Iterations over an engine and an input that do what a random list of steps says, in any order.

type Step =
  | { do: "next" | "return" | "close" | "fail" | "stop" | "finish" | "item" | "end" | "inputFails" }
  | { do: "done" | "failsInPart" | "fails"; chunk: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("next" as const, "item" as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "done" as const,
        "done" as const,
        "failsInPart" as const,
        "fails" as const,
      ),
      chunk: fc.nat(5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...["return", "close", "fail", "stop", "finish", "end", "inputFails"] as const,
      ),
    }),
  },
);

interface Options {
  isAsync: boolean;
  ordered: boolean;
  chunkSize: number;
  window: number;
  windowCounts: "untaken" | "out";
  endsAtError: boolean;
  minOut: number;
  /** Whether a pending `next()` of the input settles when that is left. */
  answers: boolean;
}

const options: fc.Arbitrary<Options> = fc.record({
  isAsync: fc.boolean(),
  ordered: fc.boolean(),
  chunkSize: fc.integer({ min: 1, max: 3 }),
  window: fc.integer({ min: 1, max: 3 }),
  windowCounts: fc.constantFrom("untaken", "out"),
  endsAtError: fc.boolean(),
  minOut: fc.nat(2),
  answers: fc.boolean(),
});

/** A chunk that was sent. */
interface FakeChunk {
  items: number[];
  outcome: PromiseWithResolvers<PartialResults>;
  isOut: boolean;
}

/** An iteration, what it has done, and what was done to it. */
class World {
  readonly options: Options;
  readonly iterator: ImapIterator<number, number>;
  readonly sent: FakeChunk[] = [];
  /** What the calls of `next()` gave, in their order; `undefined`: not settled. */
  readonly given: (string | undefined)[] = [];
  returns = 0;
  ends = 0;
  hasLeft = false;
  #taken = 0;
  /** If the input is async: its pending `next()`. */
  #pending: PromiseWithResolvers<IteratorResult<number>> | undefined;
  #inputState: "open" | "ended" = "open";

  constructor(options: Options) {
    this.options = options;
    const setup: ImapSetup<number> = {
      ...options,
      chunkSize: () => options.chunkSize,
      signal: undefined,
      drainsInput: false,
      closedError: () => new Error("closed"),
      submit: (items) => this.#submit(items),
      onEnd: () => this.ends++,
    };
    const input = {
      next: () => this.#nextItem(),
      return: () => {
        this.returns++;
        if (options.answers) this.#pending?.resolve({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
      [options.isAsync ? Symbol.asyncIterator : Symbol.iterator]() {
        return input;
      },
    };
    this.iterator = new ImapIterator(input as unknown as Iterable<number>, setup);
    this.iterator.begin();
  }

  #nextItem(): IteratorResult<number> | Promise<IteratorResult<number>> {
    assert(!this.hasLeft, "an item was taken after the input was left");
    if (!this.options.isAsync) {
      const done = this.#inputState === "ended" || this.#taken === 40;
      if (done) this.#inputState = "ended";
      return done ? { done, value: undefined } : { done, value: this.#taken++ };
    }
    assert(this.#pending === undefined, "two items were taken at once");
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  #settleItem(settle: (pending: PromiseWithResolvers<IteratorResult<number>>) => void): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) settle(pending);
  }

  #submit(
    items: number[],
  ): { outcomes: Promise<PartialResults>; withdraw(): void; cancel(): void } {
    assert(!this.hasLeft, "a chunk was sent after the input was left");
    assert(items.length > 0 && items.length <= this.options.chunkSize);
    const chunk = { items, outcome: Promise.withResolvers<PartialResults>(), isOut: true };
    this.sent.push(chunk);
    const out = this.sent.filter(({ isOut }) => isOut).length;
    assert(out <= this.options.window, `${out} chunks are out`);
    const cancel = () => {
      chunk.isOut = false;
      chunk.outcome.reject(new Error("cancelled"));
    };
    return { outcomes: chunk.outcome.promise, withdraw: cancel, cancel };
  }

  #settleChunk(at: number, how: "done" | "failsInPart" | "fails"): void {
    const out = this.sent.filter(({ isOut }) => isOut);
    if (out.length === 0) return;
    const chunk = out[at % out.length];
    chunk.isOut = false;
    if (how === "fails") return chunk.outcome.reject(new Error("chunk"));
    const results = chunk.items.map((item) => item * 10);
    const failures = how === "done" ? [] : [{ error: new Error("item"), index: 0 }];
    chunk.outcome.resolve({ results, failures });
  }

  next(): void {
    const at = this.given.push(undefined) - 1;
    this.iterator.next().then(
      ({ done, value }) => this.given[at] = done ? "end" : String(value),
      (error: Error) => this.given[at] = `error ${error.message}`,
    );
  }

  async run(step: Step): Promise<void> {
    const { iterator } = this;
    switch (step.do) {
      case "next":
        this.next();
        break;
      case "item":
        this.#settleItem((pending) => pending.resolve({ done: false, value: this.#taken++ }));
        break;
      case "end":
        this.#inputState = "ended";
        this.#settleItem((pending) => pending.resolve({ done: true, value: undefined }));
        break;
      case "inputFails":
        this.#settleItem((pending) => {
          this.#inputState = "ended";
          pending.reject(new Error("input"));
        });
        break;
      case "done":
      case "failsInPart":
      case "fails":
        this.#settleChunk(step.chunk, step.do);
        break;
      case "finish":
        iterator.close(); // as a pool that is joined was closed
        await turn();
        void iterator.finish();
        break;
      case "fail":
        iterator.fail(new Error("failed"));
        break;
      default:
        void iterator[step.do]();
    }
    const leaves = ["return", "close", "fail", "stop", "finish"].includes(step.do);
    assert(!leaves || iterator.inputDone, `${step.do} did not leave the input`);
    this.hasLeft ||= iterator.inputDone;
    await turn();
    this.hasLeft ||= iterator.inputDone;
    this.#check(leaves);
  }

  /** Checks what must hold after each step. */
  #check(leaves: boolean): void {
    const { isAsync, minOut, window, windowCounts } = this.options;
    const out = this.sent.filter(({ isOut }) => isOut).length;
    const isOpen = !this.iterator.inputDone;
    if (leaves && this.#inputState === "open") assertEquals(this.returns, 1);
    if (!isOpen && out === 0) assert(this.given.every((it) => it !== undefined), "next() waits");
    if (isOpen && !isAsync && windowCounts === "out") assertEquals(out, window);
    if (isOpen && isAsync && out < Math.min(minOut, window)) {
      const items = this.sent.reduce((sum, chunk) => sum + chunk.items.length, 0);
      assertEquals(items, this.#taken, "an item is kept back although workers are free");
    }
  }
}

test("ImapIterator settles every next(), takes nothing once left, and leaves its input once", async () => {
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (options, steps) => {
      const world = new World(options);
      for (const step of steps) await world.run(step);
      const wasLeft = world.returns;
      await world.run({ do: "return" });
      world.next();
      await turn();
      assert(world.given.every((it) => it !== undefined), `not settled: ${world.given}`);
      assertEquals(world.given.at(-1), "end");
      assert(world.ends > 0, "the pool was not told");
      assert(world.sent.every(({ isOut }) => !isOut), "a chunk that nobody wants is out");
      assert(world.returns <= 1 && world.returns >= wasLeft);
      if (options.ordered) {
        const numbers = world.given.filter((it) => /^\d+$/.test(it!)).map(Number);
        assertEquals(numbers, numbers.toSorted((a, b) => a - b));
      }
      assertEquals(
        new Set(world.given.filter((it) => /^\d/.test(it!))).size,
        world.given.filter((it) => /^\d/.test(it!)).length,
      );
    }),
    { numRuns: 300 },
  );
});

test("ImapIterator gives every result once, then the end, if it is taken to its end", async () => {
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (options, steps) => {
      const quiet = steps.filter((step) =>
        step.do === "next" || step.do === "item" || step.do === "done"
      );
      const world = new World(options);
      for (const step of quiet) await world.run(step);
      await world.run({ do: "end" });
      for (let turns = 0; turns < 300 && world.given.at(-1) !== "end"; turns++) {
        await world.run({ do: "done", chunk: 0 });
        await world.run({ do: "end" });
        await world.run({ do: "next" });
      }
      const results = world.given.filter((it) => it !== "end").map(Number);
      const expected = world.sent.flatMap(({ items }) => items.map((item) => item * 10));
      assertEquals(results.toSorted((a, b) => a - b), expected);
      if (options.ordered) assertEquals(results, expected);
      assertEquals([world.returns, world.ends > 0], [0, true]);
    }),
    { numRuns: 100 },
  );
});
