/**
 * What `console.log` shows of the objects of the package. The texts are in `__snapshots__`;
 * CONTRIBUTING.md says how to update them.
 *
 * @module
 */
import { assertSnapshot } from "@std/testing/snapshot";
import * as mp from "../fixtures/all_shelves.ts";
import { test } from "../fixtures/guarded.ts";

/** Shows values as `console.log` does, with N for numbers that depend on what ran before. */
function shown(values: Record<string, unknown>): Record<string, string> {
  const varying = /(?<=address: |pid: |memory-)\d+/g;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Deno.inspect(value, { colors: false }).replaceAll(varying, "N"),
    ]),
  );
}

test("locks and other primitives are shown with their state", async (t) => {
  const [held, condition, event] = [new mp.Lock(), new mp.Condition(), new mp.Event()];
  using _guard = held.acquireSync();
  using _condition = condition.acquireSync();
  event.set();
  const values = {
    "free Lock": new mp.Lock(),
    "held Lock": held,
    "free RLock": new mp.RLock(),
    "held Condition": condition,
    Semaphore: new mp.Semaphore(3),
    BoundedSemaphore: new mp.BoundedSemaphore(2),
    "clear Event": new mp.Event(),
    "set Event": event,
    Barrier: new mp.Barrier(2),
  };
  await assertSnapshot(t, shown(values));
});

test("queues and connections are shown with what they hold", async (t) => {
  const [queue, closed] = [new mp.Queue(4), new mp.Queue()];
  queue.putSync("item");
  closed.close();
  const [here, there] = mp.Pipe();
  there.close();
  const values = {
    Queue: queue,
    "closed Queue": closed,
    JoinableQueue: new mp.JoinableQueue(),
    SimpleQueue: new mp.SimpleQueue(),
    LifoQueue: new mp.LifoQueue(),
    PriorityQueue: new mp.PriorityQueue(),
    Connection: here,
    "closed Connection": there,
  };
  await assertSnapshot(t, shown(values));
  here.close();
});

test("shared values and containers are shown with their content", async (t) => {
  const values = {
    Value: new mp.Value("i", 7),
    RawValue: new mp.RawValue("d", 0.5),
    SharedArray: new mp.SharedArray("B", [1, 2, 3]),
    RawArray: new mp.RawArray("d", [0.5]),
    SharedList: new mp.SharedList([1, "two"]),
    SharedMap: new mp.SharedMap({ a: 1 }),
    ShareableList: new mp.ShareableList([1, "two"]),
    Namespace: new mp.Namespace({ x: 1 }),
  };
  await assertSnapshot(t, shown(values));
});

test("processes, pools, threads and futures are shown with their state", async (t) => {
  const process = new mp.Process({ target: () => {}, name: "worker" });
  const [pool, threads] = [new mp.Pool(2), new mp.ThreadPool(2)];
  const done = new mp.Future<number>();
  done.setResult(7);
  const values = {
    "new Process": process,
    "current process": mp.currentProcess(),
    Pool: pool,
    ThreadPool: threads,
    Thread: new mp.Thread({ target: () => {}, name: "thread" }),
    "current thread": mp.currentThread(),
    "pending Future": new mp.Future(),
    "finished Future": done,
    ThreadPoolExecutor: new mp.ThreadPoolExecutor(2),
  };
  await assertSnapshot(t, shown(values));
  for (const each of [pool, threads]) {
    each.terminate();
    await each.join();
  }
});
