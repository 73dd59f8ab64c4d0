/**
 * What all containers have in common, and their state after the death of workers.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  abandonedWorkers,
  Event,
  MemoryError,
  type Process,
  Queue,
  SharedList,
  SharedMap,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { disturb } from "../fixtures/container_tasks.ts";
import { settledUse, useUpHeap } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, endedSync, guard, run } from "../fixtures/workers.ts";

/** Asserts that all methods see the same contents, and that all of them can be changed. */
function assertConsistent(map: SharedMap<number, unknown>, list: SharedList<unknown>): void {
  const keys = [...map.keys()];
  assertEquals(map.size, keys.length);
  assertEquals(new Set(keys).size, keys.length);
  assertEquals([...map.copy().keys()], keys);
  for (const key of keys) {
    assert(map.has(key));
    map.update(key, (value) => [value]);
    map.set(key, key);
    assertEquals(map.get(key), key);
  }
  for (let key = 200; key < 300; key++) map.set(key, key);
  assertEquals([...map.keys()], [...keys, ...Array.from({ length: 100 }, (_, at) => at + 200)]);
  while (map.size > 0) map.popitem();
  assertEquals([...map], []);
  const items = list.copy();
  assertEquals(list.length, items.length);
  list.append("last");
  assertEquals(list.indexOf("last"), items.length);
  while (list.length > 0) list.pop(0);
}

for (const ending of ["terminate", "kill"] as const) {
  test(`SharedMap and SharedList are consistent after workers ended by ${ending}()`, async () => {
    for (let turn = 0; turn < 3; turn++) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const before = await settledUse();
      const done = new Int32Array(new SharedArrayBuffer(4));
      const disturbAndCheck = async () => {
        const [map, list] = [new SharedMap<number, unknown>(), new SharedList<unknown>()];
        const processes = [0, 1].map((id) => run(disturb, map, list, done, seed + id));
        const rounds = 100 + seed % 1000;
        while (Atomics.load(done, 0) < rounds) {
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        for (const process of processes) process[ending]();
        for (const process of processes) await ended(process, ending === "kill" ? -9 : -15);
        try {
          assertConsistent(map, list);
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      };
      await disturbAndCheck();
      await ended(run(() => {})); // frees the objects of the ended workers
      if (abandonedWorkers() > 0) continue; // the machine is too busy to stop workers, whose objects are not freed
      assert(await settledUse() < before + 200_000, `seed ${seed}`); // functions and isolate records stay
    }
  });
}

test("SharedMap and SharedList methods throw TerminatedError in a worker that is terminated", async () => {
  const [map, list, started] = [new SharedMap<string, number>(), new SharedList([0]), new Event()];
  const uses = [
    (map: SharedMap<string, number>, _list: SharedList<number>, started: Event) => {
      for (;;) map.get("a"), started.set();
    },
    (map: SharedMap<string, number>, _list: SharedList<number>, started: Event) => {
      map.update("a", () => {
        started.set();
        for (;;) map.has("a");
      });
    },
    (_map: SharedMap<string, number>, list: SharedList<number>, started: Event) => {
      for (;;) list.update(0, (n) => n + 1), started.set();
    },
  ];
  for (const use of uses) {
    started.clear();
    const process = run(use, map, list, started);
    assert(await started.wait(guard));
    process.terminate();
    await ended(process, -15);
  }
});

test("SharedMap and SharedList can be used by workers while the main isolate blocks", () => {
  const [map, list, queue] = [new SharedMap<string, unknown>(), new SharedList(), new Queue()];
  const process: Process = run(
    (map: SharedMap<string, unknown>, list: SharedList<unknown>, queue: Queue<unknown>) => {
      const bytes = new Uint8Array(new SharedArrayBuffer(8));
      map.set("bytes", bytes);
      list.append(map);
      queue.putSync("done");
      while (bytes[0] === 0) Atomics.pause();
    },
    map,
    list,
    queue,
  );
  assertEquals(queue.getSync(guard), "done");
  const bytes = (list.at(0) as typeof map).get("bytes") as Uint8Array; // a buffer that is new to this isolate
  bytes[0] = 1;
  endedSync(process);
});

test("SharedMap and SharedList throw MemoryError when the shared heap is full, and are unchanged", () => {
  const map = new SharedMap<string, unknown>({ a: 1 });
  const list = new SharedList<unknown>([1]);
  const inner = new SharedMap({ b: 1 });
  const large = new Uint8Array(100);
  const changes = [
    () => map.set("a", large),
    () => map.update("a", () => large),
    () => map.update([["b", inner], ["c", large]]),
    () => map.setdefault("b", [inner, large]),
    () => list.set(0, large),
    () => list.push(inner, large),
    () => list.setSlice(0, 1, Array(1000).fill(inner)),
    () => list.update(0, () => large),
    () => list.insert(0, large),
  ];
  {
    using _ = useUpHeap(128);
    for (const change of changes) {
      assertThrows(change, MemoryError, "the shared heap of", String(change));
    }
  }
  assertEquals([[...map], [...list], [...inner]], [[["a", 1]], [1], [["b", 1]]]);
  assertEquals(i32[addressOf(inner)! + objectWord.REFERENCES], 1);
  map.set("a", large);
  assertEquals(list.push(inner, large), 3);
});

test("SharedMap and SharedList stay usable after a stack overflow inside a method", async () => {
  const [map, list] = [new SharedMap<string, number>({ a: 1 }), new SharedList([1, 2])];
  // In a worker: an isolate that hangs could not fail the test.
  const process = run(
    (map: SharedMap<string, number>, list: SharedList<number>) => {
      const uses = [
        () => map.get("a"),
        () => map.set(`${Math.random()}`, 1),
        () => map.update("a", (n = 0) => n + 1),
        () => map.size > 50 && map.popitem(),
        () => list.length > 50 ? list.clear() : list.insert(1, 3),
        () => list.length > 0 && list.pop(0),
      ];
      for (let turn = 0; turn < 60; turn++) {
        const use = uses[turn % uses.length];
        const dive = (depth: number) => {
          if (depth > 5000) use();
          dive(depth + 1);
        };
        try {
          dive(0);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }
    },
    map,
    list,
  );
  await ended(process);
  assertEquals([map.has("a"), map.size], [true, map.copy().size]);
  assertEquals(list.push(1), list.copy().length);
});
