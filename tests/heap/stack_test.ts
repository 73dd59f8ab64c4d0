import { Lock, Process, Queue, RLock, Semaphore } from "@sauropod/multiprocessing";
import { assert, assertEquals } from "@std/assert";
import { isStackOverflow } from "../../lib/heap/stack.ts";
import { test } from "../fixtures/guarded.ts";
import { ended } from "../fixtures/workers.ts";

test("ensureStack() makes operations all or nothing when a recursion uses up the stack", async () => {
  // In a worker, where none of the functions is compiled: a first call takes more of the stack.
  const process = new Process({
    target: (
      lock: Lock,
      rlock: RLock,
      semaphore: Semaphore,
      permits: Semaphore,
      queue: Queue,
    ) => {
      const check = (what: string, is: unknown, expected: unknown) => {
        if (is !== expected) throw new Error(`${what}: ${is}, not ${expected}`);
      };
      // The number of arguments varies by how much each call shortens the stack.
      const dive = (args: number[], use: () => void) => {
        let uses = 0;
        const recurse = (depth: number, ...args: number[]) => {
          if (depth > 2000) {
            use();
            uses++;
          }
          recurse(depth + 1, ...args);
        };
        try {
          recurse(0, ...args);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
        return uses;
      };
      let [permitsGiven, messagesPut] = [0, 0];
      for (let turn = 0; turn < 16; turn++) {
        const args = Array.from({ length: turn }, () => 0);
        dive(args, () => {
          using _ = lock.acquireSync();
        });
        check("lock", lock.locked(), false);

        dive(args, () => {
          using _ = rlock.acquireSync();
        });
        check("rlock", rlock.locked(), false);

        dive(args, () => {
          using _ = semaphore.acquireSync();
        });
        check("semaphore", semaphore.value, 1);

        permitsGiven += dive(args, () => permits.release());
        check("permits", permits.value, permitsGiven);
        messagesPut += dive(args, () => queue.putSync(1));
        check("queue", queue.size(), messagesPut);
      }
    },
    args: [new Lock(), new RLock(), new Semaphore(1), new Semaphore(0), new Queue()],
  });
  process.start();
  await ended(process);
});

test("isStackOverflow() is true only for the error of a stack that is used up", () => {
  const recurse = (): never => recurse();
  let error: unknown;
  try {
    recurse();
  } catch (overflow) {
    error = overflow;
  }
  assert(isStackOverflow(error));
  const others = [new RangeError("Invalid array length"), new Error((error as Error).message)];
  assertEquals([...others, undefined, "call stack"].map(isStackOverflow), Array(4).fill(false));
});
