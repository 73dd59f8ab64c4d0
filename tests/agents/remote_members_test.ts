/**
 * What objects of the program do in a process themselves, on handles of the test.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Condition, Pipe, Queue, Value } from "@sauropod/multiprocessing";
import { classNumberOf, remoteUsesOf } from "../../lib/agents/remote_classes.ts";
import { ownMembersOf } from "../../lib/agents/remote_members.ts";
import { stub } from "@std/testing/mock";
import { test } from "../fixtures/guarded.ts";

/** Returns a member of the objects of a class, to be called on another object. */
function memberOf(object: object, name: string | symbol) {
  const member = ownMembersOf(remoteUsesOf(classNumberOf(object)!)).get(name);
  // deno-lint-ignore no-explicit-any
  return (handle: object, ...args: unknown[]): any =>
    Reflect.apply(member as () => unknown, handle, args);
}

for (const [name, waitName] of [["waitFor", "wait"], ["waitForSync", "waitSync"]] as const) {
  const waitFor = memberOf(new Condition(), name);

  test(`Condition.${name}() in a process waits until the predicate holds`, async () => {
    const waits: unknown[] = [];
    const handle = { [waitName]: (options: unknown) => void waits.push(options) };
    const results = [0, "", "it holds"];
    assertEquals(await waitFor(handle, () => results.shift()), "it holds");
    assertEquals(waits, [{ timeoutMs: Infinity }, { timeoutMs: Infinity }]);
    assertEquals(await waitFor(handle, () => 7, { timeoutMs: 0 }), 7);
    assertEquals(waits.length, 2);
  });

  test(`Condition.${name}() in a process waits no longer than it is told`, async () => {
    let now = 1000;
    using _ = stub(performance, "now", () => now);
    const waits: unknown[] = [];
    const handle = {
      [waitName](options: unknown) {
        waits.push(options);
        now += 30;
      },
    };
    const { signal } = new AbortController();
    const options = { timeoutMs: 50, signal };
    assertEquals(await waitFor(handle, () => false, options), false);
    assertEquals(waits, [{ timeoutMs: 50, signal }, { timeoutMs: 20, signal }]);
    now = 1000;
    assertEquals(await waitFor(handle, () => false, { timeoutMs: 30 }), false);
    assertEquals(waits.length, 3);
  });
}

test("Value.update() in a process tries again until no other one was faster", () => {
  const update = memberOf(new Value("d"), "update");
  const cell = { value: 1, expected: [] as unknown[], compareExchange };
  const found = [5, 1];
  function compareExchange(expected: unknown, replacement: unknown) {
    cell.expected.push([expected, replacement]);
    return found.shift();
  }
  assertEquals(update(cell, (x: number) => x + 1), 1);
  assertEquals(cell.expected, [[1, 2], [1, 2]]);
  const nan = { value: NaN, compareExchange: () => NaN };
  assertEquals(update(nan, () => 1), NaN);
  assertThrows(() => update(cell, 5), TypeError, "Cannot update value: next must be a function");
  assertThrows(
    () => update(cell, () => Promise.resolve(1)),
    TypeError,
    "Cannot update value: the function returned a promise",
  );
});

test("Connection.recvBytesInto() in a process puts what it receives into the buffer", async () => {
  const [here, there] = Pipe();
  for (const name of ["recvBytesInto", "recvBytesIntoSync"]) {
    const into = memberOf(here, name);
    const given: unknown[] = [];
    const receive = (options: unknown) => {
      given.push(options);
      return Uint8Array.of(1, 2);
    };
    const handle = { recvBytes: receive, recvBytesSync: receive };
    const buffer = new Uint8Array(5);
    const options = { offset: 2, timeoutMs: 7 };
    assertEquals([await into(handle, buffer, options), [...buffer]], [2, [0, 0, 1, 2, 0]]);
    assertEquals((given[0] as { timeoutMs: number }).timeoutMs, 7);
    await assertRejects(
      async () => await into(handle, buffer, { ofset: 2 }),
      TypeError,
      "Cannot receive bytes: there is no option ofset",
    );
    assertEquals(given.length, 1);
  }
  here.close();
  there.close();
});

test("a queue in a process is iterated over by its get(), which ends when that is left", async () => {
  for (const name of ["values", Symbol.asyncIterator] as const) {
    const values = memberOf(new Queue(), name);
    const signals: AbortSignal[] = [];
    const { promise, reject } = Promise.withResolvers<never>();
    const queue = {
      closed: false,
      items: [1, 2],
      get({ signal }: { signal: AbortSignal }) {
        signals.push(signal);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        return this.items.length > 0 ? Promise.resolve(this.items.shift()) : promise;
      },
    };
    const iterator = values(queue) as AsyncIterableIterator<number>;
    assertEquals([(await iterator.next()).value, (await iterator.next()).value], [1, 2]);
    const waiting = iterator.next();
    assert(!signals.at(-1)!.aborted);
    await iterator.return!();
    assert(signals.at(-1)!.aborted);
    assertEquals((await waiting).done, true);
  }
});

test("an object in a process that is disposed of is closed", () => {
  const [here, there] = Pipe();
  let closed = 0;
  memberOf(here, Symbol.dispose)({ close: () => closed++ });
  assertEquals(closed, 1);
  here.close();
  there.close();
});

test("objects in a process have the members of their classes, and no others", () => {
  const members = (object: object) => ownMembersOf(remoteUsesOf(classNumberOf(object)!));
  assertEquals([members(new Condition()).has("waitFor"), members(new Queue()).has("waitFor")], [
    true,
    false,
  ]);
  assertEquals([members(new Value("d")).has("update"), members(new Queue()).has("values")], [
    true,
    true,
  ]);
  assertStrictEquals(members(new Condition()).has(Symbol.asyncIterator), false);
});
