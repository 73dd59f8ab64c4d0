import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import type { Step } from "./code.ts";
import {
  addressIn,
  assertEmptyQueue,
  endOf,
  finds,
  ownEnd,
  proves,
  queueNames,
  unlessAbandoned,
  untilStopped,
} from "./prove.ts";
import { choose, i32, until } from "./stand_ins.ts";

/** Which lock goes with the condition. */
type With = "Lock" | "RLock";

function makeCondition(world: World, which: With) {
  const { condition, lock, rlock } = world.isolates[0];
  const its = which === "Lock" ? new lock.Lock() : new rlock.RLock();
  const conditions = world.share(new condition.Condition(its));
  const at = addressIn(world, conditions[0]);
  const owner = addressIn(world, its) + 2;
  world.name(at + 2, "LOCK", "STILL", ...queueNames("QUEUE"));
  world.name(owner, "OWNER", ...queueNames("LOCK_QUEUE"));
  world.share(its);
  return {
    conditions,
    owner,
    queue: at + 4,
    atEnd() {
      assert(i32[owner] === 0 || world.isolates[0].thread.hasEnded(i32[owner]), "a lock is held");
      assertEmptyQueue(owner + 1);
      assertEmptyQueue(at + 4);
    },
  };
}

const uses: Scenario["uses"] = ["condition", "lock", "rlock", "lifecycle"];

/** One puts in, one by one; each of the others takes one out. */
function producer(which: With, consumers: number, notify: "one" | "all"): Scenario {
  return {
    name: `Condition with ${which}: one produces, ${consumers} consume, notify ${notify}`,
    threads: 1 + consumers,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, atEnd } = makeCondition(world, which);
      const items = world.word("items");
      const [its, ...others] = conditions;
      const produce: Step = () => {
        its.acquireSync();
        i32[items]++;
        if (notify === "one") its.notify();
        its.release();
      };
      const produceAll: Step = () => {
        its.acquireSync();
        i32[items] += consumers;
        its.notifyAll();
        its.release();
      };
      return {
        threads: [
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

/** Two wait; one notification wakes exactly one of them, and the next the other. */
function oneEach(which: With): Scenario {
  return {
    name: `Condition with ${which}: each notification wakes one of two`,
    threads: 3,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, queue, atEnd } = makeCondition(world, which);
      const waiting = world.word("waiting");
      const woken = world.word("woken");
      const [its, ...others] = conditions;
      const notify: Step = () => {
        its.acquireSync();
        its.notify();
        its.release();
      };
      return {
        threads: [
          [
            () => until(waiting, 2),
            notify,
            () => until(woken, 1),
            () => {
              its.acquireSync();
              assertEquals(i32[woken], 1);
              its.release();
            },
            notify,
          ],
          ...others.map((condition, i) => [
            () => {
              // The second comes when the first waits, so that there are fewer schedules.
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
 * One notification for two, of whom one gives up or is ended: it reaches the other. The first passes
 * it on if it is told that it got it.
 */
function oneGivesUp(which: With, how: "times out" | "is ended"): Scenario {
  return {
    name: `Condition with ${which}: one of two waiters ${how}`,
    threads: 3,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, owner, atEnd } = makeCondition(world, which);
      const endHurried = endOf(world, 1);
      const [its, hurried, patient] = conditions;
      const ends = how === "is ended";
      const waiting = world.word("waiting");
      const first = world.word("first");
      const come = (condition: typeof its): Step =>
        unlessAbandoned(() => {
          condition.acquireSync();
          i32[waiting]++;
        }, () => void i32[waiting]++);
      const gives: Step[] = [
        come(hurried),
        () => hurried.waitSync({ timeoutMs: ends ? undefined : 1 }),
        (notified) => {
          if (notified) hurried.notify();
          hurried.release();
        },
      ];
      return {
        threads: [
          [
            () => {
              until(waiting, 2);
              i32[first] = ends ? choose(2) : 0;
              if (i32[first] === 1) endHurried();
            },
            unlessAbandoned(() => void its.acquireSync()),
            () => its.notify(),
            () => its.release(),
            () => {
              if (ends && i32[first] === 0) endHurried();
            },
          ],
          ends ? untilStopped(gives) : gives,
          [
            () => {
              until(waiting, 0, true); // the other waits already, so that there are fewer schedules
              until(owner, 0);
            },
            come(patient),
            unlessAbandoned(() => assert(patient.waitSync())),
            () => patient.release(),
          ],
        ],
        atEnd,
      };
    },
  };
}

proves(oneGivesUp("Lock", "times out"));
proves(oneGivesUp("Lock", "is ended"), { large: true });
proves(oneGivesUp("RLock", "times out"), { large: true });
proves(oneGivesUp("RLock", "is ended"), { large: true });

/** The holder of the lock ends while the others wait: all are woken, and one is told. */
function holderEnds(which: With, waiters: number): Scenario {
  return {
    name: `Condition with ${which}: the holder of the lock ends, ${waiters} wait`,
    threads: 1 + waiters,
    forgetful: true,
    uses,
    setUp(world) {
      const { conditions, owner, atEnd } = makeCondition(world, which);
      const waiting = world.word("waiting");
      const told = world.word("told");
      const [its, ...others] = conditions;
      return {
        threads: [
          [
            () => {
              until(waiting, waiters);
              until(owner, 0); // so that there are fewer schedules
            },
            () => void its.acquireSync(),
            ownEnd(world, 0),
          ],
          ...others.map((condition, i): Step[] => [
            () => {
              until(waiting, i);
              until(owner, 0);
              condition.acquireSync();
              i32[waiting]++;
            },
            unlessAbandoned(() => void condition.waitSync(), () => void i32[told]++),
            () => condition.release(),
          ]),
        ],
        atEnd() {
          assertEquals(i32[told], 1);
          atEnd();
        },
      };
    },
  };
}

proves(holderEnds("Lock", 1));
proves(holderEnds("Lock", 2));
proves(holderEnds("RLock", 2), { large: true });

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
  holderEnds("Lock", 2),
);

finds("a notified waiter that ends before it has the lock keeps the notification", [
  {
    file: "lib/parking/wait_queue.ts",
    from: "    if (state !== NodeState.UNUSED && successorQueue !== 0) wakeOne(successorQueue);",
    to: "",
  },
  {
    file: "lib/sync/condition.ts",
    from: "  } catch (reason) {\n    wakeOne(condition + QUEUE);\n    throw reason;",
    to: "  } catch (reason) {\n    throw reason;",
  },
], oneGivesUp("Lock", "is ended"));
