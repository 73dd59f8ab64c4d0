import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import { addressIn, alone, assertEmptyQueue, finds, proves, queueNames, times } from "./prove.ts";
import { i32, runEventLoop } from "./stand_ins.ts";
import type { Ending } from "./prove.ts";

function makeRLock(world: World) {
  const locks = world.share(new world.isolates[0].rlock.RLock());
  const owner = addressIn(world, locks[0]) + 2;
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

/** All acquire twice, one inside the other. */
function allAcquire(threads: number, rounds: number): Scenario {
  return {
    name: `RLock: ${threads} threads acquire twice, ${rounds} times`,
    threads,
    alike: true,
    forgetful: true,
    uses: ["rlock"],
    setUp(world) {
      const { locks, inside, atEnd } = makeRLock(world);
      const [come, go] = alone(inside);
      return {
        threads: locks.map((lock) =>
          times(rounds, [
            () => void lock.acquireSync(),
            come,
            () => {
              lock.acquireSync();
              assertEquals(lock.depth, 2);
              lock.release();
            },
            go,
            () => lock.release(),
          ])
        ),
        atEnd,
      };
    },
  };
}

proves(allAcquire(2, 2));
proves(allAcquire(3, 1));
proves(allAcquire(2, 4), { large: true });

/** One thread's promise, which is another owner, waits; another thread blocks. */
const promiseWaits: Scenario = {
  name: "RLock: a promise waits, another thread blocks",
  threads: 2,
  uses: ["rlock"],
  setUp(world) {
    const { locks, owner, inside, atEnd } = makeRLock(world);
    const { wait, rlock } = world.isolates[0];
    const [come, go] = alone(inside);
    return {
      threads: [
        [() => {
          const promise = wait.awaitOn(
            rlock.entering(owner - 2, { token: 7, depth: 1 }),
          ) as unknown as Ending;
          runEventLoop(() => promise.ended !== undefined);
          come(null);
          assert(locks[0].depth === 1, "another depth");
          go(null);
          locks[0].release();
        }],
        [() => void locks[1].acquireSync(), come, go, () => locks[1].release()],
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
}, allAcquire(2, 1));
