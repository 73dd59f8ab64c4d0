import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import type { Step } from "./code.ts";
import { addressIn, assertEmptyQueue, endOf, finds, ownEnd, proves, queueNames } from "./prove.ts";
import { Atomics, choose, die, i32, until } from "./stand_ins.ts";
import type { Barrier } from "../../lib/sync/barrier.ts";

/** What a party is told: its number, or that it does not pass. */
type Told = number | "broken" | "not let in" | "stopped";

const ERRORS: Record<string, Told> = {
  BrokenBarrierError: "broken",
  TimeoutError: "not let in",
  TerminatedError: "stopped",
};

function meet(barrier: Barrier, timeoutMs?: number): Told {
  try {
    return barrier.waitSync({ timeoutMs });
  } catch (error) {
    const told = ERRORS[(error as Error).name];
    if (told === undefined) throw error;
    return told;
  }
}

function makeBarrier(world: World, parties: number, action?: () => void) {
  const barriers = world.share(new world.isolates[0].barrier.Barrier(parties, { action }));
  const at = addressIn(world, barriers[0]) + 2;
  world.name(
    at,
    ...["PARTIES", "COUNT", "STATE", "RUNNER"],
    ...queueNames("WAITERS"),
    ...queueNames("ENTRANCE"),
  );
  return {
    barriers,
    count: at + 1,
    /** How often the barrier has let all pass or was reset, if it is whole; odd if it is broken. */
    state: at + 2,
    atEnd() {
      assertEmptyQueue(at + 4);
      assertEmptyQueue(at + 7);
    },
  };
}

const uses: Scenario["uses"] = ["barrier", "lifecycle"];

/** Nobody passes before all have come, in any round, and each has a number of its own. */
function allMeet(threads: number, rounds: number, withAction = false): Scenario {
  return {
    name: `Barrier: ${threads} meet ${rounds} times${withAction ? ", with an action" : ""}`,
    threads,
    alike: !withAction, // the first knows the action itself
    uses,
    setUp(world) {
      const came = world.word("came");
      const numbers = world.word("numbers");
      const ran = world.word("ran");
      const { barriers, state, atEnd } = makeBarrier(
        world,
        threads,
        withAction
          ? () => {
            assertEquals(Atomics.load(i32, came), threads * (i32[ran] + 1));
            i32[ran]++;
          }
          : undefined,
      );
      return {
        threads: barriers.map((barrier) =>
          Array.from({ length: rounds }, (_, round): Step[] => [
            () => void Atomics.add(i32, came, 1),
            () => {
              const index = barrier.waitSync();
              assert(Atomics.load(i32, came) >= threads * (round + 1), "passes too early");
              if (withAction) assert(Atomics.load(i32, ran) >= round + 1, "before the action");
              return index;
            },
            (index: number) => void Atomics.add(i32, numbers, 1 << (8 * round + 2 * index)),
          ]).flat()
        ),
        atEnd() {
          for (let round = 0; round < rounds; round++) {
            const once = (1 << 2 * threads) - 1 & 0x55; // each number so many times: once
            assertEquals(i32[numbers] >> 8 * round & 0xff, once);
          }
          assertEquals(i32[state], 2 * rounds);
          if (withAction) assertEquals(i32[ran], rounds);
          atEnd();
        },
      };
    },
  };
}

proves(allMeet(2, 2));
proves(allMeet(3, 1));
proves(allMeet(2, 2, true));
proves(allMeet(2, 3), { large: true });
proves(allMeet(3, 2), { large: true });
proves(allMeet(3, 1, true), { large: true });

/** All that are told in one round are told the same. */
function assertAgree(told: Told[]): boolean {
  const passed = told.filter((one) => typeof one === "number");
  assert(passed.length === 0 || passed.length === told.length, `they are told ${told}`);
  assertEquals(
    passed.toSorted(),
    told.map((_, i) => passed.length === 0 ? -1 : i).filter((i) => i >= 0),
  );
  return passed.length > 0;
}

/**
 * The first gives up after some time: all pass, or nobody does, and nobody waits for it for ever. If
 * not all come, nobody passes.
 */
function oneTimesOut(parties: number, threads: number, timeoutMs = 1): Scenario {
  return {
    name: `Barrier: ${threads} of ${parties} parties arrive, one with ${timeoutMs} ms`,
    threads,
    uses,
    setUp(world) {
      const { barriers, state, atEnd } = makeBarrier(world, parties);
      return {
        threads: barriers.map((
          barrier,
          i,
        ) => [() => meet(barrier, i === 0 ? timeoutMs : undefined)]),
        atEnd(told) {
          const passed = assertAgree(told);
          assert(threads === parties || !passed, "they pass before all have come");
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

/** One that has nothing to do with the meeting of the others breaks it, at any moment. */
function isAborted(parties: number): Scenario {
  return {
    name: `Barrier: abort() while ${parties} meet`,
    threads: 1 + parties,
    uses,
    setUp(world) {
      const { barriers, state, atEnd } = makeBarrier(world, parties);
      const [its, ...others] = barriers;
      return {
        threads: [[() => its.abort()], ...others.map((barrier) => [() => meet(barrier)])],
        atEnd([, ...told]) {
          assertEquals(i32[state], assertAgree(told) ? 3 : 1);
          atEnd();
        },
      };
    },
  };
}

proves(isAborted(2));
proves(isAborted(3), { large: true });

/** A reset sends away who has come; they come again, and meet. */
function isReset(withAction: boolean): Scenario {
  return {
    name: `Barrier: reset() while two meet${withAction ? ", with an action" : ""}`,
    threads: 3,
    uses,
    setUp(world) {
      const ran = world.word("ran");
      const { barriers, state, atEnd } = makeBarrier(
        world,
        2,
        withAction ? () => void Atomics.add(i32, ran, 1) : undefined,
      );
      const [its, ...others] = barriers;
      return {
        threads: [
          [() => its.reset()],
          ...others.map((barrier) => [
            () => meet(barrier),
            (told: Told) => told === "broken" ? meet(barrier) : told,
          ]),
        ],
        atEnd([, ...told]) {
          assert(assertAgree(told), "nobody passes");
          assertEquals(i32[state], 4);
          atEnd();
        },
      };
    },
  };
}

proves(isReset(false));
proves(isReset(true));

/** The second comes first and is ended while the others come; of four parties the last never comes. */
function oneIsEnded(parties: 2 | 3 | 4): Scenario {
  return {
    name: `Barrier: one of ${parties} parties is ended`,
    threads: 3,
    mortal: 1,
    diesAnywhere: true,
    uses,
    setUp(world) {
      const { barriers, count, state, atEnd } = makeBarrier(world, parties);
      const end = endOf(world, 1);
      const { hasEnded, thisIsolate: victim } = world.isolates[1].thread;
      const here = world.word("here");
      const come = (barrier: Barrier): Step => () => {
        until(here, 0, true);
        const isTooLate = hasEnded(victim);
        const told = meet(barrier);
        assert(!isTooLate || told === "broken", "it passes without one that had ended before");
        return told;
      };
      return {
        threads: [
          [
            () => {
              until(count, 0, true);
              Atomics.store(i32, here, 1);
              end();
            },
            ...(parties > 2 ? [come(barriers[0])] : []),
          ],
          [() => meet(barriers[1])],
          [come(barriers[2])],
        ],
        atEnd([first, ended, last]) {
          const told = parties > 2 ? [first, last] : [last];
          assert(ended !== "broken", "the ended one hears what its own end has done");
          // Those who live agree; the one that is ended may have passed with them.
          const broken = told.every((one) => one === "broken");
          assert(broken || told.every((one) => typeof one === "number"), `they are told ${told}`);
          assert(broken || parties < 4, "they pass before all have come");
          assert(!broken || typeof ended !== "number", "the ended one alone passes");
          assertEquals(i32[state], broken ? 1 : 2);
          atEnd();
        },
      };
    },
  };
}

proves(oneIsEnded(2));
proves(oneIsEnded(3));
proves(oneIsEnded(4));

/**
 * The second comes last, runs the action, and is ended by the first at any moment: it goes on with the
 * action, or it does not.
 */
const runnerIsEnded: Scenario = {
  name: "Barrier: the runner of the action is ended",
  threads: 3,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const { hasEnded, thisIsolate } = world.isolates[1].thread;
    const { barriers, count, state, atEnd } = makeBarrier(world, 2, () => {
      if (hasEnded(thisIsolate)) {
        if (choose(2) === 0) die();
      }
      Atomics.store(i32, ran, 1);
    });
    return {
      threads: [
        [endOf(world, 1)],
        [() => {
          until(count, 1);
          const told = meet(barriers[1]);
          if (told === "stopped") barriers[1].abort(); // it never came: nobody need know
          return told;
        }],
        [() => meet(barriers[2])],
      ],
      atEnd([, ended, told]) {
        if (typeof ended === "number") assertEquals([ended, told], [1, 0]);
        if (told !== "broken") assertEquals([told, i32[ran]], [0, 1]);
        assertEquals(i32[state], told === "broken" ? 1 : 2);
        atEnd();
      },
    };
  },
};

proves(runnerIsEnded);

/** The same, and another comes for the next round while the action runs: it is not left outside. */
const runnerEndsItself: Scenario = {
  name: "Barrier: the runner of the action ends itself while another party waits outside",
  threads: 3,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const end = ownEnd(world, 1);
    const { barriers, count, state, atEnd } = makeBarrier(world, 2, () => {
      Atomics.store(i32, ran, 1);
      end();
    });
    return {
      threads: [
        [() => {
          until(ran, 1);
          return meet(barriers[0]);
        }],
        [() => {
          until(count, 1);
          return meet(barriers[1]);
        }],
        [() => meet(barriers[2])],
      ],
      atEnd(told) {
        assertEquals(told, ["broken", "broken", "broken"]);
        assertEquals(i32[state], 1);
        atEnd();
      },
    };
  },
};

proves(runnerEndsItself);

/** One that comes while the action runs waits outside; the runner dies, perhaps after a reset. */
const runnerDies: Scenario = {
  name: "Barrier: the runner of the action dies while another party waits outside",
  threads: 2,
  uses,
  setUp(world) {
    const ran = world.word("ran");
    const end = ownEnd(world, 1);
    const { barriers, atEnd } = makeBarrier(world, 1, () => {
      if (Atomics.add(i32, ran, 1) > 0) return;
      end();
      die();
    });
    return {
      threads: [
        [
          () => {
            until(ran, 1);
            const isReset = choose(2) === 1;
            if (isReset) barriers[0].reset();
            return isReset;
          },
          (isReset: boolean) => assertEquals(meet(barriers[0]), isReset ? 0 : "broken"),
        ],
        [() => meet(barriers[1])],
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
    from: "const counts = i32[barrier + RUNNER] === 0 &&\n" +
      "            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;\n" +
      "          if (counts) index = i32[barrier + COUNT]++;",
    to: "const counts = true;",
  },
], allMeet(2, 1));

finds("a party that does not check again inside the queue waits, although it is the last", {
  file: BARRIER,
  from: "const counts = i32[barrier + RUNNER] === 0 &&\n" +
    "            i32[barrier + COUNT] < i32[barrier + PARTIES] - 1;",
  to: "const counts = true;",
}, allMeet(2, 1));

finds("a barrier that starts the next round before its count is 0 lets a party pass too early", {
  file: BARRIER,
  from: "  i32[barrier + COUNT] = 0;\n  Atomics.add(i32, barrier + STATE, 2);\n" +
    "  resumeGroup(barrier + WAITERS, NodeState.PASSED);",
  to:
    "  Atomics.add(i32, barrier + STATE, 2);\n  resumeGroup(barrier + WAITERS, NodeState.PASSED);",
}, allMeet(2, 2));

finds("all parties pass although one has ended, if the waiters in the queue are not counted", {
  file: BARRIER,
  from: "if (countWaiters(barrier + WAITERS) !== i32[barrier + PARTIES] - 1) {",
  to: "if (false) {",
}, oneIsEnded(2));

finds("a party that times out without breaking the barrier leaves the others asleep", {
  file: BARRIER,
  from: "if (outcome !== ParkResult.CHANGED) return breakIfCurrent(barrier, state);",
  to: "if (outcome !== ParkResult.CHANGED) return broken;",
}, oneTimesOut(3, 2, 0));

finds("a party that leaves the queue and breaks the group afterwards may die in between", {
  file: "lib/parking/wait_queue.ts",
  from:
    "    const group = i32[node + nodeWord.GROUP];\n    if (group !== 0) breakGroup(queue, group);\n" +
    "  }\n  leave(queue + GUARD);\n  return state",
  to: "  }\n  leave(queue + GUARD);\n  return state",
}, oneIsEnded(4));

finds("the end of a party breaks nothing if its queue is not a group", {
  file: BARRIER,
  from: "        group: barrier + STATE,\n",
  to: "",
}, oneIsEnded(4));

finds("a party that was ended before it became the runner leaves the others asleep", {
  file: BARRIER,
  from: 'return hasEnded(thisIsolate) ? breakNow(barrier) : { kind: "last", index, state };',
  to: 'return { kind: "last", index, state };',
}, runnerIsEnded);

finds("waiters for a runner that ends stay asleep if their park does not name it", {
  file: BARRIER,
  from: "        ownerWord: barrier + RUNNER,\n        group",
  to: "        group",
}, runnerEndsItself);

finds("a party that waits outside is not woken by the runner's end if its park does not name it", {
  file: BARRIER,
  from: "        ownerWord: barrier + RUNNER,\n        admit",
  to: "        admit",
}, runnerDies);

finds("a runner that does not wake the parties outside leaves them asleep", {
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
