import { assert, assertEquals, assertThrows } from "@std/assert";
import { DeadlockError, Event, Lock, Pipe, Queue, waitAnySync } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const ALONE = "Cannot block: no other worker lives that could end this wait";
const ONLY_HERE = "Cannot block: no other worker has what this call waits for";

test("a blocking wait throws at once if no worker lives, and does not if it has a time-out", () => {
  const [event, queue, lock] = [new Event(), new Queue<number>(), new Lock()];
  assertThrows(() => event.waitSync(), DeadlockError, ALONE);
  assertThrows(() => queue.getSync(), DeadlockError, ALONE);
  assertThrows(() => waitAnySync([queue, event]), DeadlockError, ALONE);
  assertEquals(event.waitSync({ timeoutMs: 1 }), false);
  assertEquals(waitAnySync([queue, event], { timeoutMs: 1 }), []);
  lock.acquireSync();
  assertThrows(
    () => lock.acquireSync(),
    DeadlockError,
    "this isolate owns what this call waits for",
  );
  lock.release();
});

test("a blocking wait throws if no other worker has the object, although one lives", async () => {
  const [ready, end] = [new Event(), new Event()];
  const [own, shared] = [new Queue<number>(), new Queue<number>()];
  const [here, there] = Pipe<number>();
  const other = Pipe<number>();
  const process = run(
    async (ready: Event, end: Event, shared: Queue<number>) => {
      ready.set();
      await end.wait();
      await shared.put(1);
    },
    ready,
    end,
    shared,
  );
  assert(await ready.wait(guard));
  assertThrows(() => own.getSync(), DeadlockError, ONLY_HERE);
  assertThrows(() => here.recvSync(), DeadlockError, ONLY_HERE);
  assertThrows(() => waitAnySync([own, here, other[0]]), DeadlockError, ONLY_HERE);
  end.set();
  // Another worker has one of them.
  assertEquals(waitAnySync([own, shared]), [shared]);
  assertEquals(shared.getSync(), 1);
  await ended(process);
  for (const end of [here, there, ...other]) end.close();
});

test("a wait for what a promise of this isolate owns throws when it is the owner", async () => {
  const [lock, ready] = [new Lock(), new Event()];
  const process = run(
    async (lock: Lock, ready: Event) => {
      await lock.acquire();
      ready.set();
      await ready.wait();
      lock.release();
    },
    lock,
    ready,
  );
  assert(await ready.wait(guard));
  lock.acquireSync(); // another isolate owns it: no deadlock
  assertThrows(() => lock.acquireSync(), DeadlockError, "this isolate owns");
  lock.release();
  await ended(process);
});
