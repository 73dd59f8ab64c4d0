import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  beforeOrAfter,
  finds,
  nameChannel,
  proves,
  terminates,
} from "./prove.ts";
import { choose } from "./stand_ins.ts";
import type { Queue } from "../../lib/channels/queue.ts";

function makeQueue(world: World, maxsize: number, items: number[] = []) {
  const queues = world.share(new world.isolates[0].queue.Queue<number>(maxsize));
  for (const item of items) queues[0].putSync(item);
  const at = addressOfShared(world, queues[0]) + 2;
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

/** For a segment, and the blocks of stored items. */
const spareWords = 120;

/** Gets an item; `undefined` if the queue is closed or the isolate was told to end. */
function get(queue: Queue<number>): number | undefined {
  return unlessEnded(() => queue.getSync());
}

/** Puts an item and returns it; `undefined` if the queue is closed or the isolate was told to end. */
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

/** Returns the items that are left in the queue. */
function remaining(queue: Queue<number>): number[] {
  return Array.from({ length: queue.size() }, () => queue.getSync());
}

/** Producers put items, consumers get them: each item once, the items of each producer in order. */
function allPass(producers: number, consumers: number, rounds: number, maxsize = 0): Scenario {
  const total = producers * rounds;
  const limit = maxsize === 0 ? "" : `, maxsize ${maxsize}`;
  return {
    name: `Queue: ${producers} put ${rounds} each, ${consumers} get${limit}`,
    isolates: producers + consumers,
    forgetful: maxsize === 0, // see `forgetful`
    uses,
    spareWords,
    setUp(world) {
      const { queues, atEnd } = makeQueue(world, maxsize);
      return {
        programs: queues.map((queue, i) =>
          i < producers
            ? Array.from({ length: rounds }, (_, n) => () => queue.putSync(10 * i + n))
            : Array.from(
              { length: total / consumers },
              () => (got: number[] | null) => {
                const item = queue.getSync();
                const before = got?.findLast((earlier) =>
                  Math.floor(earlier / 10) === Math.floor(item / 10)
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

/** One gets what fills a large segment, so that it is freed, while another puts. */
const refills: Scenario = {
  name: "Queue: one puts while another empties a large segment",
  isolates: 2,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [producer, consumer], atEnd } = makeQueue(world, 0, [1, 2, 3, 4]);
    return {
      programs: [
        [() => producer.putSync(5), () => producer.putSync(6)],
        Array.from({ length: 5 }, () => (got: number[] | null) => [
          ...got ?? [],
          consumer.getSync(),
        ]),
      ],
      atEnd([, got]) {
        assertEquals([...got, ...remaining(producer)], [1, 2, 3, 4, 5, 6]);
        atEnd();
      },
    };
  },
};

proves(refills);

/** There is room for one of two items: the queue never holds two, and only one producer waits. */
const isFull: Scenario = {
  name: "Queue: two put into a queue with room for one",
  isolates: 2,
  alike: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues } = makeQueue(world, 1);
    return {
      programs: queues.map((queue) => [() => queue.putSync(1)]),
      mayWait: () => queues[0].full(),
      atEnd: () => assertEquals(queues[0].size(), 1),
    };
  },
};

proves(isFull);

/**
 * The first closes the queue at any moment while one puts and one gets. An item that was put is either
 * got or left in the queue, no isolate waits for ever, and no item is put after the consumer found the
 * queue closed and empty.
 */
function isClosed(how: "close" | "shutdown" | "shutdown immediate", maxsize = 0): Scenario {
  return {
    name: `Queue: ${how}() while one puts and one gets${maxsize === 0 ? "" : ", bounded"}`,
    isolates: 3,
    forgetful: maxsize === 0,
    uses,
    spareWords,
    setUp(world) {
      const before = maxsize === 0 ? [] : [1];
      const { queues: [first, producer, consumer], atEnd } = makeQueue(world, maxsize, before);
      const immediate = how === "shutdown immediate";
      return {
        programs: [
          [() => how === "close" ? first.close() : first.shutdown({ immediate })],
          [() => put(producer, 2)],
          [() => get(consumer)],
        ],
        atEnd([, put, got]) {
          const expected = [...before, ...(put === null ? [] : [2])];
          const actual = got === null ? [] : [got];
          if (immediate) {
            assertEquals(first.size(), 0);
            assert(
              actual.length === 0 || actual[0] === expected[0],
              "got an item that was not put",
            );
          } else {
            assertEquals([...actual, ...remaining(first)], expected);
            assert(
              expected.length === 0 || actual.length > 0,
              "it got no item, although there was one",
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

/** Two wait when the queue is closed: both are woken. */
const closeWakesAll: Scenario = {
  name: "Queue: close() wakes all waiters",
  isolates: 3,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [first, ...others], atEnd } = makeQueue(world, 0);
    return {
      programs: [
        [() => void (choose(2) === 1 && first.putSync(1)), () => first.close()],
        ...others.map((queue) => [() => get(queue)]),
      ],
      atEnd([, ...got]) {
        assert(got.includes(null) && (got[0] ?? got[1] ?? 1) === 1, `they got ${got}`);
        assertEquals(first.size(), 0);
        atEnd();
      },
    };
  },
};

proves(closeWakesAll);

/**
 * One item for two consumers, one of which is terminated at any moment and may die: if it did not get
 * the item, the other does.
 */
const consumerIsTerminated: Scenario = {
  name: "Queue: one of two consumers is terminated",
  isolates: 3,
  mortal: 1,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [first, ofVictim, other] } = makeQueue(world, 0);
    return {
      programs: [
        [beforeOrAfter(terminates(world, 1), () => first.putSync(1))],
        [() => get(ofVictim)],
        [() => get(other)],
      ],
      mayWait: (isolate) => isolate === 2 && first.size() === 0,
      atEnd([, ofVictim, ofOther]) {
        assert(ofVictim !== 1 || ofOther !== 1, "both got the item");
      },
    };
  },
};

proves(consumerIsTerminated);

/** Two producers wait for room for one item; one is terminated. No producer waits while there is room. */
const producerIsTerminated: Scenario = {
  name: "Queue: one of two waiters for room is terminated",
  isolates: 3,
  mortal: 1,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [first, ofVictim, other] } = makeQueue(world, 1, [1]);
    return {
      programs: [
        [beforeOrAfter(terminates(world, 1), () => first.getSync())],
        [() => put(ofVictim, 2)],
        [() => put(other, 3)],
      ],
      mayWait: (isolate) => isolate === 2 && first.full(),
      atEnd: ([got]) => assertEquals(got, 1),
    };
  },
};

proves(producerIsTerminated);

const CHANNEL = "lib/channels/channel.ts";
const STATE = "lib/channels/channel_state.ts";
const WAITING = "lib/channels/channel_waiting.ts";

finds("a put() that wakes a consumer only when the queue was empty leaves another asleep", {
  file: CHANNEL,
  from: "  leave(channel + SEND_GUARD);\n  if (cell === 0) return false;\n" +
    "  wakeOne(channel + RECEIVERS);\n  return true;\n}\n\n/** As {@linkcode push}, for",
  to: "  leave(channel + SEND_GUARD);\n  if (cell === 0) return false;\n" +
    "  if (messagesIn(channel) === 1) wakeOne(channel + RECEIVERS);\n  return true;\n}\n\n/** As {@linkcode push}, for",
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

finds("two producers that do not enter the guard write into one cell", {
  file: CHANNEL,
  from: "  enter(channel + SEND_GUARD);\n  try {\n    return claimCell(channel, length, take);",
  to:
    "  const cell = claimCell(channel, length, take);\n  enter(channel + SEND_GUARD);\n  try {\n    return cell;",
}, allPass(2, 1, 1));

finds("two consumers that do not enter the guard get one item twice", {
  file: CHANNEL,
  from:
    "  let length: number;\n  let emptied: number;\n  enterWithStack(channel + RECEIVE_GUARD);\n" +
    "  try {\n    const cell = nextCell(channel);\n    if (cell === 0) return undefined;",
  to: "  let length: number;\n  let emptied: number;\n" +
    "  const cell = nextCell(channel);\n  if (cell === 0) return undefined;\n" +
    "  enterWithStack(channel + RECEIVE_GUARD);\n  try {",
}, allPass(1, 2, 2));

finds("a consumer that frees a segment and continues in it reads freed memory", {
  file: CHANNEL,
  from: "    i32[channel + FIRST_SEGMENT] = cell - FIRST_CELL;\n",
  to: "",
}, allPass(1, 1, 4));

finds("a consumer that frees the only segment without the senders' guard loses an item", {
  file: CHANNEL,
  from: "  enterWithStack(channel + SEND_GUARD);\n  enterWithStack(channel + RECEIVE_GUARD);\n" +
    "  let segment = 0;\n",
  to: "  enterWithStack(channel + RECEIVE_GUARD);\n  let segment = 0;\n",
}, refills);

finds("a consumer that frees the only segment although there is an item loses it", {
  file: CHANNEL,
  from: "  if (Atomics.load(i32, channel + SENT) === i32[channel + RECEIVED]) {\n",
  to: "  if (i32[channel + SENT_SEEN] === i32[channel + RECEIVED]) {\n",
}, refills);

finds("a queue whose limit is not checked inside the guard holds too much", {
  file: CHANNEL,
  from: "if (i32[channel + CLOSED] !== 0 || isFull(channel)) return 0;",
  to: "if (i32[channel + CLOSED] !== 0) return 0;",
}, isFull);

finds("a get() that does not wake a producer leaves it asleep", {
  file: CHANNEL,
  from: "if (i32[channel + HAS_LIMIT] !== 0) wakeOne(channel + SENDERS);",
  to: "",
}, allPass(1, 1, 3, 1));

finds("a close() that wakes one waiter leaves the others asleep", [
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
], closeWakesAll);

finds("a close() that wakes before the queue is closed leaves a waiter asleep", {
  file: STATE,
  from: "  enter(channel + SEND_GUARD);",
  to:
    "  wakeAll(channel + RECEIVERS);\n  if (1 < 2) {\n    Atomics.or(i32, channel + CLOSED, why);\n" +
    "    return;\n  }\n  enter(channel + SEND_GUARD);",
}, closeWakesAll);

finds("a waiter that does not check inside the queue whether the channel is closed stays asleep", {
  file: WAITING,
  from: "    expected: sent,\n    unless: channel + CLOSED,\n",
  to: "    expected: sent,\n",
}, closeWakesAll);

finds("a consumer that finds the queue closed and does not check it again leaves an item", {
  file: WAITING,
  from: "if (closedBits(channel) !== 0 && Atomics.load(i32, channel + SENT) === sent) return",
  to: "if (closedBits(channel) !== 0) return",
}, isClosed("close"));

finds("a close() that does not wait for a sender inside the guard leaves its item", {
  file: STATE,
  from: /enter\(channel \+ SEND_GUARD\);.*\n.*\n +leave\(channel \+ SEND_GUARD\);/,
  to: "  Atomics.or(i32, channel + CLOSED, why);",
}, isClosed("close"));

const keepsWakeup = [
  {
    file: "lib/parking/wait_queue.ts",
    from: "  if (state === NodeState.WOKEN) wakeOne(queue);",
    to: "",
  },
  {
    file: "lib/parking/control.ts",
    from: "if (result === ParkResult.WOKEN) wakeOne(queue);\n  throw stopError();",
    to: "throw stopError();",
  },
];

finds(
  "a consumer that is terminated after it was woken keeps the wake-up",
  keepsWakeup,
  consumerIsTerminated,
);

finds(
  "a producer that is terminated after it was woken keeps the wake-up",
  keepsWakeup,
  producerIsTerminated,
);
