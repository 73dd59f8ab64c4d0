import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import { Event, sleep, sleepSync } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const waits: [name: string, wait: (ms: number) => Promise<void>][] = [
  ["sleep", sleep],
  ["sleepSync", (ms) => Promise.try(sleepSync, ms)],
];

for (const [name, wait] of waits) {
  test(`${name}() lasts at least as long as requested`, async () => {
    for (const ms of [-1, 0, 0.3, 1, 15]) {
      const start = performance.now();
      await wait(ms);
      assert(performance.now() - start >= ms);
    }
  });

  test(`${name}() rejects a time that is not a number`, async () => {
    for (const ms of [NaN, "5", undefined, null]) {
      const message = `Cannot sleep: ms must be a number of milliseconds, not ${describe(ms)}`;
      const errorClass = typeof ms === "number" ? RangeError : TypeError;
      await assertRejects(() => wait(ms as number), errorClass, message);
    }
  });
}

test("sleep() of 0 ms lets timers run", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  while (turns < 3) await sleep(0);
  clearInterval(timer);
});

test("sleep() throws the reason of an aborted signal", async () => {
  const controller = new AbortController();
  const sleeping = sleep(1e9, { signal: controller.signal });
  controller.abort(new Error("wake up"));
  await assertRejects(() => sleeping, Error, "wake up");
  await assertRejects(() => sleep(1, { signal: controller.signal }), Error, "wake up");
});

test("sleep() can last longer than a timer", async () => {
  const controller = new AbortController();
  const sleeping = sleep(Infinity, { signal: controller.signal });
  await sleep(2);
  controller.abort(new Error("wake up"));
  await assertRejects(() => sleeping, Error, "wake up");
});

test("sleepSync() of many workers and sleep() of the main isolate end without a waker", async () => {
  const nap = async (specifier: string) => (await import(specifier)).sleepSync(20);
  const specifier = import.meta.resolve("@sauropod/multiprocessing");
  const workers = [run(nap, specifier), run(nap, specifier)];
  await Promise.all([sleep(5), sleep(10), sleep(1)]);
  for (const worker of workers) await ended(worker);
});

test("sleepSync() is interrupted by terminate()", async () => {
  const begun = new Event();
  const worker = run(
    async (begun: Event, specifier: string) => {
      const { sleepSync } = await import(specifier);
      begun.set();
      sleepSync(1e9);
    },
    begun,
    import.meta.resolve("@sauropod/multiprocessing"),
  );
  assert(await begun.wait(guard));
  worker.terminate();
  assert(await worker.join(guard));
  assertEquals(worker.exitCode, -15);
});
