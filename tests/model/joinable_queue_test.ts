import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import type { Step } from "./code.ts";
import {
  addressIn,
  assertEmptyQueue,
  endOf,
  finds,
  nameChannel,
  proves,
  queueNames,
} from "./prove.ts";
import { Atomics, i32 } from "./stand_ins.ts";
import type { JoinableQueue } from "../../lib/channels/joinable_queue.ts";

function makeQueue(world: World, items: number) {
  const queues = world.share(new world.isolates[0].joinableQueue.JoinableQueue<number>());
  for (let item = 1; item <= items; item++) queues[0].putSync(item);
  const at = addressIn(world, queues[0]) + 2;
  nameChannel(world, at);
  world.name(at + 56, "DONE", "NEWS", ...queueNames("JOINERS"));
  world.name(at + 61, "TALLY_GUARD", "TALLIES", "LOST", "LOST_BY");
  return {
    queues,
    atEnd() {
      assertEquals([queues[0].size(), queues[0].unfinishedTasks], [0, 0]);
      assertEmptyQueue(at + 34);
      assertEmptyQueue(at + 58);
    },
  };
}

const uses: Scenario["uses"] = ["joinableQueue", "taskCounter", "lifecycle"];
/** For tallies. */
const spareWords = 60;

/** Gets an item and marks it done; `noted` is how many were about to be marked. */
function work(queue: JoinableQueue<number>, noted: number): Step[] {
  return [
    () => void queue.getSync(),
    () => void Atomics.add(i32, noted, 1),
    () => queue.taskDone(),
  ];
}

/** Some join while others work: they go on when all is done, and not before. */
function allIsDone(joiners: number, workers: number): Scenario {
  return {
    name: `JoinableQueue: ${joiners} join, ${workers} work`,
    threads: joiners + workers,
    forgetful: true, // nobody dies
    uses,
    spareWords,
    setUp(world) {
      const { queues, atEnd } = makeQueue(world, workers);
      const noted = world.word("noted");
      return {
        threads: queues.map((queue, i) =>
          i < joiners
            ? [() => {
              assert(queue.joinSync());
              assertEquals(Atomics.load(i32, noted), workers);
            }]
            : work(queue, noted)
        ),
        atEnd,
      };
    },
  };
}

proves(allIsDone(1, 1));
proves(allIsDone(1, 2));
proves(allIsDone(2, 1));
proves(allIsDone(2, 2), { large: true });

/** What one puts before it marks another done is waited for too. */
const putMeanwhile: Scenario = {
  name: "JoinableQueue: a task puts another",
  threads: 3,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [joiner, ...workers], atEnd } = makeQueue(world, 1);
    const noted = world.word("noted");
    return {
      threads: [
        [() => {
          assert(joiner.joinSync());
          assertEquals(Atomics.load(i32, noted), 2);
        }],
        ...workers.map((queue) => {
          const [, notes, marks] = work(queue, noted);
          return [
            () => queue.getSync(),
            (item: number) => {
              if (item === 1) queue.putSync(2);
            },
            notes,
            marks,
          ];
        }),
      ],
      atEnd,
    };
  },
};

proves(putMeanwhile, { large: true });

/**
 * A worker is ended at any moment, before it has an item in hand, meanwhile, or after: the one that
 * joins is told, marks the item itself, and joins again. It waits only for an item that nobody got.
 */
const workerIsEnded: Scenario = {
  name: "JoinableQueue: a worker is ended",
  threads: 3,
  mortal: 1,
  uses,
  spareWords,
  setUp(world) {
    const { queues: [its, victims], atEnd } = makeQueue(world, 1);
    return {
      threads: [
        [
          () => {
            try {
              assert(its.joinSync());
            } catch (error) {
              if ((error as Error).name !== "WorkerDiedError") throw error;
              its.taskDone();
            }
          },
          () => assert(its.joinSync()),
        ],
        [() => void victims.getSync(), () => victims.taskDone()],
        [endOf(world, 1, 2)],
      ],
      mayWait: (joiner) => joiner === 0 && its.size() === 1,
      atEnd() {
        if (its.size() === 0) atEnd();
      },
    };
  },
};

proves(workerIsEnded);

const UNFINISHED = "lib/channels/task_counter.ts";

finds("a task that is marked done after the joiners were woken leaves them asleep", {
  file: UNFINISHED,
  from:
    "    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;\n" +
    "  }\n  if (unfinishedIn(channel) === 0) notifyJoiners(channel);",
  to: "    if (unfinishedIn(channel) === 1) notifyJoiners(channel);\n" +
    "    if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;\n  }",
}, allIsDone(1, 1));

finds("a joiner that reads NEWS after its check misses the end", {
  file: UNFINISHED,
  from:
    "    const outcome = yield { queue: channel + JOINERS, word: channel + CHANGES, expected: changes };",
  to:
    "    const outcome = yield {\n      queue: channel + JOINERS,\n      word: channel + CHANGES,\n" +
    "      expected: Atomics.load(i32, channel + CHANGES),\n    };",
}, allIsDone(1, 1));

finds("tasks that are marked done in two steps are miscounted", {
  file: UNFINISHED,
  from: "if (Atomics.compareExchange(i32, channel + DONE, done, (done + 1) | 0) === done) break;",
  to: "Atomics.store(i32, channel + DONE, (done + 1) | 0);\n    break;",
}, allIsDone(1, 2));

finds("waking only one joiner when all tasks are done leaves another asleep", [
  {
    file: UNFINISHED,
    from: "  wakeAll(channel + JOINERS);",
    to: "  wakeOne(channel + JOINERS);",
  },
  {
    file: UNFINISHED,
    from: "import { QUEUE_WORDS, wakeAll } from",
    to: "import { QUEUE_WORDS, wakeOne } from",
  },
], allIsDone(2, 1));

finds("joiners wait for ever for an item that a worker gets after its tally was checked", {
  file: UNFINISHED,
  from: "        if (hasEnded(thisIsolate)) notifyJoiners(channel);\n",
  to: "",
}, workerIsEnded);

finds("joiners that are not woken by a death wait for ever", {
  file: UNFINISHED,
  from:
    "  tallies.delete(channel); // its memory may become another queue\n  notifyJoiners(channel);",
  to: "  tallies.delete(channel);",
}, workerIsEnded);

finds("a task that is marked done before it leaves the tally is both done and lost", {
  file: UNFINISHED,
  from: "  const wasInHand = tally !== 0 && decrementInHand(tally);\n",
  to: "  if (tally !== 0 && i32[tally + IN_HAND] > 0) {\n" +
    "    const isDone = countDone(channel);\n    decrementInHand(tally);\n    return isDone;\n  }\n" +
    "  const wasInHand = false;\n",
}, workerIsEnded);

finds("a dead worker that marks a lost task as done marks the task of another", {
  file: UNFINISHED,
  from:
    "  if (!wasInHand && exitCodeOf(thisIsolate)) return true; // this worker is dead, and its task counts as lost\n",
  to: "",
}, workerIsEnded);
