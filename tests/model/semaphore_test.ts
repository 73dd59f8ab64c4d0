import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import type { Step } from "./code.ts";
import {
  addressIn,
  assertEmptyQueue,
  beforeOrAfter,
  type Ending,
  endOf,
  finds,
  inTime,
  proves,
  queueNames,
  times,
  untilStopped,
} from "./prove.ts";
import { Atomics, choose, i32, runEventLoop } from "./stand_ins.ts";

function makeSemaphore(world: World, permits: number) {
  const semaphores = world.share(new world.isolates[0].semaphore.Semaphore(permits));
  const value = addressIn(world, semaphores[0]) + 2;
  world.name(value, "VALUE", ...queueNames("QUEUE"));
  return {
    semaphores,
    atEnd(left: number) {
      assertEquals(i32[value], left);
      assertEmptyQueue(value + 1);
    },
    value,
  };
}

/** Steps of being somewhere with at most `most - 1` others. */
function among(most: number, inside: number): Step[] {
  return [
    () => assert(Atomics.add(i32, inside, 1) < most, "too many are inside"),
    () => void Atomics.sub(i32, inside, 1),
  ];
}

function allAcquire(threads: number, permits: number, rounds: number): Scenario {
  return {
    name: `Semaphore: ${threads} threads acquire one of ${permits} permits ${rounds} times`,
    threads,
    alike: true,
    forgetful: true,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, atEnd } = makeSemaphore(world, permits);
      const inside = world.word("inside");
      return {
        threads: semaphores.map((semaphore) =>
          times(rounds, [
            () => void semaphore.acquireSync(),
            ...among(permits, inside),
            () => semaphore.release(),
          ])
        ),
        atEnd: () => atEnd(permits),
      };
    },
  };
}

proves(allAcquire(2, 1, 2));
proves(allAcquire(3, 1, 1));
proves(allAcquire(3, 2, 1));
proves(allAcquire(2, 1, 4), { large: true });
proves(allAcquire(3, 2, 2), { large: true });

/** The first releases for all the others, at once or one by one. */
function oneReleases(atOnce: boolean): Scenario {
  return {
    name: `Semaphore: one releases ${atOnce ? "2" : "1 and 1"}, 2 acquire`,
    threads: 3,
    forgetful: true,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, atEnd } = makeSemaphore(world, 0);
      const [giver, ...takers] = semaphores;
      return {
        threads: [
          atOnce ? [() => giver.release(2)] : [() => giver.release(), () => giver.release()],
          ...takers.map((taker) => [() => void taker.acquireSync()]),
        ],
        atEnd: () => atEnd(0),
      };
    },
  };
}

proves(oneReleases(true));
proves(oneReleases(false));

/** One permit for two, of whom one gives up: the permit reaches the other. */
const oneTimesOut: Scenario = {
  name: "Semaphore: one of two waiters times out",
  threads: 3,
  forgetful: true,
  uses: ["semaphore"],
  setUp(world) {
    const { semaphores, atEnd } = makeSemaphore(world, 0);
    const [giver, hurried, patient] = semaphores;
    return {
      threads: [
        [() => giver.release()],
        [
          inTime(() => hurried.acquireSync({ timeoutMs: 1 })),
          (acquired) => void (acquired && hurried.release()),
        ],
        [() => void patient.acquireSync(), () => patient.release()],
      ],
      atEnd: () => atEnd(1),
    };
  },
};

proves(oneTimesOut);

/** One permit for two, of whom one is ended, perhaps with a promise: the permit reaches the other. */
function oneIsEnded(asPromise: boolean): Scenario {
  return {
    name: `Semaphore: one of two waiters is ended${asPromise ? ", a promise" : ""}`,
    threads: 3,
    forgetful: true,
    uses: ["semaphore", "lifecycle"],
    setUp(world) {
      const { semaphores, value, atEnd } = makeSemaphore(world, 0);
      const [giver, victim, patient] = semaphores;
      const { hooks, wait, semaphore } = world.isolates[1];
      const awaits = () => {
        let stopped = false;
        hooks.installHooks({ onStop: () => stopped = true });
        wait.arm();
        const promise = wait.awaitOn(semaphore.taking(value - 2)) as unknown as Ending;
        runEventLoop(() => promise.ended !== undefined || stopped);
        if (promise.ended !== undefined && "value" in promise.ended) victim.release();
      };
      return {
        threads: [
          [beforeOrAfter(endOf(world, 1), () => giver.release())],
          asPromise
            ? [awaits]
            : untilStopped([() => void victim.acquireSync(), () => victim.release()]),
          [() => void patient.acquireSync(), () => patient.release()],
        ],
        atEnd: () => atEnd(1),
      };
    },
  };
}

proves(oneIsEnded(false));
proves(oneIsEnded(true));

/** A thread blocks for the permit that its promise waits for, and another thread wants it too. */
function promiseWaits(threads: number): Scenario {
  return {
    name: `Semaphore: ${threads} threads, in one a promise waits while it blocks`,
    threads,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, value, atEnd } = makeSemaphore(world, 1);
      const { wait, semaphore } = world.isolates[0];
      const both = ([mine]: typeof semaphores) => () => {
        const promise = wait.awaitOn(semaphore.taking(value - 2)) as unknown as Ending;
        runEventLoop(() => promise.ended !== undefined || choose(2) === 1);
        if (promise.ended !== undefined) mine.release();
        mine.acquireSync();
        mine.release();
        if (promise.ended !== undefined) return;
        runEventLoop(() => promise.ended !== undefined);
        mine.release();
      };
      return {
        threads: semaphores.map((each, i) =>
          i === 0 ? [both(semaphores)] : [() => void each.acquireSync(), () => each.release()]
        ),
        atEnd: () => atEnd(1),
      };
    },
  };
}

proves(promiseWaits(2));
proves(promiseWaits(3), { large: true });

/** Two release what one acquired: one of them is refused. */
const tooMany: Scenario = {
  name: "BoundedSemaphore: of two releases of one permit, one is refused",
  threads: 2,
  alike: true,
  forgetful: true,
  uses: ["semaphore"],
  setUp({ isolates, share, word }) {
    const semaphores = share(new isolates[0].semaphore.BoundedSemaphore(1));
    semaphores[0].acquireSync();
    const refused = word("refused");
    return {
      threads: semaphores.map((semaphore) => [() => {
        try {
          semaphore.release();
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          Atomics.add(i32, refused, 1);
        }
      }]),
      atEnd() {
        assertEquals(i32[refused], 1);
        assertEquals(semaphores[0].value, 1);
      },
    };
  },
};

proves(tooMany);

const SEMAPHORE = "lib/sync/semaphore.ts";

finds("a release of two permits that wakes one leaves the other asleep", {
  file: SEMAPHORE,
  from: "for (let woken = 0; woken < n; woken++) wakeOne(this.address + QUEUE);",
  to: "wakeOne(this.address + QUEUE);",
}, oneReleases(true));

finds("a permit that is taken in two steps is taken twice", {
  file: SEMAPHORE,
  from:
    "if (Atomics.compareExchange(i32, word, found, found - 1) === found) return true; // v -> v - 1",
  to: "Atomics.store(i32, word, found - 1); return true;",
}, allAcquire(2, 1, 1));

finds("a semaphore that wakes before the permit is there leaves a waiter asleep", [
  {
    file: SEMAPHORE,
    from: "    const word = this.address + VALUE;\n    const limit",
    to:
      "    wakeOne(this.address + QUEUE);\n    const word = this.address + VALUE;\n    const limit",
  },
  {
    file: SEMAPHORE,
    from: "for (let woken = 0; woken < n; woken++) wakeOne(this.address + QUEUE);",
    to: "",
  },
], allAcquire(2, 1, 1));

finds("a limit that is checked once is exceeded", {
  file: SEMAPHORE,
  from: "if (Atomics.compareExchange(i32, word, found, found + n) === found) break; // v -> v + n",
  to: "Atomics.add(i32, word, n); break;",
}, tooMany);

finds("a waiter that times out keeps the wake-up that came at the last moment", {
  file: "lib/parking/park_blocking.ts",
  from: "if (!dequeue(node)) continue; // woken at the last moment: that counts",
  to: "dequeue(node);",
}, oneTimesOut);

finds("an end that does not hand on a wake-up loses a permit", {
  file: "lib/parking/wait_queue.ts",
  from: "    if (state === NodeState.WOKEN) wakeOne(queue);",
  to: "",
}, oneIsEnded(true));

finds("a waiter that is told to end and does not hand on its wake-up loses a permit", {
  file: "lib/parking/control.ts",
  from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
  to: "throw stopError();",
}, oneIsEnded(false));
