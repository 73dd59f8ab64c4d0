import { assert } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import type { Step } from "./code.ts";
import {
  acceptAbandoned,
  addressOfShared,
  assertEmptyQueue,
  endsItself,
  exclusiveSection,
  finds,
  type ModelPromise,
  proves,
  queueNames,
  repeat,
  terminates,
  untilTerminated,
  withinTimeout,
} from "./prove.ts";
import { Atomics, choose, i32, runEventLoop, until } from "./stand_ins.ts";

function makeLock(world: World) {
  const { isolates, share, word, name } = world;
  const locks = share(new isolates[0].lock.Lock());
  const owner = addressOfShared(world, locks[0]) + 2;
  name(owner, "OWNER", ...queueNames("QUEUE"));
  const { hasEnded } = isolates[0].isolateRecord;
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

function contention(count: number, rounds: number, realGuard = false): Scenario {
  return {
    name: `Lock: ${count} isolates acquire ${rounds} times${realGuard ? ", real guard" : ""}`,
    isolates: count,
    alike: true,
    forgetful: true,
    uses: ["lock"],
    realGuard,
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      return {
        programs: locks.map((lock) =>
          repeat(rounds, [
            () => void lock.acquireSync(),
            ...exclusiveSection(inside),
            () => lock.release(),
          ])
        ),
        atEnd,
      };
    },
  };
}

proves(contention(2, 3));
proves(contention(2, 2, true));
proves(contention(3, 1));
proves(contention(2, 4), { large: true });
proves(contention(2, 3, true), { large: true });
proves(contention(3, 1, true), { large: true });
proves(contention(3, 2), { large: true });

/** The first has a time-out, which may pass at any moment. All others acquire the lock. */
function oneTimesOut(count: number): Scenario {
  return {
    name: `Lock: one of ${count} isolates times out`,
    isolates: count,
    forgetful: true,
    uses: ["lock"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const [timed, ...untimed] = locks;
      const [enter, leave] = exclusiveSection(inside);
      return {
        programs: [
          [
            withinTimeout(() => timed.acquireSync({ timeoutMs: 1 })),
            ...[enter, leave, () => timed.release()].map(ifAcquired),
          ],
          ...untimed.map((lock) => [
            () => void lock.acquireSync(),
            enter,
            leave,
            () => lock.release(),
          ]),
        ],
        atEnd,
      };
    },
  };
}

/** Skips the step unless the step before returned true. */
function ifAcquired(step: Step): Step {
  return (saved) => {
    if (saved === true) step(saved);
    return saved;
  };
}

proves(oneTimesOut(2));
proves(oneTimesOut(3));

/** The first terminates the second at any moment. All others acquire the lock. */
function oneIsTerminated(count: number): Scenario {
  return {
    name: `Lock: one of ${count} isolates is terminated`,
    isolates: count,
    forgetful: true,
    uses: ["lock", "lifecycle"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const terminate = terminates(world, 1);
      const terminatesLast = world.word("terminatesLast");
      const programs = locks.map((lock) => [
        acceptAbandoned(() => void lock.acquireSync()),
        ...exclusiveSection(inside),
        () => lock.release(),
      ]);
      // Before it acquires, or after its release, which may have woken the victim.
      programs[0].unshift(() => {
        i32[terminatesLast] = choose(2);
        if (i32[terminatesLast] === 0) terminate();
      });
      programs[0].push(() => {
        if (i32[terminatesLast] === 1) terminate();
      });
      programs[1] = untilTerminated([
        acceptAbandoned(() => void locks[1].acquireSync()),
        () => locks[1].release(),
      ]);
      return { programs, atEnd };
    },
  };
}

proves(oneIsTerminated(2));
proves(oneIsTerminated(3), { large: true });

/** The first ends while it owns the lock. At most one of the others gets an `AbandonedLockError`. */
function ownerEnds(count: number): Scenario {
  return {
    name: `Lock: its owner ends, ${count - 1} others wait`,
    isolates: count,
    forgetful: true,
    uses: ["lock", "lifecycle"],
    setUp(world) {
      const { locks, inside, atEnd } = makeLock(world);
      const errors = world.word("errors");
      return {
        programs: locks.map((lock, i) =>
          i === 0 ? [() => void lock.acquireSync(), endsItself(world, 0)] : [
            acceptAbandoned(
              () => void lock.acquireSync(),
              () => void Atomics.add(i32, errors, 1),
            ),
            ...exclusiveSection(inside),
            () => lock.release(),
          ]
        ),
        atEnd() {
          atEnd();
          assert(i32[errors] <= 1, "two isolates get an AbandonedLockError");
        },
      };
    },
  };
}

proves(ownerEnds(2));
proves(ownerEnds(3));

/** The owner terminates a waiter, which may still take the lock over from it, and then ends. */
const ownerTerminatesWaiter: Scenario = {
  name: "Lock: its owner terminates a waiter and then ends",
  isolates: 3,
  forgetful: true,
  uses: ["lock", "lifecycle"],
  setUp(world) {
    const { locks, atEnd } = makeLock(world);
    const acquireAndRelease = (lock: typeof locks[0]) => [
      acceptAbandoned(() => void lock.acquireSync()),
      () => lock.release(),
    ];
    return {
      programs: [
        [
          () => void locks[0].acquireSync(),
          terminates(world, 1),
          endsItself(world, 0),
        ],
        untilTerminated(acquireAndRelease(locks[1])),
        acquireAndRelease(locks[2]),
      ],
      atEnd,
    };
  },
};

proves(ownerTerminatesWaiter);

/** In one isolate a promise waits for the lock. If `blocks`, the isolate may also block for it. */
function promiseWaits(count: number, blocks: boolean): Scenario {
  return {
    name: `Lock: ${count} isolates, a promise waits in one${blocks ? " that also blocks" : ""}`,
    isolates: count,
    uses: ["lock", "ownership"],
    setUp(world) {
      const { locks, owner, inside, atEnd } = makeLock(world);
      const { wait, ownership } = world.isolates[0];
      const [enter, leave] = exclusiveSection(inside);
      return {
        programs: locks.map((lock, i) =>
          i > 0 ? [() => void lock.acquireSync(), enter, leave, () => lock.release()] : [() => {
            const promise = wait.awaitOn(ownership.acquiring(owner)) as unknown as ModelPromise;
            // The isolate blocks after any number of turns of the event loop.
            if (blocks) runEventLoop(() => promise.settled !== undefined || choose(2) === 1);
            if (blocks && promise.settled === undefined) {
              lock.acquireSync();
              enter(null);
              leave(null);
              lock.release();
            }
            runEventLoop(() => promise.settled !== undefined);
            assert("value" in promise.settled!, "the promise is rejected");
            enter(null);
            leave(null);
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

/** The first acquires the lock repeatedly. The second, once it waits, is overtaken at most once. */
const boundedOvertaking: Scenario = {
  name: "Lock: no waiter is overtaken twice",
  isolates: 2,
  forgetful: true,
  uses: ["lock"],
  setUp(world) {
    const { locks, owner, atEnd } = makeLock(world);
    const waits = world.word("waits");
    const overtaken = world.word("overtaken");
    const [repeated, single] = locks;
    return {
      programs: [
        repeat(4, [
          () => void repeated.acquireSync(),
          () => void (Atomics.load(i32, waits) === 1 && Atomics.add(i32, overtaken, 1)),
          () => {
            // Keeps the lock until the other isolate is in the queue.
            if (Atomics.load(i32, waits) < 2) until(owner + 2, 0, true);
            if (Atomics.load(i32, waits) === 0) Atomics.store(i32, waits, 1);
          },
          () => repeated.release(),
        ]),
        [() => {
          single.acquireSync();
          Atomics.store(i32, waits, 2);
          assert(Atomics.load(i32, overtaken) <= 1, "overtaken twice");
          single.release();
        }],
      ],
      atEnd,
    };
  },
};

proves(boundedOvertaking);

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
}, contention(2, 1));

finds("a waiter that does not check the word inside the queue is not woken", {
  file: WAIT_QUEUE,
  from: "Atomics.load(i32, word) === expected &&",
  to: "",
}, contention(2, 1));

finds("a release that does not check for waiters that joined meanwhile wakes none", {
  file: OWNERSHIP,
  from: "    wakeOne(queue); //",
  to: "    //",
}, contention(2, 1));

finds("a lock that is taken in two steps has two owners", {
  file: OWNERSHIP,
  from: "return Atomics.compareExchange(i32, owner, 0, thisIsolate) === 0;",
  to:
    "if (Atomics.load(i32, owner) !== 0) return false; Atomics.store(i32, owner, thisIsolate); return true;",
}, contention(2, 1));

finds("a lock that is handed off without naming its owner has two owners", {
  file: WAIT_QUEUE,
  from: "const next = isDirect ? i32[node + nodeWord.ISOLATE] : 0;",
  to: "const next = 0;",
}, contention(2, 3));

finds("a waiter is lost if its node looks unused between two states", {
  file: WAIT_QUEUE,
  from: "    unlink(queue, node);\n    if (!hasEnded",
  to: "    remove(queue, node);\n    if (!hasEnded",
}, contention(2, 2));

finds("a waiter that sleeps without a check of its wake-ups stays asleep", {
  file: PARKER,
  from: "    const seen = Atomics.load(i32, wake);\n    const state",
  to: "    const seen = -1;\n    const state",
}, contention(2, 1));

finds("a waker that unparks before it writes the state wakes no waiter", [
  {
    file: WAIT_QUEUE,
    from: "  Atomics.store(i32, node + nodeWord.STATE, state);\n  if ((flags",
    to: "  unpark(isolate);\n  Atomics.store(i32, node + nodeWord.STATE, state);\n  if ((flags",
  },
  {
    file: WAIT_QUEUE,
    from: "updateKeepAlive();\n  }\n  return isolate;",
    to: "updateKeepAlive();\n  }\n  return 0;",
  },
], contention(2, 1));

finds("a waiter that was overtaken and is not marked so is overtaken again", {
  file: OWNERSHIP,
  from: "if (outcome === ParkResult.WOKEN) overtaken = true;",
  to: "",
}, boundedOvertaking);

finds("a waiter that times out loses the wake-up that came at the last moment", {
  file: PARKER,
  from: "if (!dequeue(node)) continue; //",
  to: "dequeue(node); //",
}, oneTimesOut(3));

finds("a waiter that is terminated loses its wake-up", [
  {
    file: WAIT_QUEUE,
    from: "  if (state === NodeState.WOKEN) wakeOne(queue);",
    to: "",
  },
  {
    file: CONTROL,
    from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
    to: "throw stopError();",
  },
], oneIsTerminated(3));

finds("a waiter that does not check the owner inside the queue waits for one that has ended", {
  file: WAIT_QUEUE,
  from: "(park.ownerWord === undefined || !isOwnerGone(park.ownerWord)) &&",
  to: "",
}, ownerEnds(2));

finds("the end of an isolate leaves waiters for its locks asleep if it does not wake them", {
  file: "lib/runtime/lifecycle.ts",
  from: "  wakeWaitersOnOwner(record);",
  to: "",
}, ownerEnds(2));

finds("an ended isolate that releases a lock that another took over admits two", {
  file: OWNERSHIP,
  from: "    if (hasEnded(thisIsolate)) return true;",
  to: "",
}, oneIsTerminated(3));

finds("wake-ups of promises are lost if their isolate blocks and does not forward them", {
  file: PARKER,
  from: "if (hasWokenPromises()) {\n      const own",
  to: "if (false) {\n      const own",
}, promiseWaits(2, true));

finds("a blocking isolate reports a deadlock for a lock that was just handed to its promise", {
  file: PARKER,
  from: "      const own = forwardWakeups(park.queue);\n      if (own !== undefined) return own;\n",
  to: "",
}, promiseWaits(3, true));

finds("an isolate that is terminated after it was woken takes the lock from the waiters", {
  file: OWNERSHIP,
  from: 'return becomeOwner(owner, "acquired");',
  to: 'return "acquired";',
}, oneIsTerminated(3));

finds("an isolate that is terminated after its check takes the lock over from the waiters", {
  file: OWNERSHIP,
  from: 'return becomeOwner(owner, "abandoned");',
  to: 'return "abandoned";',
}, ownerTerminatesWaiter);
