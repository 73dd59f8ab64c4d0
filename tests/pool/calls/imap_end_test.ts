import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { assertSpyCalls, stub } from "@std/testing/mock";
import { ClosedError, Event, TerminatedError } from "@sauropod/multiprocessing";
import { prange } from "@sauropod/multiprocessing/loops";
import { endless, Stuck, testImap, untilError } from "../../fixtures/imap_inputs.ts";
import { squares, turn, upTo } from "../../fixtures/pools.ts";
import { afterEvent, square } from "../../fixtures/pool_tasks.ts";

const CLOSED = "Cannot continue imap: the pool was closed before its input had ended";
const TERMINATED = "Cannot get result: the pool was terminated";

// close() and join()

testImap("of an endless input does not keep the pool from closing", async (Pool, imap) => {
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

testImap(
  "of a generator yields the results of sent items, then a ClosedError",
  async (Pool, imap) => {
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
    const results = pool[imap](
      async ({ at, begun, go }: { at: number; begun: Event; go: Event }) => {
        begun.set();
        await go.wait();
        return at;
      },
      generate(),
    );
    const outcome = untilError(results);
    await begun.wait();
    pool.close();
    go.set();
    const [given, error] = await outcome;
    assertEquals(given, upTo(2));
    assertInstanceOf(error, ClosedError, CLOSED);
    await pool.join();
    assert(ended, "the input was not left");
  },
);

testImap("that waits for its input ends at close()", async (Pool, imap) => {
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

testImap(
  "of an input with a length or a size is taken to its end by join()",
  async (Pool, imap) => {
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
  },
);

testImap("takes its input to the end when the input itself closes the pool", async (Pool, imap) => {
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

testImap("whose generator ended before close() yields all results", async (Pool, imap) => {
  const pool = new Pool(2);
  const results = pool[imap](square, upTo(3).values());
  pool.close();
  await pool.join();
  assertEquals((await Array.fromAsync(results)).sort((a, b) => a - b), squares(3));
});

testImap("keeps join() waiting until its input has returned", async (Pool, imap) => {
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
  await turn(); // no next() of the input is pending
  pool.close();
  await pool.join();
  assertEquals(ended, [true]);
});

testImap("reports an error of an input that close() has left", async (Pool, imap) => {
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

// terminate()

testImap("that waits for its input ends at terminate()", async (Pool, imap) => {
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

testImap("without a pending next() rejects the next one after terminate()", async (Pool, imap) => {
  const pool = new Pool(1);
  const [begun, go] = [new Event(), new Event()];
  const input = endless(false);
  const results = pool[imap](square, input.items);
  const held = pool.apply(afterEvent<number>, [begun, go, 1]);
  const outcome = assertRejects(() => held, TerminatedError, TERMINATED);
  await begun.wait();
  assertEquals((await results.next()).value, 0); // more results are ready
  pool.terminate();
  await outcome;
  await assertRejects(() => results.next(), TerminatedError, TERMINATED);
  assertEquals((await results.next()).done, true);
  await pool.join();
  assert(input.ended, "the input was not left");
});

testImap("ends when its input closes or terminates the pool", async (Pool, imap) => {
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
