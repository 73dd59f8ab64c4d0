import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import type { Step } from "./code.ts";
import type { Replacement } from "./isolates.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  endsItself,
  finds,
  proves,
  queueNames,
  repeat,
  terminates,
} from "./prove.ts";
import { Atomics, choose, die, i32, until } from "./stand_ins.ts";
import type { Barrier } from "../../lib/sync/barrier.ts";

/** How a wait ended: with an index, or with an error. */
type Result = number | "broken" | "timed out" | "terminated";

const ERRORS: Record<string, Result> = {
  BrokenBarrierError: "broken",
  TimeoutError: "timed out",
  TerminatedError: "terminated",
};

function wait(barrier: Barrier, timeoutMs?: number): Result {
  try {
    return barrier.waitSync({ timeoutMs });
  } catch (error) {
    const result = ERRORS[(error as Error).name];
    if (result === undefined) throw error;
    return result;
  }
}

function makeBarrier(world: World, parties: number, action?: () => void) {
  const barriers = world.share(new world.isolates[0].barrier.Barrier(parties, { action }));
  const at = addressOfShared(world, barriers[0]) + 2;
  world.name(
    at,
    ...["PARTIES", "COUNT", "STATE", "RUNNER"],
    ...queueNames("WAITERS"),
    ...queueNames("ENTRANCE"),
  );
  return {
    barriers,
    count: at + 1,
    /** Twice the number of rounds and resets, plus 1 while the barrier is broken. */
    state: at + 2,
    atEnd() {
      assertEmptyQueue(at + 4);
      assertEmptyQueue(at + 7);
    },
  };
}

const uses: Scenario["uses"] = ["barrier", "lifecycle"];

/** In each round no party passes before all have arrived, and each gets a different index. */
function rounds(count: number, times: number, withAction = false): Scenario {
  return {
    name: `Barrier: ${count} parties meet ${times} times${withAction ? ", with an action" : ""}`,
    isolates: count,
    alike: !withAction, // the first has the action itself
    uses,
    setUp(world) {
      const arrived = world.word("arrived");
      const indices = world.word("indices");
      const ran = world.word("ran");
      const { barriers, state, atEnd } = makeBarrier(
        world,
        count,
        withAction
          ? () => {
            assertEquals(Atomics.load(i32, arrived), count * (i32[ran] + 1));
            i32[ran]++;
          }
          : undefined,
      );
      return {
        programs: barriers.map((barrier) =>
          Array.from({ length: times }, (_, round): Step[] => [
            () => void Atomics.add(i32, arrived, 1),
            () => {
              const index = barrier.waitSync();
              assert(Atomics.load(i32, arrived) >= count * (round + 1), "passes too early");
              if (withAction) {
                assert(Atomics.load(i32, ran) >= round + 1, "passes before the action");
              }
              return index;
            },
            (index: number) => void Atomics.add(i32, indices, 1 << (8 * round + 2 * index)),
          ]).flat()
        ),
        atEnd() {
          for (let round = 0; round < times; round++) {
            const once = (1 << 2 * count) - 1 & 0x55; // two bits count each index: all are 1
            assertEquals(i32[indices] >> 8 * round & 0xff, once);
          }
          assertEquals(i32[state], 2 * times);
          if (withAction) assertEquals(i32[ran], times);
          atEnd();
        },
      };
    },
  };
}

proves(rounds(2, 2));
proves(rounds(3, 1));
proves(rounds(2, 2, true));
proves(rounds(2, 3), { large: true });
proves(rounds(3, 2), { large: true });
proves(rounds(3, 1, true), { large: true });

/** Asserts that all parties of a round pass, with different indices, or none does. */
function allPass(results: Result[]): boolean {
  const passed = results.filter((result) => typeof result === "number");
  assert(passed.length === 0 || passed.length === results.length, `results: ${results}`);
  assertEquals(
    passed.toSorted(),
    results.map((_, i) => passed.length === 0 ? -1 : i).filter((i) => i >= 0),
  );
  return passed.length > 0;
}

/**
 * The first has a time-out. Either all pass or none does, and no party waits for ever. If not all
 * parties arrive, none passes.
 */
function oneTimesOut(parties: number, count: number, timeoutMs = 1): Scenario {
  return {
    name: `Barrier: ${count} of ${parties} parties arrive, one with a time-out of ${timeoutMs} ms`,
    isolates: count,
    uses,
    setUp(world) {
      const { barriers, state, atEnd } = makeBarrier(world, parties);
      return {
        programs: barriers.map((barrier, i) => [
          () => wait(barrier, i === 0 ? timeoutMs : undefined),
        ]),
        atEnd(results) {
          const passed = allPass(results);
          assert(count === parties || !passed, "they pass before all have arrived");
          assertEquals(i32[state], passed ? 2 : 1);
          atEnd();
        },
      };
    },
  };
}

proves(oneTimesOut(2, 2));
proves(oneTimesOut(3, 2));
proves(oneTimesOut(3, 2, 0));
proves(oneTimesOut(3, 3));

/** An isolate that is not a party breaks the barrier at any moment. */
function isAborted(parties: number): Scenario {
  return {
    name: `Barrier: abort() while ${parties} parties meet`,
    isolates: 1 + parties,
    uses,
    setUp(world) {
      const { barriers, state, atEnd } = makeBarrier(world, parties);
      const [first, ...others] = barriers;
      return {
        programs: [[() => first.abort()], ...others.map((barrier) => [() => wait(barrier)])],
        atEnd([, ...results]) {
          assertEquals(i32[state], allPass(results) ? 3 : 1);
          atEnd();
        },
      };
    },
  };
}

proves(isAborted(2));
proves(isAborted(3), { large: true });

/** A reset breaks the round of the waiting parties. They wait again, and pass. */
function isReset(withAction: boolean): Scenario {
  return {
    name: `Barrier: reset() while two parties meet${withAction ? ", with an action" : ""}`,
    isolates: 3,
    uses,
    setUp(world) {
      const ran = world.word("ran");
      const { barriers, state, atEnd } = makeBarrier(
        world,
        2,
        withAction ? () => void Atomics.add(i32, ran, 1) : undefined,
      );
      const [first, ...others] = barriers;
      return {
        programs: [
          [() => first.reset()],
          ...others.map((barrier) => [
            () => wait(barrier),
            (result: Result) => result === "broken" ? wait(barrier) : result,
          ]),
        ],
        atEnd([, ...results]) {
          assert(allPass(results), "no party passes");
          assertEquals(i32[state], 4);
          atEnd();
        },
      };
    },
  };
}

proves(isReset(false));
proves(isReset(true));

/**
 * The second arrives first and is terminated while the others arrive. Of four parties the last never
 * arrives.
 */
function oneIsTerminated(parties: 2 | 3 | 4): Scenario {
  return {
    name: `Barrier: one of ${parties} parties is terminated`,
    isolates: 3,
    mortal: 1,
    diesAnywhere: true,
    uses,
    setUp(world) {
      const { barriers, count, state, atEnd } = makeBarrier(world, parties);
      const terminate = terminates(world, 1);
      const { hasEnded, thisIsolate: victim } = world.isolates[1].isolateRecord;
      const hasArrived = world.word("hasArrived");
      const waitAfter = (barrier: Barrier): Step => () => {
        until(hasArrived, 0, true);
        const isTooLate = hasEnded(victim);
        const result = wait(barrier);
        assert(!isTooLate || result === "broken", "it passes although a party had ended");
        return result;
      };
      return {
        programs: [
          [
            () => {
              until(count, 0, true);
              Atomics.store(i32, hasArrived, 1);
              terminate();
            },
            ...(parties > 2 ? [waitAfter(barriers[0])] : []),
          ],
          [() => wait(barriers[1])],
          [waitAfter(barriers[2])],
        ],
        atEnd([first, ofVictim, last]) {
          const results = parties > 2 ? [first, last] : [last];
          assert(ofVictim !== "broken", "the victim sees the effect of its own end");
          // The others all pass or none does. The victim may have passed with them.
          const broken = results.every((result) => result === "broken");
          const passed = results.every((result) => typeof result === "number");
          assert(broken || passed, `results: ${results}`);
          assert(broken || parties < 4, "they pass before all have arrived");
          assert(!broken || typeof ofVictim !== "number", "only the victim passes");
          assertEquals(i32[state], broken ? 1 : 2);
          atEnd();
        },
      };
    },
  };
}

proves(oneIsTerminated(2));
proves(oneIsTerminated(3));
proves(oneIsTerminated(4));

/**
 * The second arrives last and runs the action. The first terminates it at any moment: it may complete the
 * action or not.
 */
const runnerIsTerminated: Scenario = {
  name: "Barrier: the runner of the action is terminated",
  isolates: 3,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const over = world.word("over");
    const { hasEnded, thisIsolate } = world.isolates[1].isolateRecord;
    const { barriers, count, state, atEnd } = makeBarrier(world, 2, () => {
      if (hasEnded(thisIsolate)) {
        if (choose(2) === 0) die();
      }
      Atomics.store(i32, ran, 1);
    });
    return {
      programs: [
        [terminates(world, 1), () => {
          until(over, 0, true);
          // It did not arrive, so its end did not break the barrier.
          if (Atomics.load(i32, over) === 1) barriers[0].abort();
        }],
        [() => {
          until(count, 1);
          const result = wait(barriers[1]);
          Atomics.store(i32, over, result === "terminated" ? 1 : 2);
          return result;
        }],
        [() => wait(barriers[2])],
      ],
      mayWait: (isolate) => isolate < 2, // the second died in its action, or was ended before the third arrived
      atEnd([, ofRunner, result]) {
        if (typeof ofRunner === "number") assertEquals([ofRunner, result], [1, 0]);
        if (result !== "broken") assertEquals([result, i32[ran]], [0, 1]);
        assertEquals(i32[state], result === "broken" ? 1 : 2);
        atEnd();
      },
    };
  },
};

proves(runnerIsTerminated);

/**
 * A party dies at any moment: before it arrives, after it has arrived `rounds` times, or while it waits. The
 * other, which would wait for it once more, passes as often, and gets a broken barrier then.
 */
function partyDies(rounds: number): Scenario {
  return {
    name: `Barrier: a party dies after ${rounds} rounds, before it arrives for the next`,
    isolates: 3,
    uses,
    setUp(world) {
      const { barriers, atEnd } = makeBarrier(world, 2);
      return {
        programs: [
          [],
          [
            ...repeat(rounds, [() => assert(typeof wait(barriers[1]) === "number")]),
            endsItself(world, 1),
          ],
          [
            ...repeat(rounds, [() => assert(typeof wait(barriers[2]) === "number")]),
            () => assertEquals(wait(barriers[2]), "broken"),
          ],
        ],
        atEnd,
      };
    },
  };
}

proves(partyDies(0));
proves(partyDies(1));
proves(partyDies(2), { large: true });

/** A party that has passed dies after a reset: two others pass. */
const diesAfterReset: Scenario = {
  name: "Barrier: a party that waited before a reset dies after it, 2 pass",
  isolates: 3,
  uses,
  setUp(world) {
    const { barriers, atEnd } = makeBarrier(world, 2);
    const isReset = world.word("isReset");
    return {
      programs: [
        [
          () => assert(typeof wait(barriers[0]) === "number"),
          () => barriers[0].reset(),
          () => void Atomics.store(i32, isReset, 1),
          () => assert(typeof wait(barriers[0]) === "number"),
        ],
        [
          () => assert(typeof wait(barriers[1]) === "number"),
          () => until(isReset, 1),
          endsItself(world, 1),
        ],
        [() => until(isReset, 1), () => assert(typeof wait(barriers[2]) === "number")],
      ],
      atEnd,
    };
  },
};

proves(diesAfterReset);

/** The runner ends itself. A party that arrives for the next round meanwhile does not wait for ever. */
const runnerEnds: Scenario = {
  name: "Barrier: the runner of the action ends while another party waits at the entrance",
  isolates: 3,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const end = endsItself(world, 1);
    const { barriers, count, state, atEnd } = makeBarrier(world, 2, () => {
      Atomics.store(i32, ran, 1);
      end();
    });
    return {
      programs: [
        [() => {
          until(ran, 1);
          return wait(barriers[0]);
        }],
        [() => {
          until(count, 1);
          return wait(barriers[1]);
        }],
        [() => wait(barriers[2])],
      ],
      atEnd(results) {
        assertEquals(results, ["broken", "broken", "broken"]);
        assertEquals(i32[state], 1);
        atEnd();
      },
    };
  },
};

proves(runnerEnds);

/** A party that arrives while the action runs waits at the entrance. The runner dies. */
const runnerDies: Scenario = {
  name: "Barrier: the runner of the action dies while another party waits at the entrance",
  isolates: 2,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const end = endsItself(world, 1);
    const { barriers, atEnd } = makeBarrier(world, 1, () => {
      if (Atomics.add(i32, ran, 1) > 0) return;
      end();
      die();
    });
    return {
      programs: [
        [
          () => {
            until(ran, 1);
            const isReset = choose(2) === 1;
            if (isReset) barriers[0].reset();
            return isReset;
          },
          (isReset: boolean) => assertEquals(wait(barriers[0]), isReset ? 0 : "broken"),
        ],
        [() => wait(barriers[1])],
      ],
      atEnd,
    };
  },
};

proves(runnerDies);

const BARRIER = "lib/sync/barrier_protocol.ts";

finds("a party that is counted before it joins the queue may be missed", [
  {
    file: BARRIER,
    from: 'return { kind: "waits", state };',
    to: 'return { kind: "waits", state, index: i32[barrier + COUNT]++ };',
  },
  { file: BARRIER, from: "    let index = 0;", to: "    let index = found.index;" },
  {
    file: BARRIER,
    from: "const counts = i32[barrier + RUNNER] === 0 && i32[barrier + PARTY_DIED] === 0 &&\n" +
      "            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;\n" +
      "          if (counts) index = i32[barrier + COUNT]++;",
    to: "const counts = true;",
  },
], rounds(2, 1));

finds("a party that does not check again inside the queue waits, although it is the last", {
  file: BARRIER,
  from: "const counts = i32[barrier + RUNNER] === 0 && i32[barrier + PARTY_DIED] === 0 &&\n" +
    "            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;",
  to: "const counts = true;",
}, rounds(2, 1));

finds("a barrier that starts the next round before its count is 0 lets a party pass too early", {
  file: BARRIER,
  from: "  i32[barrier + COUNT] = 0;\n  Atomics.add(i32, barrier + STATE, 2);\n" +
    "  resumeGroup(barrier + WAITERS, NodeState.PASSED);",
  to:
    "  Atomics.add(i32, barrier + STATE, 2);\n  resumeGroup(barrier + WAITERS, NodeState.PASSED);",
}, rounds(2, 2));

finds("all parties pass although one has ended if the waiters in the queue are not counted", {
  file: BARRIER,
  from: "if (countWaiters(barrier + WAITERS) !== i32[barrier + PARTIES] - 1) {",
  to: "if (false) {",
}, oneIsTerminated(2));

finds("a party that times out without breaking the barrier leaves the others asleep", {
  file: BARRIER,
  from: "if (outcome !== ParkResult.CHANGED) return breakIfCurrent(barrier, state);",
  to: "if (outcome !== ParkResult.CHANGED) return broken;",
}, oneTimesOut(3, 2, 0));

/** Without it, the death of a party breaks the barrier in two ways. */
const partiesUnknown: Replacement = {
  file: BARRIER,
  from: "if (exitCodeOf(isolate) === 0 || !reached) return;",
  to: "return;",
};

finds("a party that leaves the queue and breaks the group afterwards may die in between", [
  partiesUnknown,
  {
    file: "lib/parking/wait_queue.ts",
    from:
      "    const group = i32[node + nodeWord.GROUP];\n    if (group !== 0) breakGroup(queue, group);\n" +
      "  }\n  leave(queue + GUARD);\n  return state",
    to: "  }\n  leave(queue + GUARD);\n  return state",
  },
], oneIsTerminated(4));

finds("the end of a party breaks nothing if its queue is not a group", [
  partiesUnknown,
  { file: BARRIER, from: "        group: barrier + STATE,\n", to: "" },
], oneIsTerminated(4));

finds("a party waits for ever for one that dies before it arrives, if that is not noted", {
  file: BARRIER,
  from: "    i32[barrier + PARTY_DIED] = 1;\n",
  to: "",
}, partyDies(0));

finds("a party waits for ever for one that dies before it arrives, if that wakes nobody", {
  file: BARRIER,
  from: "    if (count > 0 && count < i32[barrier + PARTIES]) breakNow(barrier);\n",
  to: "",
}, partyDies(1));

finds("a party that died before a reset breaks the barrier after it", {
  file: BARRIER,
  from: "    if (holdings !== 0 && holdings !== i32[barrier + RESETS] + 1) return;",
  to: "    ",
}, diesAfterReset);

finds("a party that was terminated before it became the runner leaves the others asleep", [
  partiesUnknown,
  {
    file: BARRIER,
    from: 'return hasEnded(thisIsolate) ? breakNow(barrier) : { kind: "last", index, state };',
    to: 'return { kind: "last", index, state };',
  },
], runnerIsTerminated);

finds("a party that is about to wait when another dies waits for ever", {
  file: BARRIER,
  from: " && i32[barrier + PARTY_DIED] === 0 &&",
  to: " &&",
}, partyDies(0));

finds("waiters for a runner that ends stay asleep if their park does not name it", {
  file: BARRIER,
  from: "        ownerWord: barrier + RUNNER,\n        group",
  to: "        group",
}, runnerEnds);

finds("a party at the entrance is not woken by the runner's end if its park does not name it", {
  file: BARRIER,
  from: "        ownerWord: barrier + RUNNER,\n        admit",
  to: "        admit",
}, runnerDies);

finds("a runner that does not wake the parties at the entrance leaves them asleep", {
  file: BARRIER,
  from: "    return succeeded ? tryPass(barrier) : breakNow(barrier) !== broken;\n  });\n" +
    "  wakeAll(barrier + ENTRANCE);",
  to: "    return succeeded ? tryPass(barrier) : breakNow(barrier) !== broken;\n  });",
}, isReset(true));

finds("a runner that does not check for a reset lets the next round pass", {
  file: BARRIER,
  from: "    if (i32[barrier + STATE] !== state) return false;\n",
  to: "",
}, isReset(true));
