import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  finds,
  type ModelPromise,
  proves,
  queueNames,
  repeat,
} from "./prove.ts";
import { Atomics, i32, runEventLoop, until } from "./stand_ins.ts";

function makeEvent(world: World) {
  const events = world.share(new world.isolates[0].event.Event());
  const changes = addressOfShared(world, events[0]) + 2;
  world.name(changes, "CHANGES", ...queueNames("QUEUE"));
  return { events, changes, queue: changes + 1 };
}

/** The first sets the flag, the others wait for it. */
function setWakesAll(count: number, realGuard = false): Scenario {
  return {
    name: `Event: one sets, ${count - 1} wait${realGuard ? ", real guard" : ""}`,
    isolates: count,
    forgetful: true,
    uses: ["event"],
    realGuard,
    setUp(world) {
      const { events, changes, queue } = makeEvent(world);
      return {
        programs: events.map((event, i) =>
          i === 0 ? [() => event.set()] : [() => assert(event.waitSync(), "not set")]
        ),
        atEnd() {
          assertEquals(i32[changes], 1);
          assertEmptyQueue(queue);
        },
      };
    },
  };
}

proves(setWakesAll(2));
proves(setWakesAll(3));
proves(setWakesAll(2, true));
proves(setWakesAll(4));
proves(setWakesAll(3, true), { large: true });
proves(setWakesAll(5), { large: true });

/** A waiter in the queue is woken even if the flag is cleared at once and another isolate waits again. */
const setAndClear: Scenario = {
  name: "Event: set() and clear() wake a waiter while another begins to wait",
  isolates: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, changes, queue } = makeEvent(world);
    const begins = world.word("begins");
    return {
      programs: [
        [() => {
          until(queue + 1, 0, true);
          Atomics.store(i32, begins, 1);
          events[0].set();
          events[0].clear();
        }],
        [() => assert(events[1].waitSync(), "not set")],
        [() => {
          until(begins, 1);
          return events[2].waitSync({ timeoutMs: 1 });
        }, (isSet) => void (isSet || events[2].clear())],
      ],
      atEnd() {
        assertEquals(i32[changes], 2);
        assertEmptyQueue(queue);
      },
    };
  },
};

/** As before, but no other isolate waits. */
const onlyWaiter: Scenario = {
  ...setAndClear,
  name: "Event: set() and clear() wake the only waiter",
  isolates: 2,
  setUp(world) {
    const { programs, atEnd } = setAndClear.setUp(world);
    return { programs: programs.slice(0, 2), atEnd };
  },
};

proves(onlyWaiter);
proves(setAndClear);

/** Two isolates set and clear the flag. Each call that changes it increments the counter once. */
const twoSet: Scenario = {
  name: "Event: two set and clear, one waits",
  isolates: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, changes, queue } = makeEvent(world);
    return {
      programs: [
        repeat(2, [() => events[0].set(), () => events[0].clear()]).slice(0, 3),
        [() => events[1].set()],
        [() => assert(events[2].waitSync(), "not set")],
      ],
      atEnd() {
        assert(i32[changes] === 1 || i32[changes] === 3, "the number of changes is not odd");
        assertEmptyQueue(queue);
      },
    };
  },
};

proves(twoSet);

/** A time-out passes at any moment: the result is right, and the waiter leaves the queue. */
const timesOut: Scenario = {
  name: "Event: one of two waiters times out",
  isolates: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, queue } = makeEvent(world);
    const isSet = world.word("isSet");
    return {
      programs: [
        [() => void Atomics.store(i32, isSet, 1), () => events[0].set()],
        [() => {
          const result = events[1].waitSync({ timeoutMs: 1 });
          assert(!result || Atomics.load(i32, isSet) === 1, "returns true, but it is not set");
        }],
        [() => assert(events[2].waitSync(), "not set")],
      ],
      atEnd: () => assertEmptyQueue(queue),
    };
  },
};

proves(timesOut);

/** Two promises of one isolate wait for the flag. */
const promisesWait: Scenario = {
  name: "Event: two promises of one isolate wait",
  isolates: 2,
  uses: ["event"],
  setUp(world) {
    const { events, changes, queue } = makeEvent(world);
    const { wait, event } = world.isolates[1];
    return {
      programs: [
        [() => events[0].set()],
        [() => {
          const promises = [0, 1].map(() =>
            wait.awaitOn(event.waiting(changes - 2))
          ) as unknown as ModelPromise[];
          runEventLoop(() => promises.every(({ settled }) => settled !== undefined));
        }],
      ],
      atEnd: () => assertEmptyQueue(queue),
    };
  },
};

proves(promisesWait);

const EVENT = "lib/sync/event.ts";

finds("an event that wakes before it is set leaves a waiter asleep", {
  file: EVENT,
  from: "    this.changeFrom(0);\n    wakeAll(this.address + QUEUE);",
  to: "    wakeAll(this.address + QUEUE);\n    this.changeFrom(0);",
}, setWakesAll(2));

finds("a waiter that checks for a set flag instead of a changed counter misses set() and clear()", {
  file: EVENT,
  from: "  while (Atomics.load(i32, word) === seen) {",
  to: "  while ((Atomics.load(i32, word) & 1) === 0) {",
}, onlyWaiter);

finds("an event that wakes one waiter leaves the others asleep", {
  file: EVENT,
  from: "    wakeAll(this.address + QUEUE);",
  to: "    wakeOne(this.address + QUEUE);",
}, setWakesAll(3));

finds("a flag that is changed in two steps is changed twice", {
  file: EVENT,
  from: "Atomics.compareExchange(i32, word, seen, seen + 1);",
  to: "Atomics.add(i32, word, 1);",
}, twoSet);

finds("a check of HEAD that is not repeated after the word has changed misses waiters", {
  file: EVENT,
  from: "    this.changeFrom(0);\n    wakeAll(this.address + QUEUE);",
  to: "    const waits = i32[this.address + QUEUE + 1] !== 0;\n" +
    "    this.changeFrom(0);\n    if (waits) wakeAll(this.address + QUEUE);",
}, setWakesAll(2));

finds("promises are forgotten if their isolate takes only the last one that was woken", {
  file: "lib/parking/woken.ts",
  from: "for (; node !== 0; node = i32[node + nodeWord.NEXT_READY]) newestFirst.push(node);",
  to: "if (node !== 0) newestFirst.push(node);",
}, promisesWait);
