import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import type { Step } from "./code.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  finds,
  nameChannel,
  proves,
  queueNames,
  terminates,
  untilTerminated,
} from "./prove.ts";
import { Atomics, i32 } from "./stand_ins.ts";
import type { JoinableQueue } from "../../lib/channels/joinable_queue.ts";

function makeQueue(world: World, items: number) {
  const queues = world.share(new world.isolates[0].joinableQueue.JoinableQueue<number>());
  for (let item = 1; item <= items; item++) queues[0].putSync(item);
  const at = addressOfShared(world, queues[0]) + 2;
  nameChannel(world, at);
  world.name(at + 52, "DONE", "CHANGES");
  world.name(at + 37, ...queueNames("JOINERS"));
  world.name(at + 40, "LOST", "LOST_BY", "REPORTED", "GIVEN_UP", "IS_SHARED", "IS_JOINED");
  return {
    queues,
    atEnd() {
      assertEquals([queues[0].size(), queues[0].unfinishedTasks], [0, 0]);
      assertEmptyQueue(at + 34);
      assertEmptyQueue(at + 37);
    },
  };
}

const uses: Scenario["uses"] = ["joinableQueue", "taskCounter", "lifecycle"];
/** For the tallies of the isolates, and a segment. */
const spareWords = 80;

/** Gets an item and marks it done. `counted` counts the items that are about to be marked. */
function work(queue: JoinableQueue<number>, counted: number): Step[] {
  return [
    () => void queue.getSync(),
    () => void Atomics.add(i32, counted, 1),
    () => queue.taskDone(),
  ];
}

/** Some isolates join while others work: joinSync() returns when all tasks are done, and not before. */
function joinWhileWorking(joiners: number, workers: number): Scenario {
  return {
    name: `JoinableQueue: ${joiners} join, ${workers} work`,
    isolates: joiners + workers,
    forgetful: true,
    uses,
    spareWords,
    setUp(world) {
      const { queues, atEnd } = makeQueue(world, workers);
      const counted = world.word("counted");
      return {
        programs: queues.map((queue, i) =>
          i < joiners
            ? [() => {
              assert(queue.joinSync());
              assertEquals(Atomics.load(i32, counted), workers);
            }]
            : work(queue, counted)
        ),
        atEnd,
      };
    },
  };
}

proves(joinWhileWorking(1, 1));
proves(joinWhileWorking(1, 2));
proves(joinWhileWorking(2, 1));
proves(joinWhileWorking(2, 2), { large: true });

/** A worker puts an item before it marks its own as done: joinSync() waits for both. */
const putMeanwhile: Scenario = {
  name: "JoinableQueue: a worker puts another item",
  isolates: 3,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [joiner, ...workers], atEnd } = makeQueue(world, 1);
    const counted = world.word("counted");
    return {
      programs: [
        [() => {
          assert(joiner.joinSync());
          assertEquals(Atomics.load(i32, counted), 2);
        }],
        ...workers.map((queue) => {
          const [, count, markDone] = work(queue, counted);
          return [
            () => queue.getSync(),
            (item: number) => {
              if (item === 1) queue.putSync(2);
            },
            count,
            markDone,
          ];
        }),
      ],
      atEnd,
    };
  },
};

proves(putMeanwhile, { large: true });

/**
 * A worker is terminated before it has the item, while it has it, or afterwards. If the item is lost, the
 * joiner gets a `WorkerDiedError`, marks it as done itself, and joins again. It waits only if the item is
 * still in the queue.
 */
const workerIsTerminated: Scenario = {
  name: "JoinableQueue: a worker is terminated",
  isolates: 3,
  mortal: 1,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [joiner, ofVictim], atEnd } = makeQueue(world, 1);
    return {
      programs: [
        [
          () => {
            try {
              assert(joiner.joinSync());
            } catch (error) {
              if ((error as Error).name !== "WorkerDiedError") throw error;
              joiner.taskDone();
            }
          },
          () => assert(joiner.joinSync()),
        ],
        untilTerminated([() => void ofVictim.getSync(), () => ofVictim.taskDone()]),
        [terminates(world, 1, 2)],
      ],
      mayWait: (isolate) => isolate === 0 && joiner.size() === 1,
      atEnd() {
        if (joiner.size() === 0) atEnd();
      },
    };
  },
};

proves(workerIsTerminated);

const TASK_COUNTER = "lib/channels/task_counter.ts";

finds("a task that is marked done after the joiners were woken leaves them asleep", {
  file: TASK_COUNTER,
  from:
    "    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;\n" +
    "  }\n  if (unfinishedIn(channel) === 0) notifyJoiners(channel);",
  to: "    if (unfinishedIn(channel) === 1) notifyJoiners(channel);\n" +
    "    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;\n  }",
}, joinWhileWorking(1, 1));

finds("a joiner that reads CHANGES after its check misses the last task", {
  file: TASK_COUNTER,
  from:
    "    const outcome = yield { queue: channel + JOINERS, word: channel + CHANGES, expected: changes };",
  to:
    "    const outcome = yield {\n      queue: channel + JOINERS,\n      word: channel + CHANGES,\n" +
    "      expected: Atomics.load(i32, channel + CHANGES),\n    };",
}, joinWhileWorking(1, 1));

finds("tasks that are marked done in two steps are miscounted", {
  file: TASK_COUNTER,
  from: "if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;",
  to: "Atomics.store(i32, channel + DONE, (done + 1) | 0);\n    break;",
}, joinWhileWorking(1, 2));

finds("waking only one joiner when all tasks are done leaves another asleep", [
  {
    file: TASK_COUNTER,
    from: "  wakeAll(channel + JOINERS);",
    to: "  wakeOne(channel + JOINERS);",
  },
  {
    file: TASK_COUNTER,
    from: "import { QUEUE_WORDS, wakeAll } from",
    to: "import { QUEUE_WORDS, wakeOne } from",
  },
], joinWhileWorking(2, 1));

const SHARED_OBJECT = "lib/objects/shared_object.ts";

finds("joiners wait for ever for an item that a worker gets after its end took its holdings", {
  file: SHARED_OBJECT,
  from: "  if (holdings > 0) operationsOf(address).onHolderEnd!(address, end);\n",
  to: "",
}, workerIsTerminated);

finds("joiners wait for ever if the end of a worker does not take its holdings", {
  file: SHARED_OBJECT,
  from: "    operationsOf(object).onHolderEnd?.(object, { isolate, reached, holdings });\n",
  to: "",
}, workerIsTerminated);

finds("joiners wait for ever if a loss does not wake them", {
  file: TASK_COUNTER,
  from: "  Atomics.add(i32, channel + LOST, holdings);\n  notifyJoiners(channel);",
  to: "  Atomics.add(i32, channel + LOST, holdings);",
}, workerIsTerminated);

finds("a task that is marked done before it leaves the holdings is both done and lost", {
  file: TASK_COUNTER,
  from: "  const wasInHand = dropHoldings(channel + OBJECT) > 0;\n",
  to: "  if (!hasEnded(thisIsolate)) {\n" +
    "    const isDone = countDone(channel);\n    dropHoldings(channel + OBJECT);\n    return isDone;\n  }\n" +
    "  const wasInHand = false;\n",
}, workerIsTerminated);

finds("a dead worker that marks a lost task as done marks the task of another", {
  file: TASK_COUNTER,
  from: "  if (!wasInHand && hasEnded(thisIsolate)) return true;",
  to: "",
}, workerIsTerminated);
