import { assertEquals, assertRejects } from "@std/assert";
import { MaybeEncodingError, Pool, ThreadPool } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { outcomes } from "../fixtures/pools.ts";
import * as tasks from "../fixtures/pool_tasks.ts";

// Results and errors whose getters and traps throw: the functions are sent as source.

const badResults: Record<string, () => unknown> = {
  "getter of then": () => ({
    get then() {
      throw new Error("in getter");
    },
  }),
  "getter of a property": () => ({
    get x() {
      throw new Error("in getter");
    },
  }),
  "trap": () =>
    new Proxy({}, {
      getPrototypeOf() {
        throw new Error("in trap");
      },
    }),
  "trap of has": () =>
    new Proxy({}, {
      has() {
        throw new Error("in trap");
      },
      ownKeys() {
        throw new Error("in trap");
      },
    }),
  "revoked Proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "nesting without end": () => {
    const node = (): object => ({
      get next() {
        return node();
      },
    });
    return node();
  },
};

for (const [what, make] of Object.entries(badResults)) {
  test(`a result with a ${what} rejects with MaybeEncodingError, and its worker lives`, async () => {
    await using pool = new Pool(1);
    const worker = await pool.apply(tasks.pid);
    await assertRejects(() => pool.apply(make), MaybeEncodingError, "Cannot send back result");
    // One item: a second one would go on after the map has failed, and its worker might be replaced.
    await assertRejects(() => pool.map(make, [1]), MaybeEncodingError, "Cannot send back result");
    const found = await outcomes(pool.imap(make, [1, 2]));
    assertEquals(found.map((error) => (error as Error).constructor), [
      MaybeEncodingError,
      MaybeEncodingError,
    ]);
    assertEquals(await pool.apply(tasks.pid), worker);
  });
}

const badErrors: Record<string, () => unknown> = {
  message: () => {
    throw Object.defineProperty(new Error("m"), "message", {
      get() {
        throw new Error("in getter");
      },
    });
  },
  name: () => {
    throw Object.defineProperty(new Error("m"), "name", {
      get() {
        throw new Error("in getter");
      },
    });
  },
  prototype: () => {
    throw new Proxy({}, {
      getPrototypeOf() {
        throw new Error("in trap");
      },
    });
  },
  "Proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw proxy;
  },
  symbol: () => {
    throw Symbol("odd");
  },
};

for (const [what, fail] of Object.entries(badErrors)) {
  test(`a thrown value with a bad ${what} arrives, and its worker lives`, async () => {
    await using pool = new Pool(1);
    const worker = await pool.apply(tasks.pid);
    await assertRejects(() => pool.apply(fail), MaybeEncodingError, "Cannot send back");
    await assertRejects(() => pool.map(fail, [1]), MaybeEncodingError, "Cannot send back");
    const found = await outcomes(pool.imap(fail, [1, 2]));
    assertEquals(found.map((it) => (it as Error).constructor), Array(2).fill(MaybeEncodingError));
    assertEquals(await pool.apply(tasks.pid), worker);
  });
}

test("ThreadPool calls settle whatever they return or throw", async () => {
  await using pool = new ThreadPool(2);
  const settled = (promise: Promise<unknown>) => promise.then(() => "fulfilled", () => "rejected");
  for (const [what, make] of Object.entries({ ...badResults, ...badErrors })) {
    const isResult = what in badResults;
    const [applied, mapped] = [
      await settled(pool.apply(make)),
      await settled(pool.map(make, [1, 2])),
    ];
    assertEquals(mapped, isResult ? "fulfilled" : "rejected", what);
    // A promise for such a result cannot be fulfilled: to read `then` of it throws.
    const isThenable = ["getter of then", "revoked Proxy", "trap of has"].includes(what);
    if (!isThenable) assertEquals(applied, mapped, what);
    const called: string[] = [];
    const handlers = {
      callback: () => called.push("result"),
      errorCallback: () => called.push("error"),
    };
    await settled(pool.mapAsync(make, [1], handlers).get());
    assertEquals(called, [isResult ? "result" : "error"], what);
  }
  assertEquals(await pool.apply((x: number) => x + 1, [1]), 2);
});
