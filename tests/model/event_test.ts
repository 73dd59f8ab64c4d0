import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import {
  addressIn,
  assertEmptyQueue,
  type Ending,
  finds,
  proves,
  queueNames,
  times,
} from "./prove.ts";
import { Atomics, i32, runEventLoop, until } from "./stand_ins.ts";

function makeEvent(world: World) {
  const events = world.share(new world.isolates[0].event.Event());
  const turns = addressIn(world, events[0]) + 2;
  world.name(turns, "CHANGES", ...queueNames("QUEUE"));
  return { events, turns, queue: turns + 1 };
}

/** The first sets the flag, the others wait for it. */
function setWakesAll(threads: number, realGuard = false): Scenario {
  return {
    name: `Event: one sets, ${threads - 1} wait${realGuard ? ", real guard" : ""}`,
    threads,
    forgetful: true,
    uses: ["event"],
    realGuard,
    setUp(world) {
      const { events, turns, queue } = makeEvent(world);
      return {
        threads: events.map((event, i) =>
          i === 0 ? [() => event.set()] : [() => assert(event.waitSync(), "not set")]
        ),
        atEnd() {
          assertEquals(i32[turns], 1);
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

/** Who stands in the queue is woken even if the flag is cleared at once, and another waits again. */
const setAndClear: Scenario = {
  name: "Event: a flag that is set and cleared at once is not missed",
  threads: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, turns, queue } = makeEvent(world);
    const begins = world.word("begins");
    return {
      threads: [
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
        }, (saw) => void (saw || events[2].clear())],
      ],
      atEnd() {
        assertEquals(i32[turns], 2);
        assertEmptyQueue(queue);
      },
    };
  },
};

/** As before, but nobody else is in the queue when the flag is set. */
const onlyWaiter: Scenario = {
  ...setAndClear,
  name: "Event: the only waiter is woken by set() and clear()",
  threads: 2,
  setUp(world) {
    const { threads, atEnd } = setAndClear.setUp(world);
    return { threads: threads.slice(0, 2), atEnd };
  },
};

proves(onlyWaiter);
proves(setAndClear);

/** Two set and clear the flag several times: it changes once for each change, and never by two. */
const twoSet: Scenario = {
  name: "Event: two set and clear, one waits",
  threads: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, turns, queue } = makeEvent(world);
    return {
      threads: [
        times(2, [() => events[0].set(), () => events[0].clear()]).slice(0, 3),
        [() => events[1].set()],
        [() => assert(events[2].waitSync(), "not set")],
      ],
      atEnd() {
        assert(i32[turns] === 1 || i32[turns] === 3, "an odd number of turns");
        assertEmptyQueue(queue);
      },
    };
  },
};

proves(twoSet);

/** A time limit that passes at any moment: what is told is right, and the queue is left. */
const timesOut: Scenario = {
  name: "Event: one of two waiters times out",
  threads: 3,
  forgetful: true,
  uses: ["event"],
  setUp(world) {
    const { events, queue } = makeEvent(world);
    const isSet = world.word("isSet");
    return {
      threads: [
        [() => void Atomics.store(i32, isSet, 1), () => events[0].set()],
        [() => {
          const told = events[1].waitSync({ timeoutMs: 1 });
          assert(!told || Atomics.load(i32, isSet) === 1, "told that it is set, and it is not");
        }],
        [() => assert(events[2].waitSync(), "not set")],
      ],
      atEnd: () => assertEmptyQueue(queue),
    };
  },
};

proves(timesOut);

/** Two promises of one thread and a blocked thread wait for the flag. */
const promisesWait: Scenario = {
  name: "Event: two promises of one thread wait",
  threads: 2,
  uses: ["event"],
  setUp(world) {
    const { events, turns, queue } = makeEvent(world);
    const { wait, event } = world.isolates[1];
    return {
      threads: [
        [() => events[0].set()],
        [() => {
          const promises = [0, 1].map(() =>
            wait.awaitOn(event.waiting(turns - 2))
          ) as unknown as Ending[];
          runEventLoop(() => promises.every(({ ended }) => ended !== undefined));
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

finds("an event that wakes one leaves the others asleep", {
  file: EVENT,
  from: "    wakeAll(this.address + QUEUE);",
  to: "    wakeOne(this.address + QUEUE);",
}, setWakesAll(3));

finds("a flag that is changed in two steps is changed twice", {
  file: EVENT,
  from: "if (Atomics.compareExchange(i32, word, seen, seen + 1) === seen) return;",
  to: "Atomics.add(i32, word, 1); return;",
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
