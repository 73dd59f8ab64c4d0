import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  exclusiveSection,
  finds,
  type ModelPromise,
  proves,
  queueNames,
  repeat,
} from "./prove.ts";
import { i32, runEventLoop } from "./stand_ins.ts";

function makeRLock(world: World) {
  const locks = world.share(new world.isolates[0].rlock.RLock());
  const owner = addressOfShared(world, locks[0]) + 2;
  world.name(owner, "OWNER", ...queueNames("QUEUE"));
  return {
    locks,
    owner,
    inside: world.word("inside"),
    atEnd() {
      assertEquals(i32[owner], 0);
      assertEmptyQueue(owner + 1);
    },
  };
}

/** All acquire twice, nested. */
function contention(count: number, rounds: number): Scenario {
  return {
    name: `RLock: ${count} isolates acquire twice, ${rounds} times`,
    isolates: count,
    alike: true,
    forgetful: true,
    uses: ["rlock"],
    setUp(world) {
      const { locks, inside, atEnd } = makeRLock(world);
      const [enter, leave] = exclusiveSection(inside);
      return {
        programs: locks.map((lock) =>
          repeat(rounds, [
            () => void lock.acquireSync(),
            enter,
            () => {
              lock.acquireSync();
              assertEquals(lock.depth, 2);
              lock.release();
            },
            leave,
            () => lock.release(),
          ])
        ),
        atEnd,
      };
    },
  };
}

proves(contention(2, 2));
proves(contention(3, 1));
proves(contention(2, 4), { large: true });

/** In one isolate a promise waits, with an owner token of its own. Another isolate blocks. */
const promiseWaits: Scenario = {
  name: "RLock: a promise waits in one isolate, another isolate blocks",
  isolates: 2,
  uses: ["rlock"],
  setUp(world) {
    const { locks, owner, inside, atEnd } = makeRLock(world);
    const { wait, rlock } = world.isolates[0];
    const [enter, leave] = exclusiveSection(inside);
    return {
      programs: [
        [() => {
          const promise = wait.awaitOn(
            rlock.entering(owner - 2, { token: 7, depth: 1 }),
          ) as unknown as ModelPromise;
          runEventLoop(() => promise.settled !== undefined);
          enter(null);
          assert(locks[0].depth === 1, "the depth is not 1");
          leave(null);
          locks[0].release();
        }],
        [() => void locks[1].acquireSync(), enter, leave, () => locks[1].release()],
      ],
      atEnd,
    };
  },
};

proves(promiseWaits);

const RLOCK = "lib/sync/rlock.ts";

finds("an inner release that frees the lock admits another isolate", {
  file: RLOCK,
  from: "if (hold.depth > 1) hold.depth--;\n    else releaseAll(this.address);",
  to: "hold.depth--; releaseAll(this.address);",
}, contention(2, 1));
