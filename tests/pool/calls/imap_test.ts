import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { assertSpyCalls, stub } from "@std/testing/mock";
import {
  ClosedError,
  Event,
  Pool,
  Queue,
  TerminatedError,
  ThreadPool,
} from "@sauropod/multiprocessing";
import { prange } from "@sauropod/multiprocessing/loops";
import { test } from "../../fixtures/guarded.ts";
import { afterEvent, square } from "../../fixtures/pool_tasks.ts";

const CLOSED = "Cannot continue imap: the pool was closed before its input had ended";
const TERMINATED = "Cannot get result: the pool was terminated";

const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);
const squares = (n: number) => upTo(n).map((x) => x * x);

/** A test of both kinds of pools, with `imap` and with `imapUnordered`. */
function testEach(
  name: string,
  fn: (kind: typeof Pool, imap: "imap" | "imapUnordered") => Promise<void>,
): void {
  for (const [kind, pool] of [["Pool", Pool], ["ThreadPool", ThreadPool]] as const) {
    for (const imap of ["imap", "imapUnordered"] as const) {
      test(`${kind}.${imap}() ${name}`, () => fn(pool as typeof Pool, imap));
    }
  }
}

/** Numbers without end, which are counted, and the end that `return()` brought about. */
function endless(isAsync: boolean) {
  const it = { taken: 0, ended: false, items: [] as Iterable<number> | AsyncIterable<number> };
  function* generate() {
    try {
      for (;;) yield it.taken++;
    } finally {
      it.ended = true;
    }
  }
  async function* generateLater() {
    yield* generate();
  }
  it.items = isAsync ? generateLater() : generate();
  return it;
}

/** Gives three numbers; the fourth is under way until `release` or for ever. */
class Stuck implements AsyncIterableIterator<number> {
  /** Resolves when the fourth is asked for. */
  readonly asked = Promise.withResolvers<void>();
  readonly left = Promise.withResolvers<void>();
  readonly release: (next: IteratorResult<number>) => void;
  taken = 0;
  readonly #fourth: Promise<IteratorResult<number>>;
  readonly #onReturn: () => Promise<void>;

  constructor(onReturn = () => Promise.resolve()) {
    const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
    this.#fourth = promise;
    this.release = resolve;
    this.#onReturn = onReturn;
  }

  next(): Promise<IteratorResult<number>> {
    this.taken++;
    if (this.taken <= 3) return Promise.resolve({ done: false, value: this.taken });
    this.asked.resolve();
    return this.#fourth;
  }

  /** As that of an async generator: what is under way comes first. */
  async return(): Promise<IteratorResult<number>> {
    this.left.resolve();
    if (this.taken > 3) await this.#fourth;
    await this.#onReturn();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Lets the microtasks and the timers that are due run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The results until an error comes, and the error. */
async function untilError(results: AsyncIterator<number>): Promise<[number[], unknown]> {
  const given: number[] = [];
  try {
    for (;;) {
      const { done, value } = await results.next();
      if (done) return [given, undefined];
      given.push(value);
    }
  } catch (error) {
    return [given, error];
  }
}

// close() and join()

testEach("of an endless input does not keep the scope of the pool", async (Pool, imap) => {
  for (const isAsync of [false, true]) {
    const input = endless(isAsync);
    let results;
    {
      await using pool = new Pool(1);
      results = pool[imap](square, input.items);
      assertEquals((await results.next()).value, 0);
    }
    assert(input.ended, "the input was not left");
    const { taken } = input;
    assert(taken <= 4, `${taken} were taken`);
    const [given, error] = await untilError(results);
    assertEquals([0, ...given], squares(given.length + 1));
    assertInstanceOf(error, ClosedError, CLOSED);
    assertEquals((await results.next()).done, true);
    assertEquals(input.taken, taken);
  }
});

testEach("of a generator gives what was sent, then a ClosedError", async (Pool, imap) => {
  const pool = new Pool(1);
  const [begun, go] = [new Event(), new Event()];
  let ended = false;
  function* generate() {
    try {
      for (let at = 0;; at++) yield { at, begun, go };
    } finally {
      ended = true;
    }
  }
  const results = pool[imap](async ({ at, begun, go }: { at: number; begun: Event; go: Event }) => {
    begun.set();
    await go.wait();
    return at;
  }, generate());
  const outcome = untilError(results);
  await begun.wait();
  pool.close();
  go.set();
  const [given, error] = await outcome;
  assertEquals(given, upTo(2));
  assertInstanceOf(error, ClosedError, CLOSED);
  await pool.join();
  assert(ended, "the input was not left");
});

testEach("that waits for its input is told of close() at once", async (Pool, imap) => {
  const input = new Stuck();
  await using pool = new Pool(2);
  const outcome = untilError(pool[imap](square, input));
  await input.asked.promise;
  pool.close();
  const [given, error] = await outcome;
  assertEquals(given.sort(), [1, 4, 9]);
  assertInstanceOf(error, ClosedError, CLOSED);
  await input.left.promise;
});

testEach("of what has a length or a size is taken to its end by join()", async (Pool, imap) => {
  const inputs: Iterable<number>[] = [
    upTo(30),
    Int32Array.from(upTo(30)),
    new Set(upTo(30)),
    prange(30),
  ];
  const pool = new Pool(2);
  const results = inputs.map((input) => pool[imap](square, input));
  const text = pool[imap]((letter: string) => letter, "abcdefgh");
  const map = pool[imap](([key, value]: [number, number]) => key - value, new Map([[3, 1]]));
  pool.close();
  await pool.join();
  for (const result of results) {
    assertEquals((await Array.fromAsync(result)).sort((a, b) => a - b), squares(30));
  }
  assertEquals((await Array.fromAsync(text)).sort(), [..."abcdefgh"]);
  assertEquals(await Array.fromAsync(map), [2]);
});

testEach("is taken to its end although its input ends the pool", async (Pool, imap) => {
  const pool = new Pool(1);
  let joined: Promise<void> | undefined;
  const input = {
    length: 9,
    *[Symbol.iterator]() {
      pool.close();
      joined = pool.join();
      yield* upTo(9);
    },
  };
  const results = pool[imap](square, input);
  await joined;
  assertEquals((await Array.fromAsync(results)).sort((a, b) => a - b), squares(9));
});

testEach("whose generator has ended before close() gives all", async (Pool, imap) => {
  const pool = new Pool(2);
  const results = pool[imap](square, upTo(3).values());
  pool.close();
  await pool.join();
  assertEquals((await Array.fromAsync(results)).sort((a, b) => a - b), squares(3));
});

testEach("waits in join() for an input that is left", async (Pool, imap) => {
  const ended: boolean[] = [];
  async function* generate() {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      await turn();
      ended.push(true);
    }
  }
  const pool = new Pool(1);
  const results = pool[imap](square, generate());
  await results.next();
  await turn(); // the input is not asked any more
  pool.close();
  await pool.join();
  assertEquals(ended, [true]);
});

testEach("reports what an input throws that close() has left", async (Pool, imap) => {
  using report = stub(console, "error");
  const thrown = new RangeError("cannot tidy up");
  function* generate() {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw thrown;
    }
  }
  {
    await using pool = new Pool(1);
    pool[imap](square, generate());
  }
  assertSpyCalls(report, 1);
  assertStrictEquals(report.calls[0].args[1], thrown);
});

// Leaving it early

testEach("is left while its input is under way", async (Pool, imap) => {
  await using pool = new Pool(2);
  const input = new Stuck();
  for await (const x of pool[imap](square, input)) {
    await input.asked.promise;
    if (x === 9) break;
  }
  await input.left.promise;
  input.release({ done: false, value: 4 });
  await turn();
  assertEquals(input.taken, 4);
});

testEach("is left while its input, a generator, waits", async (Pool, imap) => {
  await using pool = new Pool(2);
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  async function* generate() {
    try {
      yield* [1, 2, 3];
      await promise;
      yield 4;
    } finally {
      ended.resolve();
    }
  }
  for await (const x of pool[imap](square, generate(), { chunkSize: 3 })) {
    if (x === 9) break;
  }
  resolve();
  await ended.promise;
});

testEach("of a queue that is left takes no more of it", async (Pool, imap) => {
  await using pool = new Pool(2);
  const jobs = new Queue<number>();
  for (const x of [1, 2, 3]) await jobs.put(x);
  for await (const x of pool[imap](square, jobs)) {
    if (x === 9) break;
  }
  await jobs.put(4);
  assertEquals(await jobs.get(), 4);
});

testEach("reports what an input throws that is under way when it is left", async (Pool, imap) => {
  using report = stub(console, "error");
  const thrown = new RangeError("cannot tidy up");
  await using pool = new Pool(2);
  const input = new Stuck(() => Promise.reject(thrown));
  const results = pool[imap](square, input);
  await input.asked.promise;
  await results.return!();
  assertSpyCalls(report, 0);
  input.release({ done: true, value: undefined });
  await turn();
  assertSpyCalls(report, 1);
  assertStrictEquals(report.calls[0].args[1], thrown);
});

testEach("waits for an input that it leaves between two items", async (Pool, imap) => {
  await using pool = new Pool(1);
  for (const fails of [false, true]) {
    let ended = false;
    const results = pool[imap](
      square,
      (async function* () {
        try {
          for (let x = 0;; x++) yield x;
        } finally {
          await turn();
          ended = true;
          // deno-lint-ignore no-unsafe-finally
          if (fails) throw new RangeError("cannot tidy up");
        }
      })(),
    );
    await results.next();
    await turn();
    if (fails) await assertRejects(() => results.return!(), RangeError, "cannot tidy up");
    else await results.return!();
    assert(ended);
  }
});

testEach("reports what an input throws that a signal has left", async (Pool, imap) => {
  using report = stub(console, "error");
  const thrown = new RangeError("cannot tidy up");
  await using pool = new Pool(1);
  const controller = new AbortController();
  function* generate() {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw thrown;
    }
  }
  const results = pool[imap](square, generate(), controller);
  controller.abort(new SyntaxError("enough"));
  await assertRejects(() => results.next(), SyntaxError, "enough");
  await turn();
  assertSpyCalls(report, 1);
  assertStrictEquals(report.calls[0].args[1], thrown);
});

testEach("ends for all who wait when its signal is aborted", async (Pool, imap) => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const input = new Stuck();
  input.taken = 3; // it never gives anything
  const results = pool[imap](square, input, { signal });
  const outcome = Promise.allSettled([results.next(), results.next()]);
  const reason = new SyntaxError("enough");
  controller.abort(reason);
  for (const result of await outcome) {
    assertStrictEquals((result as PromiseRejectedResult).reason, reason);
  }
  assertEquals((await results.next()).done, true);
});

// terminate()

testEach("that waits for its input is told of terminate() at once", async (Pool, imap) => {
  const pool = new Pool(2);
  const input = new Stuck();
  const results = pool[imap](square, input);
  const given = [await results.next(), await results.next(), await results.next()];
  assertEquals(given.map(({ value }) => value).sort(), [1, 4, 9]);
  const outcome = Promise.allSettled([results.next(), results.next()]);
  await input.asked.promise;
  pool.terminate();
  for (const result of await outcome) {
    const { reason } = result as PromiseRejectedResult;
    assertInstanceOf(reason, TerminatedError);
    assertEquals(reason.message, TERMINATED);
  }
  assertEquals((await results.next()).done, true);
  await input.left.promise;
  input.release({ done: false, value: 4 });
  await pool.join();
  assertEquals(input.taken, 4);
});

testEach("that nobody waits for gives the error of terminate() next", async (Pool, imap) => {
  const pool = new Pool(1);
  const [begun, go] = [new Event(), new Event()];
  const input = endless(false);
  const results = pool[imap](square, input.items);
  const held = pool.apply(afterEvent<number>, [begun, go, 1]);
  const outcome = assertRejects(() => held, TerminatedError, TERMINATED);
  await begun.wait();
  assertEquals((await results.next()).value, 0); // others are there
  pool.terminate();
  await outcome;
  await assertRejects(() => results.next(), TerminatedError, TERMINATED);
  assertEquals((await results.next()).done, true);
  await pool.join();
  assert(input.ended, "the input was not left");
});

testEach("whose input ends the pool ends with it", async (Pool, imap) => {
  for (const end of ["close", "terminate"] as const) {
    const pool = new Pool(1);
    const generate = function* () {
      yield 1;
      pool[end]();
      yield 2;
    };
    const [given, error] = await untilError(pool[imap](square, generate()));
    if (end === "close") assertEquals(given, [1]);
    assertInstanceOf(error, end === "close" ? ClosedError : TerminatedError);
    await pool.join();
  }
});
