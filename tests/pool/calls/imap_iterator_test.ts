/**
 * What an iteration does with its input and its chunks, which do what the test says.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { ImapIterator, type ImapSetup } from "../../../lib/pool/calls/imap.ts";
import { type Progress, ProgressReport } from "../../../lib/pool/calls/progress.ts";
import type { PartialResults } from "../../../lib/pool/chunks/chunk.ts";
import { test, turn } from "../../fixtures/guarded.ts";
import { failsAt, outcomes, upTo } from "../../fixtures/pools.ts";

/** A chunk that was sent. */
interface Sent {
  readonly items: number[];
  readonly outcomes: PromiseWithResolvers<PartialResults>;
  /** What was done with it. */
  readonly ends: string[];
}

/** An iteration over numbers, whose results are ten times the items. */
function iterate(
  items: Iterable<number> | AsyncIterable<number>,
  options: Partial<ImapSetup<number>> = {},
) {
  const sent: Sent[] = [];
  const reports: [done: number, ended: boolean][] = [];
  const report = ({ done, ended }: Progress) => reports.push([done, ended]);
  let ends = 0;
  const iterator = new ImapIterator<number, number>(items, {
    chunkSize: () => 1,
    window: 2,
    ordered: true,
    signal: undefined,
    drainsInput: false,
    closedError: () => new SyntaxError("closed"),
    progress: new ProgressReport(report, undefined),
    onEnd: () => ends++,
    submit(items) {
      const chunk: Sent = { items, outcomes: Promise.withResolvers(), ends: [] };
      sent.push(chunk);
      const end = (how: string) => () => {
        chunk.ends.push(how);
        chunk.outcomes.reject(new RangeError(how));
      };
      return {
        outcomes: chunk.outcomes.promise,
        withdraw: end("withdrawn"),
        cancel: end("cancelled"),
      };
    },
    ...options,
  });
  iterator.begin();
  /** The chunk with this number comes back; the items with errors have failed. */
  const arrive = async (number: number, errors: Record<number, unknown> = {}) => {
    const { items, outcomes } = sent[number];
    const failures = Object.entries(errors).map(([index, error]) => ({
      error,
      index: Number(index),
    }));
    outcomes.resolve({ results: items.map((item) => item * 10), failures });
    await turn();
  };
  const itemsSent = () => sent.map(({ items }) => items);
  return { iterator, sent, itemsSent, reports, arrive, ends: () => ends };
}

/** An async input, of which each item comes when the test says so. */
function slowInput() {
  const waiting: PromiseWithResolvers<IteratorResult<number>>[] = [];
  const input = {
    left: 0,
    next() {
      waiting.push(Promise.withResolvers());
      return waiting.at(-1)!.promise;
    },
    return() {
      input.left++;
      return Promise.resolve({ done: true, value: undefined } as IteratorResult<number>);
    },
    [Symbol.asyncIterator]: () => input,
    async put(value: number) {
      waiting.shift()!.resolve({ done: false, value });
      await turn();
    },
    async end() {
      waiting.shift()!.resolve({ done: true, value: undefined });
      await turn();
    },
  };
  return input;
}

// Progress

test("an iteration has ended when its input ends after all results have come", async () => {
  const input = slowInput();
  const { iterator, reports, arrive } = iterate(input);
  await input.put(1);
  await arrive(0);
  assertEquals(reports, [[1, false]]);
  await input.end();
  assertEquals(reports, [[1, false], [1, true]]);
  assertEquals(await outcomes(iterator), [10]);
});

test("an iteration has ended when the last result comes after the end of its input", async () => {
  const { iterator, reports, arrive } = iterate([1, 2], { window: 9, chunkSize: () => 1 });
  assertEquals(reports, []);
  await arrive(1);
  assertEquals(reports, [[1, false]]);
  await arrive(0);
  assertEquals(reports, [[1, false], [2, true]]);
  assertEquals(await outcomes(iterator), [10, 20]);
});

test("an iteration that is left reports its end, and nothing afterwards", async () => {
  const { iterator, reports, arrive, sent, ends } = iterate([1, 2, 3]);
  await arrive(0);
  await iterator.return();
  assertEquals([reports, ends()], [[[1, false], [1, true]], 1]);
  assertEquals(sent.map(({ ends }) => ends), [[], ["cancelled"]]);
  await iterator.return();
  assertEquals(ends(), 1);
});

// Chunks

test("chunks have the size that holds when they are begun", () => {
  const sizes = [2, 1, 3];
  const { itemsSent } = iterate(upTo(7), { chunkSize: () => sizes.shift() ?? 4, window: 9 });
  assertEquals(itemsSent(), [[0, 1], [2], [3, 4, 5], [6]]);
});

test("an async input is sent early while few chunks are out, and not otherwise", async () => {
  const input = slowInput();
  const { iterator, itemsSent, arrive } = iterate(input, {
    chunkSize: () => 3,
    minOut: 1,
    window: 9,
  });
  await input.put(1);
  assertEquals(itemsSent(), [[1]]);
  await input.put(2);
  assertEquals(itemsSent(), [[1]]);
  await arrive(0);
  assertEquals(itemsSent(), [[1], [2]]);
  for (const item of [3, 4, 5]) await input.put(item);
  assertEquals(itemsSent(), [[1], [2], [3, 4, 5]]);
  await iterator.return();
  const late = slowInput();
  const other = iterate(late, { chunkSize: () => 3 });
  await late.put(1);
  assertEquals(other.itemsSent(), []);
  await late.end();
  assertEquals(other.itemsSent(), [[1]]);
  await other.iterator.return();
});

test("an input that is not async is sent in whole chunks", () => {
  const { itemsSent } = iterate(upTo(5), { chunkSize: () => 2, minOut: 9, window: 9 });
  assertEquals(itemsSent(), [[0, 1], [2, 3], [4]]);
});

test("the window counts chunks that are out, and results that were not taken, unless it is told not to", async () => {
  const { iterator, itemsSent, arrive } = iterate(upTo(9));
  assertEquals(itemsSent(), [[0], [1]]);
  await arrive(0);
  assertEquals(itemsSent(), [[0], [1]]);
  assertEquals((await iterator.next()).value, 0);
  assertEquals(itemsSent(), [[0], [1], [2]]);
  await iterator.return();
  const out = iterate(upTo(9), { windowCounts: "out" });
  await out.arrive(0);
  assertEquals(out.itemsSent(), [[0], [1], [2]]);
  await out.iterator.return();
});

test("a window without limit takes its input in turns of the event loop", async () => {
  let now = 0;
  using _ = stub(performance, "now", () => now += 6);
  const { iterator, sent } = iterate(upTo(20), { window: Infinity });
  const first = sent.length;
  assertEquals(first > 0 && first < 20, true);
  while (sent.length < 20) await turn();
  await iterator.return();
  const left = iterate(upTo(20), { window: Infinity });
  await left.iterator.return(); // no timer is left
  const { length } = left.sent;
  await turn();
  assertEquals(left.sent.length, length);
  const limited = iterate(upTo(20), { window: 99 });
  assertEquals(limited.sent.length, 20);
  await limited.iterator.return();
});

test("items are checked with their index; the results before one that is refused come first", async () => {
  const checked: [item: number, index: number][] = [];
  let left = 0;
  const input = {
    ...{ next: () => ({ done: false, value: 5 }), return: () => ({ done: ++left > 0, value: 5 }) },
    [Symbol.iterator]: () => input,
  };
  const { iterator, itemsSent, arrive } = iterate(input, {
    window: 9,
    chunkSize: () => 2,
    check(item, index) {
      checked.push([item, index]);
      if (index === 3) throw new RangeError("refused");
    },
  });
  assertEquals(checked, [[5, 0], [5, 1], [5, 2], [5, 3]]);
  assertEquals(itemsSent(), [[5, 5], [5]]);
  await arrive(1);
  await arrive(0);
  const [first, second, third, error, ...rest] = await outcomes(iterator);
  assertEquals([first, second, third, (error as Error).message, rest], [50, 50, 50, "refused", []]);
  assertEquals(left, 1);
});

test("an error takes the place of a chunk that cannot be sent, and the others go on", async () => {
  let number = 0;
  const results = Promise.resolve({ results: [7], failures: [] });
  const { iterator, reports } = iterate([1, 2, 3], {
    submit() {
      if (number++ === 1) throw new RangeError("not sent");
      return { outcomes: results, withdraw: () => {}, cancel: () => {} };
    },
  });
  const [first, error, last] = await outcomes(iterator);
  assertEquals([first, (error as Error).message, last], [7, "not sent", 7]);
  assertEquals(reports.at(-1), [3, true]);
});

// Results

test("results come in the order of the items, or in that in which they arrive", async () => {
  for (const ordered of [true, false]) {
    const { iterator, arrive } = iterate([1, 2, 3], { window: 9, ordered });
    const next = [1, 2, 3].map(() => iterator.next());
    for (const number of [2, 0, 1]) await arrive(number);
    const values = (await Promise.all(next)).map(({ value }) => value);
    assertEquals(values, ordered ? [10, 20, 30] : [30, 10, 20]);
    assertEquals((await iterator.next()).done, true);
  }
});

test("errors of items come in their places, explained with the index of the item in the input", async () => {
  const explained: unknown[] = [];
  const explain = ({ error }: { error: unknown }, item: number) => {
    explained.push(item);
    return `${error} of ${item}`;
  };
  const options = { chunkSize: () => 3, window: 9 };
  const { iterator, arrive } = iterate(upTo(6), { ...options, explain });
  await arrive(0);
  await arrive(1, { 1: "error" });
  assertEquals(await outcomes(iterator), [0, 10, 20, 30, "error of 4", 50]);
  assertEquals(explained, [4]);
  const plain = iterate(upTo(3), options);
  await plain.arrive(0, { 0: "why", 2: "too" });
  assertEquals(await outcomes(plain.iterator), ["why", 10, "too"]);
});

test("one error takes the place of a chunk that failed as a whole", async () => {
  const { iterator, sent, reports } = iterate(upTo(4), { chunkSize: () => 2 });
  sent[0].outcomes.reject("lost");
  sent[1].outcomes.resolve({ results: [2, 3], failures: [] });
  assertEquals(await outcomes(iterator), ["lost", 2, 3]);
  assertEquals(reports.at(-1), [4, true]);
});

test("takeReady() moves what could be handed over, up to the first error", async () => {
  const { iterator, arrive, itemsSent } = iterate(upTo(8), { chunkSize: () => 2, window: 3 });
  const all: number[] = [-1];
  iterator.takeReady(all);
  assertEquals(all, [-1]);
  await arrive(1, { 0: "error" });
  await arrive(0);
  assertEquals((await iterator.next()).value, 0);
  iterator.takeReady(all);
  assertEquals(all, [-1, 10]);
  assertEquals(itemsSent().length, 4); // the window moves
  iterator.takeReady(all);
  assertEquals(all, [-1, 10]);
  assertEquals(await iterator.next().catch((error) => error), "error");
  await iterator.return();
});

test("the length of an iteration is the number of its items, if that is known", async () => {
  for (const [total, length] of [[3, 3], [0, 0], [Infinity, undefined]] as const) {
    const { iterator } = iterate([], { total });
    assertEquals([iterator.length, (await iterator.next()).done], [length, true]);
  }
  assertEquals(iterate([]).iterator.length, undefined);
});

// Ends

test("fail() rejects all calls of next() that wait, or else the next one, once", async () => {
  const { iterator, sent, ends } = iterate(upTo(9));
  const waiting = [1, 2].map(() => iterator.next().catch((error) => error));
  iterator.fail("why");
  iterator.fail("again");
  assertEquals([await Promise.all(waiting), ends()], [["why", "why"], 1]);
  assertEquals(sent.map(({ ends }) => ends), [["cancelled"], ["cancelled"]]);
  assertEquals((await iterator.next()).done, true);
  const other = iterate(upTo(9));
  await other.arrive(0);
  other.iterator.fail("why");
  assertEquals(await outcomes(other.iterator), ["why"]);
});

test("fail() and return() leave the input, and end what waits for it", async () => {
  for (const end of ["fail", "return"] as const) {
    const input = slowInput();
    const { iterator } = iterate(input);
    await input.put(1);
    const waiting = iterator.next().then(({ done }) => done, (error) => error);
    const ended = await iterator[end]("why");
    assertEquals(await waiting, end === "fail" ? "why" : true);
    assertEquals(ended, end === "fail" ? undefined : { done: true, value: undefined });
    await turn();
    assertEquals(input.left, 1);
  }
});

test("return() ends calls of next() that wait for results of an input that has ended", async () => {
  const { iterator, sent } = iterate([1]);
  const waiting = [iterator.next(), iterator.next()];
  await iterator.return();
  const done = (await Promise.all(waiting)).map(({ done }) => done);
  assertEquals([done, sent[0].ends], [[true, true], ["cancelled"]]);
});

test("a signal ends an iteration with its reason, and is not listened to afterwards", async () => {
  const controller = new AbortController();
  const { iterator, reports } = iterate(upTo(9), { signal: controller.signal });
  controller.abort("why");
  assertEquals([await outcomes(iterator), reports], [["why"], [[0, true]]]);
  const { signal } = new AbortController();
  const left = iterate(upTo(9), { signal });
  await left.iterator.return(); // the guard of the test finds listeners that are left
});

test("the first error ends an iteration that ends at errors", async () => {
  const { iterator, arrive, sent } = iterate(upTo(9), { endsAtError: true, window: 3 });
  const waiting = [iterator.next(), iterator.next().catch((error) => error)];
  await arrive(0);
  await arrive(2, { 0: "why" });
  assertEquals([(await waiting[0]).value, await waiting[1]], [0, "why"]);
  assertEquals([sent[1].ends, (await iterator.next()).done], [["cancelled"], true]);
});

test("the error of an input comes after the results of the items before it", async () => {
  const { iterator, arrive, reports } = iterate(failsAt(3), { window: 9, chunkSize: () => 2 });
  assertEquals(iterator.inputDone, true);
  await arrive(1);
  await arrive(0);
  const [a, b, c, error, ...rest] = await outcomes(iterator);
  assertEquals([a, b, c, (error as Error).message, rest], [0, 10, 20, "input fails at 3", []]);
  assertEquals(reports.at(-1), [3, true]);
});

test("close() leaves the input after what was sent, unless that is to be taken to its end", async () => {
  const { iterator, arrive, itemsSent } = iterate(upTo(9), { chunkSize: () => 1 });
  iterator.close();
  assertEquals(iterator.inputDone, true);
  await arrive(0);
  await arrive(1);
  const [first, second, error] = await outcomes(iterator);
  assertEquals([first, second, (error as Error).message], [0, 10, "closed"]);
  assertEquals(itemsSent().length, 2);
  const drained = iterate(upTo(3), { drainsInput: true });
  drained.iterator.close();
  assertEquals(drained.iterator.inputDone, false);
  await drained.iterator.return();
  const ended = iterate([1]);
  ended.iterator.close(); // its input has ended
  await ended.arrive(0);
  assertEquals(await outcomes(ended.iterator), [10]);
});

test("stop() withdraws what has not begun, and leaves the input", async () => {
  const input = slowInput();
  const { iterator, sent, ends } = iterate(input);
  await input.put(1);
  const stopped = iterator.stop();
  assertEquals([sent[0].ends, ends(), iterator.inputDone], [["withdrawn"], 1, true]);
  await stopped;
  assertEquals(input.left, 1);
  await assertRejects(() => iterator.next(), RangeError, "withdrawn");
});

test("finish() takes an input to its end as chunks come back, whether or not results are taken", async () => {
  const { iterator, arrive, itemsSent } = iterate(upTo(4), { drainsInput: true });
  await arrive(0);
  let finished = false;
  const finishing = iterator.finish().then(() => finished = true);
  await turn();
  assertEquals([itemsSent().length, finished], [3, false]);
  for (const number of [1, 2]) await arrive(number);
  await finishing;
  await arrive(3);
  assertEquals(await outcomes(iterator), [0, 10, 20, 30]);
});

test("finish() ends an iteration that was left at an error, and waits for the end of an input", async () => {
  const { iterator, arrive, sent } = iterate(upTo(9));
  const next = iterator.next();
  const error = assertRejects(() => next.catch((error) => Promise.reject(new SyntaxError(error))));
  await arrive(0, { 0: "why" });
  await error;
  await iterator.finish();
  assertEquals([sent[1].ends, (await iterator.next()).done], [["cancelled"], true]);
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const input = Object.assign(slowInput(), { return: () => promise });
  const other = iterate(input);
  await input.put(1);
  await other.arrive(0);
  await input.put(2);
  await other.arrive(1);
  other.iterator.close();
  let finished = false;
  const finishing = other.iterator.finish().then(() => finished = true);
  await turn();
  assertEquals(finished, false);
  resolve({ done: true, value: undefined });
  await finishing;
});

test("an iteration is its own iterator", () => {
  const { iterator } = iterate([]);
  assertStrictEquals(iterator[Symbol.asyncIterator](), iterator);
});
