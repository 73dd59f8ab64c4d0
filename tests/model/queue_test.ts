import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import {
  addressIn,
  assertEmptyQueue,
  beforeOrAfter,
  endOf,
  finds,
  nameChannel,
  proves,
} from "./prove.ts";
import { choose } from "./stand_ins.ts";
import type { Queue } from "../../lib/channels/queue.ts";

function makeQueue(world: World, maxsize: number, items: number[] = []) {
  const queues = world.share(new world.isolates[0].queue.Queue<number>(maxsize));
  for (const item of items) queues[0].putSync(item);
  const at = addressIn(world, queues[0]) + 2;
  nameChannel(world, at);
  return {
    queues,
    atEnd() {
      assertEmptyQueue(at + 34);
      assertEmptyQueue(at + 49);
    },
  };
}

const uses: Scenario["uses"] = ["queue", "lifecycle"];

/** For a segment and the blocks of items that wait. */
const spareWords = 120;

/** Takes an item; `undefined` if the queue has ended, or this thread. */
function get(queue: Queue<number>): number | undefined {
  return unlessEnded(() => queue.getSync());
}

/** Puts an item; `undefined` if the queue has ended, or this thread. */
function put(queue: Queue<number>, item: number): number | undefined {
  return unlessEnded(() => {
    queue.putSync(item);
    return item;
  });
}

function unlessEnded<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (!["ClosedError", "ShutDown", "TerminatedError"].includes((error as Error).name)) {
      throw error;
    }
    return undefined;
  }
}

/** The items that are in the queue still, at the end. */
function left(queue: Queue<number>): number[] {
  return Array.from({ length: queue.size() }, () => queue.getSync());
}

/** Some put items, the others get them: each comes out once, each producer's in their order. */
function allPass(producers: number, consumers: number, rounds: number, maxsize = 0): Scenario {
  const total = producers * rounds;
  const limit = maxsize === 0 ? "" : `, at most ${maxsize} at a time`;
  return {
    name: `Queue: ${producers} put ${rounds} each, ${consumers} get${limit}`,
    threads: producers + consumers,
    forgetful: maxsize === 0, // who waits for room knows the block of its item
    uses,
    spareWords,
    setUp(world) {
      const { queues, atEnd } = makeQueue(world, maxsize);
      return {
        threads: queues.map((queue, i) =>
          i < producers
            ? Array.from({ length: rounds }, (_, n) => () => queue.putSync(10 * i + n))
            : Array.from(
              { length: total / consumers },
              () => (got: number[] | null) => {
                const item = queue.getSync();
                const before = got?.findLast((one) =>
                  Math.floor(one / 10) === Math.floor(item / 10)
                );
                assert(before === undefined || before < item, "out of order");
                return [...got ?? [], item];
              },
            )
        ),
        atEnd(results) {
          const put = queues.slice(0, producers).flatMap((_, i) =>
            Array.from({ length: rounds }, (_, n) => 10 * i + n)
          );
          assertEquals(results.slice(producers).flat().toSorted((a, b) => a - b), put);
          assertEquals(queues[0].size(), 0);
          atEnd();
        },
      };
    },
  };
}

proves(allPass(1, 1, 3));
proves(allPass(2, 1, 1));
proves(allPass(1, 2, 2));
proves(allPass(1, 1, 3, 1));
proves(allPass(2, 1, 1, 1));
proves(allPass(1, 2, 2, 1), { large: true });
proves(allPass(2, 1, 2), { large: true });

/** More want to put than there is room: it never holds more than it may, and nobody waits in vain. */
const isFull: Scenario = {
  name: "Queue: two put into a queue with room for one",
  threads: 2,
  alike: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues } = makeQueue(world, 1);
    return {
      threads: queues.map((queue) => [() => queue.putSync(1)]),
      mayWait: () => queues[0].full(),
      atEnd: () => assertEquals(queues[0].size(), 1),
    };
  },
};

proves(isFull);

/**
 * One closes the queue at any moment while one puts and one gets: what was put is got, or is there
 * still; nobody waits; nothing is put into a closed queue that was found empty.
 */
function isClosed(how: "close" | "shutdown" | "shutdown immediate", maxsize = 0): Scenario {
  return {
    name: `Queue: ${how}() while one puts and one gets${maxsize === 0 ? "" : ", bounded"}`,
    threads: 3,
    forgetful: maxsize === 0,
    uses,
    spareWords,
    setUp(world) {
      const before = maxsize === 0 ? [] : [1];
      const { queues: [its, producer, consumer], atEnd } = makeQueue(world, maxsize, before);
      const immediate = how === "shutdown immediate";
      return {
        threads: [
          [() => how === "close" ? its.close() : its.shutdown({ immediate })],
          [() => put(producer, 2)],
          [() => get(consumer)],
        ],
        atEnd([, given, got]) {
          const there = [...before, ...(given === null ? [] : [2])];
          const taken = got === null ? [] : [got];
          if (immediate) {
            assertEquals(its.size(), 0);
            assert(taken.length === 0 || taken[0] === there[0], "got what was not put");
          } else {
            assertEquals([...taken, ...left(its)], there);
            assert(
              there.length === 0 || taken.length > 0,
              "it got nothing, though there was an item",
            );
          }
          atEnd();
        },
      };
    },
  };
}

proves(isClosed("close"));
proves(isClosed("close", 1));
proves(isClosed("shutdown", 1));
proves(isClosed("shutdown immediate", 1));

/** Two wait when the queue is closed: both are told. */
const closeTellsAll: Scenario = {
  name: "Queue: close() wakes all waiters",
  threads: 3,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [its, ...others], atEnd } = makeQueue(world, 0);
    return {
      threads: [
        [() => void (choose(2) === 1 && its.putSync(1)), () => its.close()],
        ...others.map((queue) => [() => get(queue)]),
      ],
      atEnd([, ...got]) {
        assert(got.includes(null) && (got[0] ?? got[1] ?? 1) === 1, `they got ${got}`);
        assertEquals(its.size(), 0);
        atEnd();
      },
    };
  },
};

proves(closeTellsAll);

/**
 * One item for two, of whom one is ended at any moment and may be gone then: if it does not have the
 * item, the other gets it.
 */
const consumerIsEnded: Scenario = {
  name: "Queue: one of two consumers is ended",
  threads: 3,
  mortal: 1,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [its, victims, patient] } = makeQueue(world, 0);
    return {
      threads: [
        [beforeOrAfter(endOf(world, 1), () => its.putSync(1))],
        [() => get(victims)],
        [() => get(patient)],
      ],
      mayWait: (thread) => thread === 2 && its.size() === 0,
      atEnd([, got, gotToo]) {
        assert(got !== 1 || gotToo !== 1, "got twice");
      },
    };
  },
};

proves(consumerIsEnded);

/** Room for one of two that wait to put, of whom one is ended: nobody waits while there is room. */
const producerIsEnded: Scenario = {
  name: "Queue: one of two waiters for room is ended",
  threads: 3,
  mortal: 1,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [its, victims, patient] } = makeQueue(world, 1, [1]);
    return {
      threads: [
        [beforeOrAfter(endOf(world, 1), () => its.getSync())],
        [() => put(victims, 2)],
        [() => put(patient, 3)],
      ],
      mayWait: (thread) => thread === 2 && its.full(),
      atEnd: ([got]) => assertEquals(got, 1),
    };
  },
};

proves(producerIsEnded);

const CHANNEL = "lib/channels/channel.ts";
const STATE = "lib/channels/channel_state.ts";
const WAITING = "lib/channels/channel_waiting.ts";

finds("a put that wakes a consumer only when the queue was empty leaves another asleep", {
  file: CHANNEL,
  from: "  leave(channel + SEND_GUARD);\n  if (slot === 0) return false;\n" +
    "  wakeOne(channel + RECEIVERS);\n  return true;\n}\n\n/** Sends a stored",
  to: "  leave(channel + SEND_GUARD);\n  if (slot === 0) return false;\n" +
    "  if (messagesIn(channel) === 1) wakeOne(channel + RECEIVERS);\n  return true;\n}\n\n/** Sends a stored",
}, allPass(1, 2, 2));

finds("a consumer that reads SENT after its check misses an item", {
  file: WAITING,
  from:
    "    const sent = Atomics.load(i32, channel + SENT);\n    const received = take(channel);\n" +
    "    if (received !== undefined) return received;",
  to: "    const received = take(channel);\n    if (received !== undefined) return received;\n" +
    "    const sent = Atomics.load(i32, channel + SENT);",
}, allPass(1, 1, 1));

finds("an item that is counted before it is written is read too early", {
  file: CHANNEL,
  from: "    const { words } = encoder;\n",
  to: "    const { words } = encoder;\n    Atomics.add(i32, channel + SENT, 1); // planted\n",
}, allPass(1, 1, 1));

finds("two producers that do not enter the guard write into one slot", {
  file: CHANNEL,
  from: "  enter(channel + SEND_GUARD);\n  try {\n    return claimSlot(channel, length);",
  to:
    "  const slot = claimSlot(channel, length);\n  enter(channel + SEND_GUARD);\n  try {\n    return slot;",
}, allPass(2, 1, 1));

finds("two consumers that do not enter the guard get one item twice", {
  file: CHANNEL,
  from:
    "  enterWithStack(channel + RECEIVE_GUARD);\n  try {\n    const slot = nextSlot(channel);\n" +
    "    if (slot === 0) return false;",
  to: "  const slot = nextSlot(channel);\n  if (slot === 0) return false;\n" +
    "  enterWithStack(channel + RECEIVE_GUARD);\n  try {",
}, allPass(1, 2, 2));

finds("a consumer that frees a segment and continues in it reads freed memory", {
  file: CHANNEL,
  from: "    i32[channel + FIRST_SEGMENT] = slot - FIRST_SLOT;\n",
  to: "",
}, allPass(1, 1, 4));

finds("a queue whose limit is not checked inside the guard holds too much", {
  file: CHANNEL,
  from: "if (i32[channel + CLOSED] !== 0 || isFull(channel)) return 0;",
  to: "if (i32[channel + CLOSED] !== 0) return 0;",
}, isFull);

finds("a get that wakes no producer leaves it asleep", {
  file: CHANNEL,
  from: "if (i32[channel + HAS_LIMIT] !== 0) wakeOne(channel + SENDERS);",
  to: "",
}, allPass(1, 1, 3, 1));

finds("a close that wakes one leaves others asleep", [
  {
    file: STATE,
    from: "  wakeAll(channel + RECEIVERS);\n  wakeAll(channel + SENDERS);",
    to: "  wakeOne(channel + RECEIVERS);\n  wakeOne(channel + SENDERS);",
  },
  {
    file: STATE,
    from: "import { wakeAll } from",
    to: "import { wakeAll, wakeOne } from",
  },
], closeTellsAll);

finds("a close that wakes before it is closed leaves a waiter asleep", {
  file: STATE,
  from: "  enter(channel + SEND_GUARD); // so that no push",
  to:
    "  wakeAll(channel + RECEIVERS);\n  if (1 < 2) {\n    Atomics.or(i32, channel + CLOSED, why);\n" +
    "    return;\n  }\n  enter(channel + SEND_GUARD); // so that no push",
}, closeTellsAll);

finds("a waiter that does not check inside the queue whether the channel is closed stays asleep", {
  file: WAITING,
  from: "    expected: sent,\n    unless: channel + CLOSED,\n",
  to: "    expected: sent,\n",
}, closeTellsAll);

finds("a consumer that finds the queue closed and does not check again leaves an item", {
  file: WAITING,
  from: "if (closedBits(channel) !== 0 && Atomics.load(i32, channel + SENT) === sent) return",
  to: "if (closedBits(channel) !== 0) return",
}, isClosed("close"));

finds("a close that does not wait for a sender inside the guard leaves its item", {
  file: STATE,
  from:
    "  enter(channel + SEND_GUARD); // so that no push is under way once a receiver finds it closed and empty\n" +
    "  Atomics.or(i32, channel + CLOSED, why);\n  leave(channel + SEND_GUARD);",
  to: "  Atomics.or(i32, channel + CLOSED, why);",
}, isClosed("close"));

const keepsWakeUp = [
  {
    file: "lib/parking/wait_queue.ts",
    from: "    if (state === NodeState.WOKEN) wakeOne(queue);",
    to: "",
  },
  {
    file: "lib/parking/control.ts",
    from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
    to: "throw stopError();",
  },
];

finds(
  "a consumer that is ended after it was woken keeps the wake-up",
  keepsWakeUp,
  consumerIsEnded,
);

finds(
  "a producer that is ended after it was woken keeps the wake-up",
  keepsWakeUp,
  producerIsEnded,
);
