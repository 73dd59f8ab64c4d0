import { assert, assertEquals, assertThrows } from "@std/assert";
import { DeadlockError, Event, Lock, Pipe, Queue, waitAnySync } from "@sauropod/multiprocessing";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  LIVE_WORKERS,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { findDeadlock, findDeadlockOfAny } from "../../lib/parking/deadlock.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";
import { Word } from "./words.ts";

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

/** Lets as many workers live until the end of a scope. */
function liveWorkers(count: number): Disposable {
  const before = i32[LIVE_WORKERS];
  i32[LIVE_WORKERS] = count;
  return { [Symbol.dispose]: () => void (i32[LIVE_WORKERS] = before) };
}

test("findDeadlock() tells why no isolate can end a wait, if none can", () => {
  ensureIsolate();
  using word = new Word();
  using owner = new Word();
  const other = createIsolateRecord(thisIsolate);
  const [own, sent] = [new Queue<number>(), new Queue<number>()];
  const message = new Queue<unknown>();
  message.putSync(sent);
  const [here, elsewhere] = [addressOf(own)!, addressOf(sent)!];
  const at = { queue: word.queue, word: word.address, expected: 0 };
  const owned = { queue: owner.queue, word: owner.address, expected: 0, ownerWord: owner.address };
  const OWNED = "this isolate owns what this call waits for";
  const ONLY = "no other worker has what this call waits for";
  const NOBODY = "no other worker lives";
  const why = (park: typeof owned | typeof at, object: number) =>
    [OWNED, ONLY, NOBODY].find((text) => findDeadlock(park, object)?.startsWith(text));
  {
    using _ = liveWorkers(1);
    owner.value = thisIsolate;
    assertEquals([why(owned, 0), why(owned, here)], [OWNED, OWNED]);
    word.value = thisIsolate; // it names no owner
    assertEquals([why(at, 0), why(at, here), why(at, elsewhere)], [undefined, ONLY, undefined]);
    // The owner ends the wait, even if it has no handle.
    owner.value = other;
    assertEquals([why(owned, 0), why(owned, here)], [undefined, undefined]);
    assertEquals(why({ ...at, ownerWord: owner.address }, here), ONLY);
    assertEquals(findDeadlockOfAny([here, here])?.startsWith(ONLY), true);
    for (const objects of [[here, 0], [elsewhere, here], [0]]) {
      assertEquals(findDeadlockOfAny(objects), undefined);
    }
  }
  using _ = liveWorkers(0);
  owner.value = thisIsolate;
  assertEquals([why(owned, 0), why(at, 0), why(at, elsewhere)], [OWNED, NOBODY, NOBODY]);
  assertEquals(findDeadlockOfAny([0])?.startsWith(NOBODY), true);
  freeIsolateRecord(other);
  message.getSync();
});
