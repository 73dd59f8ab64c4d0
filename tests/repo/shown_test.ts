/**
 * What `console.log` shows of the objects of the package. The texts are in `__snapshots__`;
 * CONTRIBUTING.md says how to update them.
 *
 * @module
 */
import { assertMatch, assertRejects } from "@std/assert";
import { assertSnapshot } from "@std/testing/snapshot";
import * as mp from "../fixtures/all_shelves.ts";
import { test } from "../fixtures/guarded.ts";

/** Shows values as `console.log` does, with N for numbers that depend on what ran before. */
function shown(values: Record<string, unknown>): Record<string, string> {
  const varying = /(?<=address: |pid: |ident: |memory-|PoolWorker-)\d+/g;
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

test("listeners and managers are shown with their state", async (t) => {
  const listener = new mp.Listener("shown");
  const manager = new mp.Manager();
  await assertSnapshot(t, shown({ Listener: listener, "new Manager": manager }));
  listener.close();
  manager.start();
  const running = shown({ "closed Listener": listener, "running Manager": manager });
  await manager.shutdown();
  await assertSnapshot(t, { ...running, ...shown({ "Manager that was shut down": manager }) });
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
    "prototype of ShareableList": mp.ShareableList.prototype,
    constant: mp.constant({ x: [1] }),
  };
  await assertSnapshot(t, {
    ...shown(values),
    ...shown({ SharedMemory: values.ShareableList.shm }),
  });
  values.ShareableList.shm.unlink();
});

class Download extends mp.Process {
  url = "data:,";
}
class Failing extends mp.ThreadPoolExecutor {}

test("processes and threads are shown with their state", async (t) => {
  const go = new mp.Event();
  const process = new mp.Process({
    target: async (go: mp.Event) => void await go.wait(),
    args: [go],
    name: "worker",
  });
  const [ended, closed] = [0, 1].map((n) =>
    new mp.Process({ target: (n: number) => Deno.exit(n), args: [n], name: `ends with ${n}` })
  );
  const thread = new mp.Thread({ target: () => {}, name: "thread" });
  const values: Record<string, unknown> = {
    "new Process": process,
    "Process of a subclass": new Download({ name: "download", daemon: true }),
    "current process": mp.currentProcess(),
    "prototype of Process": mp.Process.prototype,
    "new Thread": thread,
    "current thread": mp.currentThread(),
  };
  await assertSnapshot(t, shown(values));
  for (const each of [process, ended, closed, thread]) each.start();
  const started = shown({ "started Process": process, "started Thread": thread });
  go.set();
  for (const each of [process, ended, closed, thread]) await each.join();
  closed.close();
  await assertSnapshot(t, {
    ...started,
    ...shown({ "ended Process": ended, "closed Process": closed, "ended Thread": thread }),
  });
});

test("pools and executors are shown with their state", async (t) => {
  const [pool, threads, closed] = [new mp.Pool(2), new mp.ThreadPool(2), new mp.ThreadPool(1)];
  const [executor, failing] = [new mp.ProcessPoolExecutor(1), new Failing(2)];
  closed.close();
  threads.terminate();
  await failing.shutdown();
  const values = {
    Pool: pool,
    "terminated ThreadPool": threads,
    "closed ThreadPool": closed,
    ProcessPoolExecutor: executor,
    "ThreadPoolExecutor of a subclass, shut down": failing,
  };
  await assertSnapshot(t, shown(values));
  pool.terminate();
  await executor.shutdown();
  for (const each of [pool, threads, closed]) await each.join();
});

test("futures and results of calls are shown with their state", async (t) => {
  await using pool = new mp.ThreadPool(1);
  const [done, failed, cancelled] = [1, 2, 3].map(() => new mp.Future<number>());
  const running = new mp.Future<number>();
  done.setResult(7);
  failed.setException("no");
  cancelled.cancel();
  running.setRunningOrNotifyCancel();
  await mp.wait([failed, cancelled]);
  const [result, failure] = [0, 1].map((n) =>
    pool.applyAsync((n: number) => {
      if (n === 1) throw new Error("no");
    }, [n])
  );
  const pending = shown({ "pending AsyncResult": result });
  for (const each of [result, failure]) await each.wait();
  await failure.get().catch(() => {});
  await assertSnapshot(t, {
    ...pending,
    ...shown({
      "finished AsyncResult": result,
      "failed AsyncResult": failure,
      "pending Future": new mp.Future(),
      "running Future": running,
      "finished Future": done,
      "failed Future": failed,
      "prototype of Future": mp.Future.prototype,
    }),
  });
  assertMatch(shown({ cancelled }).cancelled, /^Future \{ state: "cancelled" \}$/);
});

test("the death of a worker is shown with what is known of it", async (t) => {
  await using pool = new mp.Pool(1);
  const error = await assertRejects(() => pool.map(exits, [0, 3]), mp.WorkerDiedError);
  Object.defineProperty(error, "stack", { value: String(error) });
  await assertSnapshot(t, shown({ WorkerDiedError: error }));
});
function exits(code: number): void {
  if (code !== 0) Deno.exit(code);
}
