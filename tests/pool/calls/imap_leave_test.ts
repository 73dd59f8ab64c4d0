import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { assertSpyCalls, stub } from "@std/testing/mock";
import { Queue } from "@sauropod/multiprocessing";
import { Stuck, testImap } from "../../fixtures/imap_inputs.ts";
import { turn } from "../../fixtures/pools.ts";
import { square } from "../../fixtures/pool_tasks.ts";

// return()

testImap("can be left while its input has a pending next()", async (Pool, imap) => {
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

testImap("can be left while its input, a generator, waits", async (Pool, imap) => {
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

testImap("of a queue takes no more messages once it is left", async (Pool, imap) => {
  await using pool = new Pool(2);
  const jobs = new Queue<number>();
  for (const x of [1, 2, 3]) await jobs.put(x);
  for await (const x of pool[imap](square, jobs)) {
    if (x === 9) break;
  }
  await jobs.put(4);
  assertEquals(await jobs.get(), 4);
});

testImap("reports an error of an input that was left with a pending next()", async (Pool, imap) => {
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

testImap(
  "waits for the return() of an input that it leaves between two items",
  async (Pool, imap) => {
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
  },
);

// Signals

testImap("reports an error of an input that a signal has left", async (Pool, imap) => {
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

testImap("rejects all pending next() calls when its signal is aborted", async (Pool, imap) => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const input = new Stuck();
  input.taken = 3; // its next() never resolves
  const results = pool[imap](square, input, { signal });
  const outcome = Promise.allSettled([results.next(), results.next()]);
  const reason = new SyntaxError("enough");
  controller.abort(reason);
  for (const result of await outcome) {
    assertStrictEquals((result as PromiseRejectedResult).reason, reason);
  }
  assertEquals((await results.next()).done, true);
});
