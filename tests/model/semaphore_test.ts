import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import type { Step } from "./code.ts";
import {
  acceptAbandoned,
  addressOfShared,
  assertEmptyQueue,
  beforeOrAfter,
  endsItself,
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

function makeSemaphore(world: World, permits: number, bounded = false) {
  const { Semaphore, BoundedSemaphore } = world.isolates[0].semaphore;
  const semaphores = world.share(new (bounded ? BoundedSemaphore : Semaphore)(permits));
  const value = addressOfShared(world, semaphores[0]) + 2;
  world.name(value, "VALUE", ...queueNames("QUEUE"), "LIMIT", "ABANDONED", "IS_COUNTER");
  return {
    semaphores,
    atEnd(left: number) {
      assertEquals(i32[value], left);
      assertEmptyQueue(value + 1);
    },
    value,
  };
}

/** Two steps, to enter a section and to leave it. The first fails if `max` isolates are inside. */
function limitedSection(max: number, inside: number): Step[] {
  return [
    () => assert(Atomics.add(i32, inside, 1) < max, "too many isolates are inside"),
    () => void Atomics.sub(i32, inside, 1),
  ];
}

function contention(count: number, permits: number, rounds: number): Scenario {
  return {
    name: `Semaphore: ${count} isolates acquire one of ${permits} permits ${rounds} times`,
    isolates: count,
    alike: true,
    forgetful: true,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, atEnd } = makeSemaphore(world, permits);
      const inside = world.word("inside");
      return {
        programs: semaphores.map((semaphore) =>
          repeat(rounds, [
            () => void semaphore.acquireSync(),
            ...limitedSection(permits, inside),
            () => semaphore.release(),
          ])
        ),
        atEnd: () => atEnd(permits),
      };
    },
  };
}

proves(contention(2, 1, 2));
proves(contention(3, 1, 1));
proves(contention(3, 2, 1));
proves(contention(2, 1, 4), { large: true });
proves(contention(3, 2, 2), { large: true });

/** The first releases a permit for each of the others, together or one by one. */
function oneReleases(together: boolean): Scenario {
  return {
    name: `Semaphore: one releases ${together ? "2" : "1 and 1"}, 2 acquire`,
    isolates: 3,
    forgetful: true,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, atEnd } = makeSemaphore(world, 0);
      const [releaser, ...acquirers] = semaphores;
      return {
        programs: [
          together
            ? [() => releaser.release(2)]
            : [() => releaser.release(), () => releaser.release()],
          ...acquirers.map((acquirer) => [() => void acquirer.acquireSync()]),
        ],
        atEnd: () => atEnd(0),
      };
    },
  };
}

proves(oneReleases(true));
proves(oneReleases(false));

/** One permit for two waiters, one of which times out: the other gets the permit. */
const oneTimesOut: Scenario = {
  name: "Semaphore: one of two waiters times out",
  isolates: 3,
  forgetful: true,
  uses: ["semaphore"],
  setUp(world) {
    const { semaphores, atEnd } = makeSemaphore(world, 0);
    const [releaser, timed, untimed] = semaphores;
    return {
      programs: [
        [() => releaser.release()],
        [
          withinTimeout(() => timed.acquireSync({ timeoutMs: 1 })),
          (acquired) => void (acquired && timed.release()),
        ],
        [() => void untimed.acquireSync(), () => untimed.release()],
      ],
      atEnd: () => atEnd(1),
    };
  },
};

proves(oneTimesOut);

/**
 * One permit for two waiters, one of which is terminated while it blocks or its promise waits: the other
 * gets the permit.
 */
function oneIsTerminated(asPromise: boolean): Scenario {
  return {
    name: `Semaphore: one of two waiters${asPromise ? ", a promise," : ""} is terminated`,
    isolates: 3,
    forgetful: true,
    uses: ["semaphore", "lifecycle"],
    setUp(world) {
      const { semaphores, value, atEnd } = makeSemaphore(world, 0);
      const [releaser, victim, other] = semaphores;
      const { hooks, wait, semaphore } = world.isolates[1];
      const awaits = () => {
        let stopped = false;
        hooks.installHooks({ onStop: () => stopped = true });
        wait.arm();
        const promise = wait.awaitOn(semaphore.taking(value - 2)) as unknown as ModelPromise;
        runEventLoop(() => promise.settled !== undefined || stopped);
        if (promise.settled !== undefined && "value" in promise.settled) victim.release();
      };
      return {
        programs: [
          [beforeOrAfter(terminates(world, 1), () => releaser.release())],
          asPromise
            ? untilTerminated([awaits])
            : untilTerminated([() => void victim.acquireSync(), () => victim.release()]),
          [() => void other.acquireSync(), () => other.release()],
        ],
        atEnd: () => atEnd(1),
      };
    },
  };
}

proves(oneIsTerminated(false));
proves(oneIsTerminated(true));

/**
 * A holder is ended by another isolate while it acquires, holds or releases the only permit. Another caller
 * gets the permit, and is told at most once; in the end the permit is available again, and not twice.
 */
function holderIsTerminated(bounded: boolean): Scenario {
  return {
    name: `${bounded ? "Bounded" : ""}Semaphore: the holder of the permit is terminated`,
    isolates: 3,
    mortal: 1,
    uses: ["semaphore", "lifecycle"],
    setUp(world) {
      const { semaphores, value } = makeSemaphore(world, 1, bounded);
      const [, victim, other] = semaphores;
      return {
        programs: [
          [terminates(world, 1)],
          untilTerminated([() => void victim.acquireSync(), () => victim.release()]),
          [acceptAbandoned(() => void other.acquireSync()), () => other.release()],
        ],
        atEnd() {
          assertEquals(i32[value], 1);
          assertEmptyQueue(value + 1);
        },
      };
    },
  };
}

proves(holderIsTerminated(false));
proves(holderIsTerminated(true));

/** The holder ends itself with two permits; two callers get them, and both are told. */
const holderEnds: Scenario = {
  name: "Semaphore: the holder of two permits ends, 2 acquire",
  isolates: 3,
  uses: ["semaphore", "lifecycle"],
  setUp(world) {
    const { semaphores, value } = makeSemaphore(world, 2);
    const told = world.word("told");
    const holds = world.word("holds");
    const tell = () => void Atomics.add(i32, told, 1);
    const [first, holder, second] = semaphores;
    const acquire = (semaphore: typeof holder): Step[] => [
      () => until(holds, 1),
      acceptAbandoned(() => void semaphore.acquireSync(), tell),
    ];
    return {
      programs: [
        acquire(first),
        [
          () => void holder.acquireSync(),
          () => void holder.acquireSync(),
          () => void Atomics.store(i32, holds, 1),
          endsItself(world, 1),
        ],
        acquire(second),
      ],
      atEnd() {
        assertEquals([i32[told], i32[value]], [2, 0]);
        assertEmptyQueue(value + 1);
      },
    };
  },
};

proves(holderEnds);

/**
 * What one isolate acquires another releases, so the semaphore is a counter: the end of the isolate that
 * acquired gives nothing back.
 */
const counterOfTheDead: Scenario = {
  name: "Semaphore: an isolate that acquired what another released ends",
  isolates: 3,
  uses: ["semaphore", "lifecycle"],
  setUp(world) {
    const { semaphores, value } = makeSemaphore(world, 1);
    const [releaser, acquirer, last] = semaphores;
    const state = world.word("state");
    return {
      programs: [
        [
          () => until(state, 1),
          () => releaser.release(),
          () => void Atomics.store(i32, state, 2),
        ],
        [
          () => void acquirer.acquireSync(),
          () => void Atomics.store(i32, state, 1),
          () => until(state, 2),
          endsItself(world, 1),
        ],
        [() => until(state, 2), () => void last.acquireSync()],
      ],
      atEnd() {
        assertEquals(i32[value], 0);
        assertEmptyQueue(value + 1);
      },
    };
  },
};

proves(counterOfTheDead);

/** An isolate blocks for the permit that its promise waits for; other isolates acquire it too. */
function promiseWaits(count: number): Scenario {
  return {
    name: `Semaphore: ${count} isolates, a promise waits in one that also blocks`,
    isolates: count,
    uses: ["semaphore"],
    setUp(world) {
      const { semaphores, value, atEnd } = makeSemaphore(world, 1);
      const { wait, semaphore } = world.isolates[0];
      const both = ([own]: typeof semaphores) => () => {
        const promise = wait.awaitOn(semaphore.taking(value - 2)) as unknown as ModelPromise;
        runEventLoop(() => promise.settled !== undefined || choose(2) === 1);
        if (promise.settled !== undefined) own.release();
        own.acquireSync();
        own.release();
        if (promise.settled !== undefined) return;
        runEventLoop(() => promise.settled !== undefined);
        own.release();
      };
      return {
        programs: semaphores.map((each, i) =>
          i === 0 ? [both(semaphores)] : [() => void each.acquireSync(), () => each.release()]
        ),
        atEnd: () => atEnd(1),
      };
    },
  };
}

proves(promiseWaits(2));
proves(promiseWaits(3), { large: true });

/** Two isolates release one permit: one of them gets a `RangeError`. */
const releasedTwice: Scenario = {
  name: "BoundedSemaphore: of two releases of one permit, one fails",
  isolates: 2,
  alike: true,
  forgetful: true,
  uses: ["semaphore"],
  setUp({ isolates, share, word }) {
    const semaphores = share(new isolates[0].semaphore.BoundedSemaphore(1));
    semaphores[0].acquireSync();
    const errors = word("errors");
    return {
      programs: semaphores.map((semaphore) => [() => {
        try {
          semaphore.release();
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          Atomics.add(i32, errors, 1);
        }
      }]),
      atEnd() {
        assertEquals(i32[errors], 1);
        assertEquals(semaphores[0].value, 1);
      },
    };
  },
};

proves(releasedTwice);

const SEMAPHORE = "lib/sync/semaphore.ts";

finds("a release of two permits that wakes one leaves the other asleep", {
  file: SEMAPHORE,
  from: "for (let woken = 0; woken < count; woken++) wakeOne(semaphore + QUEUE);",
  to: "wakeOne(semaphore + QUEUE);",
}, oneReleases(true));

finds("a permit that is taken in two steps is taken twice", {
  file: SEMAPHORE,
  from: "const now = Atomics.compareExchange(i32, word, found, found - 1);",
  to: "Atomics.store(i32, word, found - 1); const now = found;",
}, contention(2, 1, 1));

finds("a semaphore that wakes before it adds the permit leaves a waiter asleep", [
  {
    file: SEMAPHORE,
    from: "  const word = semaphore + VALUE;\n",
    to: "  wakeOne(semaphore + QUEUE);\n  const word = semaphore + VALUE;\n",
  },
  {
    file: SEMAPHORE,
    from: "for (let woken = 0; woken < count; woken++) wakeOne(semaphore + QUEUE);",
    to: "",
  },
], contention(2, 1, 1));

finds("a limit that is not checked again before the permits are added is exceeded", {
  file: SEMAPHORE,
  from: "      : Atomics.compareExchange(i32, word, found, found + count);",
  to: "      : (Atomics.add(i32, word, count), found);",
}, releasedTwice);

finds("a waiter that times out keeps the wake-up that came at the last moment", {
  file: "lib/parking/park_blocking.ts",
  from: "if (!dequeue(node)) continue; //",
  to: "dequeue(node); //",
}, oneTimesOut);

finds("the end of an isolate loses a permit if its wake-up is not handed on", {
  file: "lib/parking/wait_queue.ts",
  from: "  if (state === NodeState.WOKEN) wakeOne(queue);",
  to: "",
}, oneIsTerminated(true));

finds("a waiter that is told to end and does not hand on its wake-up loses a permit", {
  file: "lib/parking/control.ts",
  from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
  to: "throw stopError();",
}, oneIsTerminated(false));

const SHARED_OBJECT = "lib/objects/shared_object.ts";

finds("a permit is lost that is acquired after the end of its holder was looked at", {
  file: SHARED_OBJECT,
  from: "  if (holdings > 0) operationsOf(address).onHolderEnd!(address, end);\n",
  to: "",
}, holderIsTerminated(false));

finds("a permit is lost if the end of its holder does not give it back", {
  file: SHARED_OBJECT,
  from: "    operationsOf(object).onHolderEnd?.(object, { isolate, reached, holdings });\n",
  to: "",
}, holderIsTerminated(false));

finds("a permit is given back and released if a holder that has ended releases it too", {
  file: SEMAPHORE,
  from: "if (held < n && hasEnded(thisIsolate)) given = held;",
  to: "if (false) given = held;",
}, holderIsTerminated(false));

finds("who acquires an abandoned permit is not told if it is given before it is counted", {
  file: SEMAPHORE,
  from:
    "  Atomics.add(i32, semaphore + ABANDONED, holdings); // first, so that who acquires one of them knows\n" +
    "  give(semaphore, holdings);",
  to: "  give(semaphore, holdings);\n  Atomics.add(i32, semaphore + ABANDONED, holdings);",
}, holderEnds);

finds("a counter gives permits twice if the end of an isolate gives back what it acquired", {
  file: SEMAPHORE,
  from: "if (holdings === 0 || !hasHolders(semaphore)) return;",
  to: "if (holdings === 0) return;",
}, counterOfTheDead);
