import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { assertSpyCalls, stub } from "@std/testing/mock";
import { Event, Queue, TimeoutError, Value } from "@sauropod/multiprocessing";
import { ItemSource } from "../../../lib/pool/calls/item_source.ts";
import { endless, Stuck, testImap } from "../../fixtures/imap_inputs.ts";
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

testImap("can be left before its first result", async (Pool, imap) => {
  await using pool = new Pool(1);
  const [begun, go] = [new Event(), new Event()];
  let ended = false;
  function* generate() {
    try {
      for (;;) yield [begun, go] as const;
    } finally {
      ended = true;
    }
  }
  const results = pool[imap](async ([begun, go]: readonly [Event, Event]) => {
    begun.set();
    await go.wait();
  }, generate());
  const pending = results.next();
  await begun.wait();
  await results.return!();
  assertEquals(await pending, { done: true, value: undefined });
  assert(ended, "the input was not left");
  go.set();
  assertEquals(await pool.apply(square, [3]), 9);
});

testImap(
  "stops a chunk that has begun before its next item when it is left",
  async (Pool, imap) => {
    await using pool = new Pool(1);
    const [begun, go] = [new Event(), new Event()];
    const calls = new Value("int32", 0);
    const work = async (
      { begun, go, calls }: { begun: Event; go: Event; calls: Value<"int32"> },
    ) => {
      calls.add(1);
      begun.set();
      await go.wait();
    };
    const results = pool[imap](work, Array(20).fill({ begun, go, calls }), { chunkSize: 20 });
    await begun.wait();
    await results.return!();
    go.set();
    await pool.apply(square, [1]);
    assertEquals(calls.value, 1);
  },
);

testImap("throws a TimeoutError if the input does not return", async (Pool, imap) => {
  using _ = stub(ItemSource.prototype, "leave", () => Promise.reject(new TimeoutError("too long")));
  await using pool = new Pool(1);
  const results = pool[imap](square, endless(true).items);
  await results.next();
  await assertRejects(() => results.return!(), TimeoutError, "too long");
  assertEquals((await results.next()).done, true);
});

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
