import { assert } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import type { Step } from "./code.ts";
import {
  addressIn,
  alone,
  assertEmptyQueue,
  type Ending,
  endOf,
  finds,
  inTime,
  ownEnd,
  proves,
  queueNames,
  times,
  unlessAbandoned,
  untilStopped,
} from "./prove.ts";
import { Atomics, choose, i32, runEventLoop, until } from "./stand_ins.ts";

function makeLock(world: World) {
  const { isolates, share, word, name } = world;
  const locks = share(new isolates[0].lock.Lock());
  const owner = addressIn(world, locks[0]) + 2;
  name(owner, "OWNER", ...queueNames("QUEUE"));
  const { hasEnded } = isolates[0].thread;
  return {
    locks,
    owner,
    inside: word("inside"),
    atEnd() {
      assert(i32[owner] === 0 || hasEnded(i32[owner]), "the lock is not free");
      assertEmptyQueue(owner + 1);
    },
  };
}

function allAcquire(threads: number, rounds: number, realGuard = false): Scenario {
  return {
    name: `Lock: ${threads} threads acquire ${rounds} times${realGuard ? ", real guard" : ""}`,
    threads,
    alike: true,
    forgetful: true,
    uses: ["lock"],
    realGuard,
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      return {
        threads: locks.map((lock) =>
          times(rounds, [() => void lock.acquireSync(), ...alone(inside), () => lock.release()])
        ),
        atEnd,
      };
    },
  };
}

proves(allAcquire(2, 3));
proves(allAcquire(2, 2, true));
proves(allAcquire(3, 1));
proves(allAcquire(2, 4), { large: true });
proves(allAcquire(2, 3, true), { large: true });
proves(allAcquire(3, 1, true), { large: true });
proves(allAcquire(3, 2), { large: true });

/** One gives up after some time, at any moment; the others must not notice. */
function oneTimesOut(threads: number): Scenario {
  return {
    name: `Lock: one of ${threads} threads times out`,
    threads,
    forgetful: true,
    uses: ["lock"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const [hurried, ...patient] = locks;
      const [come, go] = alone(inside);
      return {
        threads: [
          [
            inTime(() => hurried.acquireSync({ timeoutMs: 1 })),
            ...[come, go, () => hurried.release()].map(ifTrue),
          ],
          ...patient.map((lock) => [
            () => void lock.acquireSync(),
            come,
            go,
            () => lock.release(),
          ]),
        ],
        atEnd,
      };
    },
  };
}

function ifTrue(step: Step): Step {
  return (saved) => {
    if (saved === true) step(saved);
    return saved;
  };
}

proves(oneTimesOut(2));
proves(oneTimesOut(3));

/** The first ends the second at any moment; all others must get the lock. */
function oneIsEnded(threads: number): Scenario {
  return {
    name: `Lock: one of ${threads} threads is ended`,
    threads,
    forgetful: true,
    uses: ["lock", "lifecycle"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const end = endOf(world, 1);
      const order = world.word("order");
      const threads = locks.map((lock) => [
        unlessAbandoned(() => void lock.acquireSync()),
        ...alone(inside),
        () => lock.release(),
      ]);
      // Before it acquires, or after its release, which may have woken the victim.
      threads[0].unshift(() => {
        i32[order] = choose(2);
        if (i32[order] === 0) end();
      });
      threads[0].push(() => {
        if (i32[order] === 1) end();
      });
      threads[1] = untilStopped([
        unlessAbandoned(() => void locks[1].acquireSync()),
        () => locks[1].release(),
      ]);
      return { threads, atEnd };
    },
  };
}

proves(oneIsEnded(2));
proves(oneIsEnded(3), { large: true });

/** The first ends itself while it holds the lock: exactly one of the others is told. */
function ownerEndsItself(threads: number): Scenario {
  return {
    name: `Lock: its owner ends, ${threads - 1} others wait`,
    threads,
    forgetful: true,
    uses: ["lock", "lifecycle"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const told = world.word("told");
      return {
        threads: locks.map((lock, i) =>
          i === 0 ? [() => void lock.acquireSync(), ownEnd(world, 0)] : [
            unlessAbandoned(
              () => void lock.acquireSync(),
              () => void Atomics.add(i32, told, 1),
            ),
            ...alone(inside),
            () => lock.release(),
          ]
        ),
        atEnd() {
          atEnd();
          assert(i32[told] <= 1, "the death is told twice");
        },
      };
    },
  };
}

proves(ownerEndsItself(2));
proves(ownerEndsItself(3));

/** The owner ends the second, which may still take the lock over from it, and then itself. */
const ownerEndsAnotherFirst: Scenario = {
  name: "Lock: its owner ends a waiter, and then itself",
  threads: 3,
  forgetful: true,
  uses: ["lock", "lifecycle"],
  setUp(world) {
    const { locks, atEnd } = makeLock(world);
    const wants = (lock: typeof locks[0]) => [
      unlessAbandoned(() => void lock.acquireSync()),
      () => lock.release(),
    ];
    return {
      threads: [
        [
          () => void locks[0].acquireSync(),
          endOf(world, 1),
          ownEnd(world, 0),
        ],
        untilStopped(wants(locks[1])),
        wants(locks[2]),
      ],
      atEnd,
    };
  },
};

proves(ownerEndsAnotherFirst);

/** One thread has a promise that waits for the lock, and perhaps blocks for it too. */
function promiseWaits(threads: number, blocks: boolean): Scenario {
  return {
    name: `Lock: ${threads} threads, in one a promise waits${blocks ? " while it blocks" : ""}`,
    threads,
    uses: ["lock", "ownership"],
    setUp(world) {
      const { locks, owner, inside, atEnd } = makeLock(world);
      const { wait, ownership } = world.isolates[0];
      const [come, go] = alone(inside);
      return {
        threads: locks.map((lock, i) =>
          i > 0 ? [() => void lock.acquireSync(), come, go, () => lock.release()] : [() => {
            const promise = wait.awaitOn(ownership.acquiring(owner)) as unknown as Ending;
            // From some turn of the event loop on the thread blocks.
            if (blocks) runEventLoop(() => promise.ended !== undefined || choose(2) === 1);
            if (blocks && promise.ended === undefined) {
              lock.acquireSync();
              come(null);
              go(null);
              lock.release();
            }
            runEventLoop(() => promise.ended !== undefined);
            assert("value" in promise.ended!, "the promise fails");
            come(null);
            go(null);
            lock.release();
          }]
        ),
        atEnd,
      };
    },
  };
}

proves(promiseWaits(2, false));
proves(promiseWaits(2, true));
proves(promiseWaits(3, false));
proves(promiseWaits(3, true), { large: true });

/** The first takes the lock again and again; the second, once it waits, is overtaken at most once. */
const overtakenOnce: Scenario = {
  name: "Lock: no waiter is overtaken twice",
  threads: 2,
  forgetful: true,
  uses: ["lock"],
  setUp(world) {
    const { locks, owner, atEnd } = makeLock(world);
    const waits = world.word("waits");
    const overtaken = world.word("overtaken");
    const [greedy, patient] = locks;
    return {
      threads: [
        times(4, [
          () => void greedy.acquireSync(),
          () => void (Atomics.load(i32, waits) === 1 && Atomics.add(i32, overtaken, 1)),
          () => {
            // Holds the lock until the other stands in the queue, asked before or after.
            if (Atomics.load(i32, waits) < 2) until(owner + 2, 0, true);
            if (Atomics.load(i32, waits) === 0) Atomics.store(i32, waits, 1);
          },
          () => greedy.release(),
        ]),
        [() => {
          patient.acquireSync();
          Atomics.store(i32, waits, 2);
          assert(Atomics.load(i32, overtaken) <= 1, "overtaken twice");
          patient.release();
        }],
      ],
      atEnd,
    };
  },
};

proves(overtakenOnce);

const WAIT_QUEUE = "lib/parking/wait_queue.ts";
const PARKER = "lib/parking/park_blocking.ts";
const CONTROL = "lib/parking/control.ts";
const OWNERSHIP = "lib/sync/ownership.ts";

finds("a waiter that checks the word before it joins the queue is not woken", {
  file: WAIT_QUEUE,
  from: "  link(queue, node, overtaken);\n",
  to: `  const seen = Atomics.load(i32, word);
    link(queue, node, overtaken);
    if (seen === expected) { leave(queue + GUARD); return true; }
  `,
}, allAcquire(2, 1));

finds("a waiter that does not check the word inside the queue is not woken", {
  file: WAIT_QUEUE,
  from: "Atomics.load(i32, word) === expected &&",
  to: "",
}, allAcquire(2, 1));

finds("a release that does not check for waiters that joined meanwhile wakes none", {
  file: OWNERSHIP,
  from: "    wakeOne(queue); // a waiter may",
  to: "    // a waiter may",
}, allAcquire(2, 1));

finds("a lock that is taken in two steps has two owners", {
  file: OWNERSHIP,
  from: "return Atomics.compareExchange(i32, owner, 0, thisIsolate) === 0;",
  to:
    "if (Atomics.load(i32, owner) !== 0) return false; Atomics.store(i32, owner, thisIsolate); return true;",
}, allAcquire(2, 1));

finds("a lock that is handed off without naming its owner has two owners", {
  file: WAIT_QUEUE,
  from: "const next = isDirect ? i32[node + nodeWord.ISOLATE] : 0;",
  to: "const next = 0;",
}, allAcquire(2, 3));

finds("a waiter is lost if its node looks unused between two states", {
  file: WAIT_QUEUE,
  from: "    unlink(queue, node);\n    if (!hasEnded",
  to: "    remove(queue, node);\n    if (!hasEnded",
}, allAcquire(2, 2));

finds("a waiter that sleeps without a check of its wake-ups stays asleep", {
  file: PARKER,
  from: "    const seen = Atomics.load(i32, wake);\n    const state",
  to: "    const seen = -1;\n    const state",
}, allAcquire(2, 1));

finds("a waker that unparks before it writes the state wakes no waiter", [
  {
    file: WAIT_QUEUE,
    from: "  Atomics.store(i32, node + nodeWord.STATE, state);\n  if ((flags",
    to: "  unpark(isolate);\n  Atomics.store(i32, node + nodeWord.STATE, state);\n  if ((flags",
  },
  {
    file: WAIT_QUEUE,
    from: "updateKeepAlive();\n  }\n  unpark(isolate);",
    to: "updateKeepAlive();\n  }",
  },
], allAcquire(2, 1));

finds("a waiter that was overtaken and is not marked so is overtaken again", {
  file: OWNERSHIP,
  from: "if (outcome === ParkResult.WOKEN) overtaken = true;",
  to: "",
}, overtakenOnce);

finds("a waiter that times out loses the wake-up that came at the last moment", {
  file: PARKER,
  from: "if (!dequeue(node)) continue; // woken at the last moment: that counts",
  to: "dequeue(node);",
}, oneTimesOut(3));

finds("a waiter that is ended loses its wake-up", [
  {
    file: WAIT_QUEUE,
    from: "    if (state === NodeState.WOKEN) wakeOne(queue);",
    to: "",
  },
  {
    file: CONTROL,
    from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
    to: "throw stopError();",
  },
], oneIsEnded(3));

finds("a waiter that does not check the owner inside the queue waits for one that has ended", {
  file: WAIT_QUEUE,
  from: "(park.ownerWord === undefined || !isOwnerGone(park.ownerWord)) &&",
  to: "",
}, ownerEndsItself(2));

finds("an end that does not wake the waiters for what the isolate owned leaves them asleep", {
  file: "lib/runtime/lifecycle.ts",
  from: "  wakeWaitersOnOwner(record); // locks it held",
  to: "",
}, ownerEndsItself(2));

finds("an ended isolate that releases a lock that another took over admits two", {
  file: OWNERSHIP,
  from: "    if (hasEnded(thisIsolate)) return true; // checked after",
  to: "    // checked after",
}, oneIsEnded(3));

finds("wake-ups of promises whose isolate blocks must be forwarded", {
  file: PARKER,
  from: "if (hasWokenPromises()) {\n      const own",
  to: "if (false) {\n      const own",
}, promiseWaits(2, true));

finds("a blocking isolate takes a lock that was just handed to its promise for a dead-lock", {
  file: PARKER,
  from: "      const own = forwardWakeups(park.queue);\n      if (own !== undefined) return own;\n",
  to: "",
}, promiseWaits(3, true));

finds("an isolate that is ended after it was woken takes the lock from the waiters", {
  file: OWNERSHIP,
  from: 'return becomeOwner(owner, "acquired");',
  to: 'return "acquired";',
}, oneIsEnded(3));

finds("an isolate that is ended after its check takes the lock over from the waiters", {
  file: OWNERSHIP,
  from: 'return becomeOwner(owner, "abandoned");',
  to: 'return "abandoned";',
}, ownerEndsAnotherFirst);
