import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { WaitOptions } from "../../lib/arguments/wait_options.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { setAlarm } from "../../lib/parking/alarms.ts";
import { ParkResult } from "../../lib/parking/park.ts";
import {
  awaitOnAny,
  type BegunWait,
  blockOnAnyOf,
  type ReadySteps,
  readySteps,
  type RemoteReadiness,
  remoteReadiness,
  type Waitable,
} from "../../lib/parking/readiness.ts";
import { wakeAll } from "../../lib/parking/wait_queue.ts";
import { test } from "../fixtures/guarded.ts";
import { Word } from "./words.ts";

ensureIsolate();

/** An object of this program that is ready when its word is set. */
class Here extends Word implements Waitable {
  *[readySteps](): ReadySteps {
    while (this.value === 0) {
      if ((yield* this.sleep()) === ParkResult.TIMED_OUT) return false;
    }
    return true;
  }

  set(): void {
    this.value = 1;
    wakeAll(this.queue);
  }
}

/** Objects of another program: a wait for some of them, and those that are ready. */
class Elsewhere implements RemoteReadiness, Disposable {
  readonly ready = new Set<Waitable>();
  /** The options of the waits. */
  readonly waits: WaitOptions[] = [];
  readonly #changed = new Here();
  begun = 0;

  /** Makes an object. */
  object(): Waitable {
    return { [remoteReadiness]: this } as unknown as Waitable;
  }

  set(object: Waitable): void {
    this.ready.add(object);
    this.#changed.set();
  }

  async wait(objects: readonly Waitable[], options: WaitOptions): Promise<number[]> {
    this.waits.push(options);
    await awaitOnAny([this.#changed], options);
    return this.poll(objects);
  }

  poll(objects: readonly Waitable[]): number[] {
    return [...objects.keys()].filter((at) => this.ready.has(objects[at]));
  }

  begin(objects: readonly Waitable[]): BegunWait {
    this.begun++;
    return { steps: this.#changed[readySteps](), ready: () => this.poll(objects) };
  }

  [Symbol.dispose](): void {
    this.#changed[Symbol.dispose]();
  }
}

/** Objects here and elsewhere, in turn. */
function mixed() {
  const stack = new DisposableStack();
  const remote = stack.use(new Elsewhere());
  const here = [0, 1].map(() => stack.use(new Here()));
  const elsewhere = [0, 1].map(() => remote.object());
  const all = [elsewhere[0], here[0], elsewhere[1], here[1]];
  return { remote, here, elsewhere, all, [Symbol.dispose]: () => stack.dispose() };
}

const needsNone = () => 0;
const ways: [
  name: string,
  wait: (objects: readonly Waitable[], options?: WaitOptions) => Promise<number[]>,
][] = [
  ["awaitOnAny", (objects, options) => awaitOnAny(objects, options)],
  [
    "blockOnAnyOf",
    (objects, options) => Promise.try(() => blockOnAnyOf(objects, options, needsNone)),
  ],
];

for (const [name, wait] of ways) {
  test(`${name}() returns all objects that are ready now, here and elsewhere, in order`, async () => {
    using objects = mixed();
    const { here, elsewhere, remote, all } = objects;
    here[1].set();
    assertEquals(await wait(all), [3]);
    assertEquals(await wait(here), [1]);
    remote.set(elsewhere[0]);
    assertEquals(await wait(all), [0, 3]);
    assertEquals(await wait(elsewhere), [0]);
    assertEquals(await wait([...all].reverse()), [0, 3]);
    assertEquals(remote.begun, 0);
  });

  test(`${name}() returns none when the time is up`, async () => {
    using objects = mixed();
    const { here, elsewhere, remote, all } = objects;
    for (const timeoutMs of [0, 1]) {
      for (const some of [all, here, elsewhere]) {
        assertEquals(await wait(some, { timeoutMs }), []);
      }
      // A wait that takes no time begins none elsewhere.
      assertEquals(remote.begun, timeoutMs === 0 || name === "awaitOnAny" ? 0 : 2);
    }
  });

  test(`${name}() waits for the first object that becomes ready, here or elsewhere`, async () => {
    for (const at of [0, 1, 2, 3]) {
      using objects = mixed();
      const { here, elsewhere, remote, all } = objects;
      setAlarm(performance.now() + 1, () => {
        if (at % 2 === 1) here[(at - 1) / 2].set();
        else remote.set(elsewhere[at / 2]);
      });
      assertEquals(await wait(all, { timeoutMs: 60_000 }), [at]);
    }
  });
}

test("awaitOnAny() ends the waits for the other objects, and leaves no listener on the signal", async () => {
  using objects = mixed();
  const { here, remote, all } = objects;
  const { signal } = new AbortController();
  const waiting = awaitOnAny(all, { signal, timeoutMs: 60_000 });
  here[0].set();
  assertEquals(await waiting, [1]);
  assertEquals(remote.waits.map(({ timeoutMs, signal }) => [timeoutMs, signal?.aborted]), [
    [60_000, true],
  ]);
});

test("awaitOnAny() throws the reason of its signal, and ends all waits", async () => {
  using objects = mixed();
  const controller = new AbortController();
  const waiting = awaitOnAny(objects.all, { signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
  assertEquals(objects.remote.waits.map(({ signal }) => signal?.aborted), [true]);
});

test("awaitOnAny() throws the error of a wait elsewhere, and ends the others", async () => {
  using objects = mixed();
  const lost = new Error("the program is gone");
  objects.remote.wait = () => Promise.reject(lost);
  assertStrictEquals(await assertRejects(() => awaitOnAny(objects.all)), lost);
});
