/**
 * Processes, waits and managers while the shared heap is full.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  BaseManager,
  Event,
  JoinableQueue,
  MemoryError,
  Pipe,
  Process,
  Queue,
  SharedMap,
  task,
  waitAny,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { parallelFor, parallelForSync, prange, stopTeam } from "@sauropod/multiprocessing/loops";
import { countNodesInUse } from "../../lib/parking/waiter_node.ts";
import { test } from "../fixtures/guarded.ts";
import { frees, fullHeap, settledUse, useUpHeadroom } from "../fixtures/heap.ts";
import { ended, ending, guard, run, started } from "../fixtures/workers.ts";

test("a process starts and ends while the heap is full", async () => {
  const done = new Event();
  using _ = await fullHeap();
  await ended(run((done: Event) => done.set(), done));
  assert(done.isSet());
  const failed = run(() => {
    throw Object.assign(new RangeError("large"), { data: new Uint8Array(2000) });
  });
  await ended(failed, 1).catch(() => {});
  assertInstanceOf(failed.error, RangeError);
  assertEquals((failed.error as RangeError & { data: Uint8Array }).data.length, 2000);
});

test("an error of a process that is too large for the full heap is described by a MemoryError", async () => {
  using _ = await fullHeap();
  const failed = run(() => {
    throw Object.assign(new RangeError("too large"), { data: new Uint8Array(200_000) });
  });
  assertEquals(await ending(failed), 1);
  assertInstanceOf(failed.error, MemoryError);
  assertEquals(
    failed.error.message,
    "Cannot send back an error: the shared heap has no room for it. It was RangeError: too large",
  );
});

test("a process that finds no room for its error ends all the same", async () => {
  const [begun, go] = [new Event(), new Event()];
  const failed = run(
    (begun: Event, go: Event) => {
      begun.set();
      go.waitSync();
      throw new RangeError("no room");
    },
    begun,
    go,
  );
  await begun.wait(guard);
  {
    using _ = await fullHeap();
    using _headroom = useUpHeadroom(32);
    go.set();
    assertEquals(await ending(failed), 1);
  }
  assertEquals(failed.error, undefined);
});

test("Process.start() that finds no room leaves nothing, and can be repeated", async () => {
  const process = new Process({
    target: (bytes: Uint8Array) => bytes.length,
    args: [new Uint8Array(100_000)],
  });
  const small = new Process({ target: () => {} });
  await ended(run((bytes: Uint8Array) => bytes.length, new Uint8Array(1)));
  const before = await settledUse();
  {
    using _ = await fullHeap();
    assertThrows(() => process.start(), MemoryError, "Cannot allocate");
    using _headroom = useUpHeadroom(32);
    assertThrows(() => small.start(), MemoryError, "Cannot allocate");
  }
  assertEquals(await settledUse(), before);
  for (const each of [process, small]) {
    each.start();
    await ended(each);
  }
});

test("waits take their items while the heap is full, and make room", async () => {
  const [queue, tasks] = [new Queue<Event>(), new JoinableQueue<Event>()];
  const [[here, there], go] = [Pipe<Event>(), new Event()];
  const process = run(
    (queue: Queue<Event>, tasks: JoinableQueue<Event>, end: typeof there, go: Event) => {
      go.waitSync();
      for (const item of [queue.getSync(), tasks.getSync(), end.recvSync()]) item.set();
      tasks.taskDone();
    },
    queue,
    tasks,
    there,
    go,
  );
  const events = [new Event(), new Event(), new Event()];
  queue.putSync(events[0]);
  tasks.putSync(events[1]);
  here.sendSync(events[2]);
  using _ = await fullHeap();
  go.set();
  for (const event of events) assert(await event.wait(guard));
  assert(await tasks.join(guard));
  await ended(process);
});

test("operations that find no room throw MemoryError, and change nothing", async () => {
  const [queue, [here, there]] = [new Queue<unknown>(), Pipe<unknown>()];
  const map = new SharedMap<string, unknown>();
  const [event, large] = [new Event(), new Uint8Array(100)];
  const calls: (() => unknown)[] = [
    () => queue.putSync([event, large]),
    () => queue.tryPut([event, large]),
    () => queue.put([event, large]),
    () => here.sendSync([there, large]),
    () => here.send([there, large]),
    () => map.set("a", [event, large]),
  ];
  const before = await settledUse();
  {
    using _ = await fullHeap(64);
    for (const call of calls) {
      await assertRejects(async () => void await call(), MemoryError, "Cannot allocate", `${call}`);
    }
  }
  assertEquals(await settledUse(), before);
  assertEquals([queue.size(), await there.poll(), map.size], [0, false, 0]);
});

test("waitAnySync() and waitAny() that find no room for their nodes leave none in use", async () => {
  const queues = Array.from({ length: 100 }, () => new Queue<number>());
  const before = countNodesInUse();
  {
    using _ = await fullHeap();
    using _headroom = useUpHeadroom(32);
    assertThrows(() => waitAnySync(queues, { timeoutMs: 1 }), MemoryError, "Cannot allocate");
    await assertRejects(() => waitAny(queues, { timeoutMs: 1 }), MemoryError, "Cannot allocate");
  }
  assertEquals(countNodesInUse(), before);
  assertEquals(waitAnySync(queues, { timeoutMs: 1 }), []);
  assertEquals(await waitAny(queues, { timeoutMs: 1 }), []);
  assertEquals(countNodesInUse(), before);
});

class Store {
  bytes(length: number): Uint8Array {
    return new Uint8Array(length);
  }
  fail(): never {
    throw new RangeError("not here");
  }
}
task(import.meta, Store);

test("calls of a manager that find no room fail with MemoryError, and its server lives", async () => {
  await using manager = new (BaseManager.register("Store", Store))();
  await manager.start();
  const store = await manager.Store();
  {
    using _ = await fullHeap(2 ** 12);
    await assertRejects(() => store.bytes(50_000), MemoryError, "Cannot allocate");
    await assertRejects(() => store.fail(), RangeError, "not here");
  }
  assertEquals((await store.bytes(50_000)).length, 50_000);
});

test("a parallel loop that is refused because the heap is full leaves nothing", async () => {
  const values = new Float64Array(new SharedArrayBuffer(80));
  const loop = (i: number, { values }: { values: Float64Array }) => {
    values[i] = i;
  };
  const options = { context: { values, text: "x".repeat(3000) }, numThreads: 2 };
  await frees(async () => {
    for (const room of [0, 32, 64, 128, 1024]) {
      await parallelFor(prange(10), loop, options);
      using _ = await fullHeap(room);
      await assertRejects(
        () => parallelFor(prange(10), loop, options),
        MemoryError,
        "Cannot allocate",
      );
      assertThrows(
        () => parallelForSync(prange(10), loop, options),
        MemoryError,
        "Cannot allocate",
      );
    }
    await parallelFor(prange(10), loop, options);
    assertEquals(values[9], 9);
    await stopTeam(); // until then its workers may hold handles that are not collected yet
  });
});

test("Process.join() returns while the heap and its headroom are full", async () => {
  const [begun, go] = [new Event(), new Event()];
  const process = started({
    target: (begun: Event, go: Event) => {
      begun.set();
      go.waitSync();
    },
    args: [begun, go],
  });
  await begun.wait(guard);
  using _ = await fullHeap();
  using _headroom = useUpHeadroom(32);
  go.set();
  assertEquals(await ending(process), 0);
});
