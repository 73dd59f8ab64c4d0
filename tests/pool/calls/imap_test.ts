import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DataCloneError, Pool } from "@sauropod/multiprocessing";
import { test } from "../../fixtures/guarded.ts";
import { failsAt, outcomes, squares, testEach, upTo } from "../../fixtures/pools.ts";
import * as tasks from "../../fixtures/pool_tasks.ts";
import { square } from "../../fixtures/pool_tasks.ts";

// Results

testEach("Pool.imap() and imapUnordered() yield every result, imap() in order", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [undefined, 1, 3, 100]) {
    const given = await Array.fromAsync(pool.imap(square, upTo(50), { chunkSize }));
    assertEquals(given, squares(50));
    const unordered = await Array.fromAsync(pool.imapUnordered(square, upTo(50), { chunkSize }));
    assertEquals(unordered.sort((a, b) => a - b), squares(50));
  }
});

testEach(
  "Pool.imap() keeps the order of a thousand items in chunks of a hundred",
  async (Pool) => {
    await using pool = new Pool(2);
    assertEquals(
      await Array.fromAsync(pool.imap(square, upTo(1000), { chunkSize: 100 })),
      squares(1000),
    );
  },
);

testEach("Pool.imap() serves concurrent calls of next() in order", async (Pool) => {
  await using pool = new Pool(2);
  const iterator = pool.imap(square, upTo(6));
  const given = await Promise.all(upTo(8).map(() => iterator.next()));
  assertEquals(given.slice(0, 6).map(({ value }) => value), squares(6));
  assertEquals(given.slice(6).map(({ done }) => done), [true, true]);
});

// Input

testEach("Pool.imap() accepts async iterables", async (Pool) => {
  await using pool = new Pool(2);
  async function* generate(n: number) {
    for (const x of upTo(n)) {
      if (x % 3 === 0) await null;
      yield x;
    }
  }
  for (const chunkSize of [1, 3, 50]) {
    assertEquals(
      await Array.fromAsync(pool.imap(square, generate(20), { chunkSize })),
      squares(20),
    );
    const unordered = await Array.fromAsync(
      pool.imapUnordered(square, generate(20), { chunkSize }),
    );
    assertEquals(unordered.sort((a, b) => a - b), squares(20));
  }
  async function* fails() {
    yield* [1, 2];
    await null;
    throw new SyntaxError("input fails");
  }
  const found = await outcomes(pool.imap(square, fails()));
  assertEquals(found.slice(0, 2), [1, 4]);
  assertInstanceOf(found[2], SyntaxError);
});

testEach("Pool.imap() takes at most two chunks per worker ahead of the results", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 3]) {
    for (const isAsync of [false, true]) {
      let taken = 0;
      const generate = function* () {
        for (; taken < 100; taken++) yield taken;
      };
      const input = isAsync
        ? (async function* () {
          yield* generate();
        })()
        : generate();
      let given = 0;
      for await (const _ of pool.imap(square, input, { chunkSize })) {
        given++;
        assert(taken <= given + 4 * chunkSize + 1, `${taken} taken for ${given}`);
      }
      assertEquals([taken, given], [100, 100]);
    }
  }
});

testEach(
  "Pool.imap() closes its input when it is left early, and the pool keeps working",
  async (Pool) => {
    await using pool = new Pool(2);
    let ended = false;
    function* generate() {
      try {
        for (let x = 0;; x++) yield x;
      } finally {
        ended = true;
      }
    }
    for await (const x of pool.imap(square, generate())) {
      if (x === 9) break;
    }
    assert(ended);
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

testEach("Pool.imap() takes no more items after an error has ended the loop", async (Pool) => {
  let taken = 0;
  function* generate() {
    for (; taken < 10_000; taken++) yield taken;
  }
  {
    await using pool = new Pool(2);
    await assertRejects(async () => {
      for await (const _ of pool.imap(tasks.notThree, generate())) { /* until it fails */ }
    }, tasks.ModelError);
  }
  assert(taken < 100, `${taken} items were taken`);
});

// Errors

test("Pool.imap() rejects in place of a failed result and continues", async () => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 2, 3, 10]) {
    const found = await outcomes(pool.imap(tasks.notThree, upTo(8), { chunkSize }));
    assertInstanceOf(found[3], tasks.ModelError);
    assertStringIncludes(found[3].stack!, "item 3");
    assertEquals(found.toSpliced(3, 1), [0, 1, 2, 4, 5, 6, 7]);
  }
});

test("Pool.imap() rejects in place of a chunk that cannot be sent", async () => {
  await using pool = new Pool(2);
  const items = [1, Symbol("odd"), 3];
  const found = await outcomes(pool.imap((x: unknown) => x, items));
  assertEquals([found[0], found[2], found.length], [1, 3, 3]);
  assertInstanceOf(found[1], DataCloneError, "Cannot send items[1]: a symbol");
});

testEach("Pool.imap() yields all results before the error of its input", async (Pool) => {
  await using pool = new Pool(2);
  for (const chunkSize of [1, 2, 4, 20]) {
    const found = await outcomes(pool.imap(square, failsAt(7), { chunkSize }));
    assertEquals(found.slice(0, -1), squares(7));
    assertInstanceOf(found.at(-1), SyntaxError);
  }
});

testEach(
  "Pool.imapUnordered() yields the error of its input and only valid results",
  async (Pool) => {
    await using pool = new Pool(2);
    const found = await outcomes(pool.imapUnordered(square, failsAt(7)));
    assertEquals(found.filter((it) => it instanceof SyntaxError).length, 1);
    const results = found.filter((it) => typeof it === "number");
    assertEquals(results.sort((a, b) => a - b), squares(7));
  },
);
