import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import type { Step } from "./code.ts";
import {
  acceptAbandoned,
  addressOfShared,
  assertEmptyQueue,
  endsItself,
  finds,
  proves,
  queueNames,
  terminates,
  untilTerminated,
} from "./prove.ts";
import { choose, i32, until } from "./stand_ins.ts";

/** The class of the condition's lock. */
type LockClass = "Lock" | "RLock";

function makeCondition(world: World, lockClass: LockClass) {
  const { condition, lock, rlock } = world.isolates[0];
  const own = lockClass === "Lock" ? new lock.Lock() : new rlock.RLock();
  const conditions = world.share(new condition.Condition(own));
  const at = addressOfShared(world, conditions[0]);
  const owner = addressOfShared(world, own) + 2;
  world.name(at + 2, "LOCK", "STILL", ...queueNames("QUEUE"));
  world.name(owner, "OWNER", ...queueNames("LOCK_QUEUE"));
  world.share(own);
  return {
    conditions,
    owner,
    queue: at + 4,
    atEnd() {
      assert(
        i32[owner] === 0 || world.isolates[0].isolateRecord.hasEnded(i32[owner]),
        "the lock is not free",
      );
      assertEmptyQueue(owner + 1);
      assertEmptyQueue(at + 4);
    },
  };
}

const uses: Scenario["uses"] = ["condition", "lock", "rlock", "lifecycle"];

/** The first produces an item for each of the others, which consume one each. */
function producer(lockClass: LockClass, consumers: number, notify: "one" | "all"): Scenario {
  return {
    name: `Condition with ${lockClass}: one produces, ${consumers} consume, notify ${notify}`,
    isolates: 1 + consumers,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, atEnd } = makeCondition(world, lockClass);
      const items = world.word("items");
      const [first, ...others] = conditions;
      const produce: Step = () => {
        first.acquireSync();
        i32[items]++;
        if (notify === "one") first.notify();
        first.release();
      };
      const produceAll: Step = () => {
        first.acquireSync();
        i32[items] += consumers;
        first.notifyAll();
        first.release();
      };
      return {
        programs: [
          notify === "one" ? others.map(() => produce) : [produceAll],
          ...others.map((condition) => [
            () => void condition.acquireSync(),
            () => void condition.waitForSync(() => i32[items] > 0),
            () => void i32[items]--,
            () => condition.release(),
          ]),
        ],
        atEnd() {
          assertEquals(i32[items], 0);
          atEnd();
        },
      };
    },
  };
}

proves(producer("Lock", 1, "one"));
proves(producer("RLock", 1, "one"));
proves(producer("Lock", 2, "all"), { large: true });
proves(producer("Lock", 2, "one"), { large: true });
proves(producer("RLock", 2, "one"), { large: true });

/** Two wait. The first notification wakes one of them, the second the other. */
function oneEach(lockClass: LockClass): Scenario {
  return {
    name: `Condition with ${lockClass}: each notification wakes one of two`,
    isolates: 3,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, queue, atEnd } = makeCondition(world, lockClass);
      const waiting = world.word("waiting");
      const woken = world.word("woken");
      const [first, ...others] = conditions;
      const notify: Step = () => {
        first.acquireSync();
        first.notify();
        first.release();
      };
      return {
        programs: [
          [
            () => until(waiting, 2),
            notify,
            () => until(woken, 1),
            () => {
              first.acquireSync();
              assertEquals(i32[woken], 1);
              first.release();
            },
            notify,
          ],
          ...others.map((condition, i) => [
            () => {
              // The second arrives when the first waits: fewer schedules.
              if (i === 1) until(queue + 1, 0, true);
              condition.acquireSync();
              i32[waiting]++;
            },
            () => assert(condition.waitSync()),
            () => {
              i32[woken]++;
              condition.release();
            },
          ]),
        ],
        atEnd() {
          assertEquals(i32[woken], 2);
          atEnd();
        },
      };
    },
  };
}

proves(oneEach("Lock"));

/**
 * One notification for two waiters, one of which times out or is terminated: it reaches the other. If the
 * first was notified, it notifies the other.
 */
function oneLeaves(lockClass: LockClass, how: "times out" | "is terminated"): Scenario {
  return {
    name: `Condition with ${lockClass}: one of two waiters ${how}`,
    isolates: 3,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, owner, atEnd } = makeCondition(world, lockClass);
      const terminate = terminates(world, 1);
      const [notifier, leaving, other] = conditions;
      const isTerminated = how === "is terminated";
      const waiting = world.word("waiting");
      const terminatesFirst = world.word("terminatesFirst");
      const acquire = (condition: typeof notifier): Step =>
        acceptAbandoned(() => {
          condition.acquireSync();
          i32[waiting]++;
        }, () => void i32[waiting]++);
      const steps: Step[] = [
        acquire(leaving),
        () => leaving.waitSync({ timeoutMs: isTerminated ? undefined : 1 }),
        (notified) => {
          if (notified) leaving.notify();
          leaving.release();
        },
      ];
      return {
        programs: [
          [
            () => {
              until(waiting, 2);
              i32[terminatesFirst] = isTerminated ? choose(2) : 0;
              if (i32[terminatesFirst] === 1) terminate();
            },
            acceptAbandoned(() => void notifier.acquireSync()),
            () => notifier.notify(),
            () => notifier.release(),
            () => {
              if (isTerminated && i32[terminatesFirst] === 0) terminate();
            },
          ],
          isTerminated ? untilTerminated(steps) : steps,
          [
            () => {
              until(waiting, 0, true); // one waits already: fewer schedules
              until(owner, 0);
            },
            acquire(other),
            acceptAbandoned(() => assert(other.waitSync())),
            () => other.release(),
          ],
        ],
        atEnd,
      };
    },
  };
}

proves(oneLeaves("Lock", "times out"));
proves(oneLeaves("Lock", "is terminated"), { large: true });
proves(oneLeaves("RLock", "times out"), { large: true });
proves(oneLeaves("RLock", "is terminated"), { large: true });

/** The owner of the lock ends: all waiters are woken, and one gets an `AbandonedLockError`. */
function ownerEnds(lockClass: LockClass, waiters: number): Scenario {
  return {
    name: `Condition with ${lockClass}: the owner of the lock ends, ${waiters} wait`,
    isolates: 1 + waiters,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, owner, atEnd } = makeCondition(world, lockClass);
      const waiting = world.word("waiting");
      const errors = world.word("errors");
      const [first, ...others] = conditions;
      return {
        programs: [
          [
            () => {
              until(waiting, waiters);
              until(owner, 0); // fewer schedules
            },
            () => void first.acquireSync(),
            endsItself(world, 0),
          ],
          ...others.map((condition, i): Step[] => [
            () => {
              until(waiting, i);
              until(owner, 0);
              condition.acquireSync();
              i32[waiting]++;
            },
            acceptAbandoned(() => void condition.waitSync(), () => void i32[errors]++),
            () => condition.release(),
          ]),
        ],
        atEnd() {
          assertEquals(i32[errors], 1);
          atEnd();
        },
      };
    },
  };
}

proves(ownerEnds("Lock", 1));
proves(ownerEnds("Lock", 2));
proves(ownerEnds("RLock", 2), { large: true });

finds("a waiter that releases the lock before it joins the queue misses its notification", [
  {
    file: "lib/sync/condition.ts",
    from: "  let outcome: ParkResult;\n  try {\n    outcome = yield {",
    to: "  let outcome: ParkResult;\n  reacquire = freeLock(lock);\n  try {\n    outcome = yield {",
  },
  {
    file: "lib/sync/condition.ts",
    from: "      onQueued: () => reacquire = freeLock(lock),\n",
    to: "",
  },
], producer("Lock", 1, "one"));

finds(
  "an isolate that takes the lock over from one that ended hides that end from the other waiters",
  {
    file: "lib/sync/ownership.ts",
    from: '  if (how === "abandoned") wakeOtherQueuesOnOwner(owner, owner + QUEUE);\n',
    to: "",
  },
  ownerEnds("Lock", 2),
);

finds("a notified waiter that ends before it has the lock keeps the notification", [
  {
    file: "lib/parking/wait_queue.ts",
    from: "  if (state !== NodeState.UNUSED && successorQueue !== 0) wakeOne(successorQueue);",
    to: "",
  },
  {
    file: "lib/sync/condition.ts",
    from: "  } catch (reason) {\n    wakeOne(condition + QUEUE);\n    throw reason;",
    to: "  } catch (reason) {\n    throw reason;",
  },
], oneLeaves("Lock", "is terminated"));
