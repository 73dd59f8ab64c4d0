import { assert, assertEquals } from "@std/assert";
import { Lock, Pool, Process, Value, WorkerDiedError } from "@sauropod/multiprocessing";
import { isolateWord } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { Random } from "../../scripts/stress/random.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { slowSquare, square } from "./process_tasks.ts";

/** Returns the processes of the operating system that this program has started and that live. */
function processes(): number[] {
  const mine = (pid: number) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ")[1] ===
        String(Deno.pid);
    } catch {
      return false; // it has ended, or the agent has not launched it
    }
  };
  return hostedWorkers().map((record) => i32[record + isolateWord.PID]).filter(mine);
}

/**
 * Kills a process now and then until the work is done. Returns how many.
 *
 * @param progress what has been done: after each kill, it has to go on before the next. A pool whose workers
 * all die before they have done anything gives up
 */
async function killUntil(
  done: Promise<unknown>,
  random: Random,
  progress: () => number = () => performance.now(),
): Promise<number> {
  let [isDone, killed, seen] = [false, 0, 0];
  void done.then(() => isDone = true);
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, random.int(1, 150)));
    const found = processes();
    if (found.length === 0 || isDone || progress() === seen) continue;
    seen = progress();
    try {
      Deno.kill(random.pick(found), "SIGKILL");
      killed++;
    } catch {
      // It has just ended.
    }
  }
  return killed;
}

function seeded(): Random {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  return new Random(seed);
}

test("each call settles once, whenever the processes of its pool are killed", async () => {
  const random = seeded();
  await using pool = new Pool({ processes: 2, startMethod: "process" });
  let [settled, done, died] = [0, 0, 0];
  const calls = Array.from({ length: 150 }, async (_, x) => {
    try {
      const call = x % 3 === 0
        ? pool.map(slowSquare, [x, x + 1, x + 2], { chunkSize: 2 })
        : pool.apply(slowSquare, [x]);
      const result = await call;
      assertEquals(result, x % 3 === 0 ? [x, x + 1, x + 2].map((y) => y * y) : x * x);
      done++;
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      died++;
    }
    settled++;
  });
  const killed = await killUntil(Promise.all(calls), random, () => done);
  await Promise.all(calls);
  assertEquals([settled, done + died], [150, 150]);
  assert(died <= killed, `${died} calls failed, and ${killed} processes were killed`);
  await turn();
  assertEquals(await pool.apply(square, [7]).catch(() => 49), 49);
});

test("calls with retries give their results, whenever their processes are killed", async () => {
  const random = seeded();
  await using pool = new Pool({ processes: 2, startMethod: "process", retries: 1000 });
  const items = Array.from({ length: 150 }, (_, x) => x);
  let seen = 0;
  const call = pool.map(slowSquare, items, {
    chunkSize: 5,
    onProgress: ({ done }) => seen = done,
  });
  await killUntil(call, random, () => seen);
  assertEquals(await call, items.map((x) => x * x));
});

test("a lock is abandoned or released, and no count is lost, when its holders are killed", async () => {
  const random = seeded();
  const [lock, value] = [new Lock(), new Value("int32")];
  const count = async (lock: Lock, value: Value<"int32">) => {
    for (let times = 0; times < 30; times++) {
      const guard = await lock.acquire().catch(() => ({ [Symbol.dispose]: () => lock.release() }));
      using _ = guard;
      value.add(1);
    }
  };
  const all = Array.from({ length: 4 }, () => {
    const process = new Process({ target: count, args: [lock, value], startMethod: "process" });
    process.start();
    return process;
  });
  await killUntil(Promise.all(all.map((process) => process.join())), random);
  const codes = all.map(({ exitCode }) => exitCode);
  assert(codes.every((code) => code === 0 || code === -9), `exit codes ${codes}`);
  const whole = codes.filter((code) => code === 0).length * 30;
  assert(value.value >= whole && value.value <= 120, `${value.value} counts of ${whole} or more`);
  assert((await lock.acquire().catch(() => "abandoned")) !== undefined);
  lock.release();
});
