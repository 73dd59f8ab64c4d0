import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Barrier,
  BoundedSemaphore,
  type Condition,
  type Event,
  type JoinableQueue,
  type Lock,
  Manager,
  type Namespace,
  Queue,
  type RLock,
  type Semaphore,
  type SharedArray,
  type SharedList,
  SharedMap,
  type SimpleQueue,
  type Value,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, testProcess } from "../fixtures/workers.ts";

// CPython TestSyncManagerTypes: the parent sees what a child changes

testProcess("Manager.Event() can be awaited and cleared in a child", async () => {
  using manager = new Manager();
  const event = manager.Event();
  const process = run((event: Event) => {
    event.waitSync();
    event.clear();
  }, event);
  event.set();
  await ended(process);
  assert(!event.isSet());
});

testProcess("Manager.Lock() acquired by a child can be released by the parent, once", async () => {
  using manager = new Manager();
  const [lock, held, end] = [manager.Lock(), manager.Event(), manager.Event()];
  const process = run(
    (lock: Lock, held: Event, end: Event) => {
      lock.acquireSync();
      held.set();
      end.waitSync();
    },
    lock,
    held,
    end,
  );
  assert(await held.wait(guard));
  lock.release();
  assertThrows(() => lock.release(), Error, "it is not held");
  end.set();
  await ended(process);
});

testProcess("Manager.RLock() can be acquired twice in a child", async () => {
  using manager = new Manager();
  const lock = manager.RLock();
  await ended(run((lock: RLock) => {
    using _outer = lock.acquireSync();
    using _inner = lock.acquireSync();
  }, lock));
  lock.acquireSync(guard).release();
});

testProcess(
  "Manager.Semaphore() and BoundedSemaphore() acquired by a child can be released by the parent",
  async () => {
    using manager = new Manager();
    for (const semaphore of [manager.Semaphore(), manager.BoundedSemaphore()]) {
      const [held, end] = [manager.Event(), manager.Event()];
      const process = run(
        (semaphore: Semaphore, held: Event, end: Event) => {
          semaphore.acquireSync();
          held.set();
          end.waitSync();
        },
        semaphore,
        held,
        end,
      );
      assert(await held.wait(guard));
      assertEquals(semaphore.tryAcquire(), undefined);
      semaphore.release();
      if (semaphore instanceof BoundedSemaphore) {
        assertThrows(() => semaphore.release(), RangeError);
      }
      end.set();
      await ended(process);
      assertEquals(semaphore.value, 1);
    }
  },
);

testProcess("Manager.Condition() can be acquired and released in a child", async () => {
  using manager = new Manager();
  const condition = manager.Condition();
  await ended(run((condition: Condition) => {
    condition.acquireSync().release();
  }, condition));
  (await condition.acquire(guard)).release();
});

testProcess("Manager.Barrier() can be reset in a child", async () => {
  using manager = new Manager();
  const barrier = manager.Barrier(5);
  barrier.abort();
  assertEquals([barrier.parties, barrier.broken], [5, true]);
  await ended(run((barrier: Barrier) => {
    if (barrier.parties !== 5) throw new Error(`${barrier.parties}`);
    barrier.reset();
  }, barrier));
  assert(!barrier.broken);
});

test("Manager.Pool() makes a pool that the caller ends", async () => {
  const manager = new Manager();
  await using pool = manager.Pool(2);
  await manager.shutdown();
  assertEquals(await pool.map((x: number) => x * x, [1, 2, 3]), [1, 4, 9]);
});

testProcess("Manager.Queue() returns its items in order in a child", async () => {
  using manager = new Manager();
  const queue = manager.Queue<number>(2);
  queue.putSync(1);
  queue.putSync(2);
  await ended(run((queue: Queue<number>) => {
    const found = [queue.size(), queue.full(), queue.getSync(), queue.getSync(), queue.empty()];
    if (String(found) !== "2,true,1,2,true") throw new Error(String(found));
  }, queue));
  assert(queue.empty());
});

testProcess("Manager.JoinableQueue() can be joined once a child has done all tasks", async () => {
  using manager = new Manager();
  const queue = manager.JoinableQueue<number>(2);
  queue.putSync(1);
  queue.putSync(2);
  const process = run((queue: JoinableQueue<number>) => {
    for (const expected of [1, 2]) {
      if (queue.getSync() !== expected) throw new Error("another order");
      queue.taskDone();
    }
  }, queue);
  await queue.join(guard);
  assert(queue.empty());
  await ended(process);
});

testProcess("Manager.SimpleQueue() returns its items in a child", async () => {
  using manager = new Manager();
  const [there, back] = [manager.SimpleQueue<number>(), manager.SimpleQueue<number>()];
  const process = run(
    (there: SimpleQueue<number>, back: SimpleQueue<number>) => {
      back.putSync(there.getSync() + 1);
    },
    there,
    back,
  );
  there.putSync(1);
  assertEquals(await back.get(), 2);
  await ended(process);
});

testProcess("Manager.list() can be changed in a child", async () => {
  using manager = new Manager();
  const list = manager.list<number>();
  for (const n of [1, 2, 3]) list.append(n);
  await ended(run((list: SharedList<number>) => {
    const found = [list.count(1), list.index(2), list.pop()];
    list.sort((a, b) => b - a).reverse();
    for (const item of list) found.push(item);
    list.insert(0, 4);
    if (String(found) !== "1,1,3,1,2") throw new Error(String(found));
  }, list));
  assertEquals(list.copy(), [4, 1, 2]);
  assertEquals(manager.list("ab").copy(), ["a", "b"]);
});

testProcess("Manager.dict() can be changed in a child", async () => {
  using manager = new Manager();
  const dict = manager.dict<string, number>([["foo", 1], ["bar", 2]]);
  await ended(run((dict: SharedMap<string, number>) => {
    const found = [
      dict.get("foo"),
      ...dict.entries(),
      ...dict.keys(),
      ...dict.values(),
      ...dict.copy(),
    ];
    if (String(found) !== "1,foo,1,bar,2,foo,bar,1,2,foo,1,bar,2") throw new Error(String(found));
    if (String(dict.popitem()) !== "bar,2") throw new Error("popitem");
  }, dict));
  assertEquals([...dict], [["foo", 1]]);
  assertEquals(manager.dict({ a: 1 }).get("a"), 1);
});

testProcess("Manager.Value() can be read and set in a child", async () => {
  using manager = new Manager();
  const value = manager.Value("i", 1);
  await ended(run((value: Value<"i">) => {
    value.value *= 10;
  }, value));
  assertEquals(value.value, 10);
});

test("Manager.Array() can be read and changed in a child", async () => {
  using manager = new Manager();
  const array = manager.Array("i", [1, 2, 3]);
  await ended(run((array: SharedArray<"i">) => {
    if (String([array[0], array.length, ...array]) !== "1,3,1,2,3") throw new Error();
    array[0] = 7;
  }, array));
  assertEquals([...array], [7, 2, 3]);
});

testProcess("Manager.Namespace() can be changed in a child", async () => {
  using manager = new Manager();
  const n = manager.Namespace<{ x: number; y?: number }>({ x: 1 });
  await ended(run((n: { x: number; y?: number }) => {
    n.y = n.x + 1;
  }, n as Namespace<{ x: number; y?: number }>));
  assertEquals([n.x, n.y], [1, 2]);
});

// Beyond CPython's tests

test("Manager objects can contain each other", async () => {
  using manager = new Manager();
  const outer = manager.dict<string, unknown>();
  outer.set(
    "list",
    manager.list([manager.Queue(), manager.Value("d", 0.5), manager.Array("b", [1])]),
  );
  outer.set("namespace", manager.Namespace({ lock: manager.Lock(), dict: outer }));
  await ended(run((outer: SharedMap<string, unknown>) => {
    const [queue, value, array] = outer.get("list") as SharedList<unknown>;
    const { lock, dict } = outer.get("namespace") as Namespace<{ lock: Lock; dict: unknown }>;
    if (dict !== outer) throw new Error("another dict");
    using _ = lock.acquireSync();
    (value as Value<"d">).value++;
    (array as SharedArray<"b">)[0] = 5;
    (queue as Queue).putSync("done");
  }, outer));
  const [queue, value, array] = outer.get("list") as SharedList<unknown>;
  assertEquals((queue as Queue).getSync(guard), "done");
  assertEquals([(value as Value<"d">).value, (array as SharedArray<"b">)[0]], [1.5, 5]);
  assertStrictEquals(outer.get("list"), outer.get("list"));
  outer.clear(); // it contained itself
});

test("Manager.shutdown() prevents new objects, and existing objects continue to work", async () => {
  let queue: Queue<number>;
  const manager = new Manager();
  {
    using same = manager;
    queue = same.Queue<number>();
  }
  queue.putSync(1);
  assertEquals(queue.getSync(), 1);
  const types = [
    ...[
      "Queue",
      "JoinableQueue",
      "SimpleQueue",
      "Event",
      "Lock",
      "RLock",
      "Semaphore",
      "BoundedSemaphore",
      "Condition",
    ],
    ...["Barrier", "Pool", "Value", "Array", "dict", "list", "Namespace"],
  ] as const;
  for (const type of types) {
    const make = Reflect.get(manager, type) as () => unknown;
    assertThrows(() => make.call(manager), Error, `Cannot make ${type}: the manager is shut down`);
  }
  await manager.shutdown();
});

test("Manager makes what the constructors make", () => {
  using manager = new Manager();
  assert(manager.Queue() instanceof Queue);
  assert(manager.dict() instanceof SharedMap);
  assertEquals(manager.Queue(3).maxsize, 3);
});
