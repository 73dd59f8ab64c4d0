import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  DataCloneError,
  Event,
  Lock,
  Pipe,
  Pool,
  Queue,
  SharedList,
  SharedMap,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { addTen, increment, takeAll } from "../fixtures/container_tasks.ts";
import { collectGarbage, settledUse, usedBytes } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

// Values

test("SharedMap.set() rejects a value that cannot be sent, and changes nothing", () => {
  const map = new SharedMap<string, unknown>({ a: 1 });
  assertThrows(
    () => map.set("a", { b: [Symbol("s")] }),
    DataCloneError,
    "Cannot send value.b[0]: a symbol has no meaning outside its isolate",
  );
  assertEquals(map.get("a"), 1);
});

test("SharedMap stores values of any size, and frees them", () => {
  const map = new SharedMap<string, Uint8Array>();
  const before = usedBytes();
  for (let turn = 0; turn < 2000; turn++) {
    const bytes = new Uint8Array(2 ** 22); // 8 GiB in all
    bytes[turn] = 7;
    map.set("a", bytes);
    if (turn % 500 === 0) assertEquals(map.get("a"), bytes);
  }
  assertEquals([...map.copy().values()][0][1999], 7);
  map.delete("a");
  assertEquals(usedBytes(), before);
});

test("SharedMap stores functions, and get() throws TaskLookupError when their module is not imported", async () => {
  const map = new SharedMap<string, (x: number) => number>();
  map.set("inline", (x) => x + 1);
  map.set("here", addTen);
  assertEquals([map.get("inline")!(1), map.get("here")!(1)], [2, 11]);
  const answers = new Queue<string>();
  await ended(run(
    (map: SharedMap<string, (x: number) => number>, answers: Queue<string>) => {
      answers.putSync(`${map.get("inline")!(1)}`);
      try {
        map.get("here");
      } catch (error) {
        answers.putSync(String(error));
      }
      answers.putSync(String([...map.keys()]));
    },
    map,
    answers,
  ));
  assertEquals(answers.getSync(guard), "2");
  const error = answers.getSync(guard);
  assert(
    error.startsWith("TaskLookupError: Cannot read value: it contains task at container_tasks.ts:"),
    error,
  );
  assert(error.includes("container_tasks.ts is not imported here. Import the module"), error);
  assertEquals(answers.getSync(guard), "inline,here");
});

test("SharedMap keeps a connection that it contains open", async () => {
  const map = new SharedMap<string, unknown>();
  const [mine, other] = Pipe<string>();
  map.set("pipe", other);
  const process = run((map: SharedMap<string, ReturnType<typeof Pipe<string>>[0]>) => {
    map.get("pipe")!.sendSync(`got ${map.get("pipe")!.recvSync()}`);
  }, map as SharedMap<string, typeof other>);
  mine.sendSync("it");
  assertEquals(await mine.recv(guard), "got it");
  await ended(process);
  assert(!mine.pollSync());
});

// Nesting

test("SharedMap as a value is shared, not copied", () => {
  const inner = new SharedMap<string, number>();
  const outer = new SharedMap<string, typeof inner>({ inner });
  inner.set("a", 1);
  assertStrictEquals(outer.get("inner"), inner);
  outer.get("inner")!.set("b", 2);
  assertEquals(inner.size, 2);
});

test("SharedMap lives as long as a container or an isolate has it", async () => {
  const before = await settledUse();
  const outer = new SharedMap<string, SharedMap<string, number>>();
  const make = () => {
    const inner = new SharedMap<string, number>({ a: 1 });
    outer.set("inner", inner);
    outer.set("again", inner);
  };
  make();
  await collectGarbage();
  assertEquals(outer.get("inner")!.get("a"), 1);
  const inner = outer.pop("inner");
  await collectGarbage();
  outer.delete("again");
  await collectGarbage();
  assertEquals(inner.get("a"), 1);
  assertEquals(i32[addressOf(inner)! + objectWord.REFERENCES], 1);
  assert(await settledUse() > before);
});

test("SharedMap is freed with all of its contents", async () => {
  const before = await settledUse();
  (() => {
    const map = new SharedMap<string, unknown>({
      a: "x".repeat(1000),
      b: new Lock(),
      c: new Queue(),
    });
    map.update(
      Array.from({ length: 100 }, (_, at): [string, unknown] => [`${at}`, new SharedMap({ at })]),
    );
    map.set("deep", { list: [new SharedList([new SharedMap({ a: new Event() })])] });
    assertEquals(map.size, 104);
  })();
  assertEquals(await settledUse(), before);
});

test("SharedMap is freed with a chain of maps of any length", async () => {
  const before = await settledUse();
  (() => {
    let map = new SharedMap<string, unknown>();
    for (let length = 0; length < 20_000; length++) map = new SharedMap<string, unknown>({ map });
  })();
  assertEquals(await settledUse(), before);
});

test("SharedMap can contain itself, and is freed once it no longer does", async () => {
  const before = await settledUse();
  (() => {
    const map = new SharedMap<string, unknown>();
    map.set("self", map);
    assertStrictEquals(map.get("self"), map);
    map.set("self", [map, map]);
    map.delete("self");
  })();
  assertEquals(await settledUse(), before);
});

test("SharedMap contains queues, locks and events by reference", async () => {
  const map = new SharedMap<string, [Queue<string>, Lock, Event]>();
  const [queue, lock, event] = [new Queue<string>(), new Lock(), new Event()];
  map.set("all", [queue, lock, event]);
  const process = run((map: SharedMap<string, [Queue<string>, Lock, Event]>) => {
    const [queue, lock, event] = map.get("all")!;
    lock.acquireSync();
    queue.putSync("locked");
    event.waitSync();
    lock.release();
  }, map);
  assertEquals(await queue.get(guard), "locked");
  assert(lock.locked());
  event.set();
  await ended(process);
  assert(!lock.locked());
});

// Several workers

test("SharedMap can be sent in arguments, queues and results", async () => {
  const map = new SharedMap<string, number>({ a: 1 });
  const queue = new Queue<{ maps: SharedMap<string, number>[] }>();
  const process = run((queue: Queue<{ maps: SharedMap<string, number>[] }>) => {
    const { maps: [map, same] } = queue.getSync();
    if (map !== same) throw new Error("two handles for one map");
    map.set("b", map.get("a")! + 1);
  }, queue);
  queue.putSync({ maps: [map, map] });
  await ended(process);
  assertEquals(map.get("b"), 2);
  await using pool = new Pool(1);
  const back = await pool.apply((map: SharedMap<string, number>) => map.set("c", 3), [map]);
  assertStrictEquals(back, map);
  assertEquals(map.get("c"), 3);
});

test("SharedMap outlives the worker that created it", async () => {
  await using pool = new Pool({ processes: 1, maxTasksPerChild: 1 });
  const map = await pool.apply(
    async () => {
      const { SharedMap } = await import("@sauropod/multiprocessing");
      return new SharedMap({ a: [1, 2, 3] });
    },
  );
  await pool.apply(() => 1);
  assertEquals(map.get("a"), [1, 2, 3]);
});

test("SharedMap.update() loses no change of several workers", async () => {
  const map = new SharedMap<string, number>();
  const processes = Array.from({ length: 4 }, () => run(increment, map, 3, 3000));
  increment(map, 3, 3000);
  for (const process of processes) await ended(process);
  assertEquals(map.copy(), new Map([["0", 5000], ["1", 5000], ["2", 5000]]));
});

test("SharedMap.setdefault() returns the value that it set, though another worker removes it at once", async () => {
  const [map, taken] = [new SharedMap<string, number>(), new SharedList<number>()];
  const last = 5000;
  const process = run(takeAll, map, last, taken);
  for (let at = 0; at <= last; at++) while (map.setdefault("a", at) !== at);
  await ended(process);
  assertEquals(taken.copy(), Array.from({ length: last + 1 }, (_, at) => at));
});

test("SharedMap tells long keys apart, and keys of every kind of text", () => {
  const keys = ["a", "b", "é", "語", "\ud800"].flatMap((
    unit,
  ) => [unit.repeat(300), `${unit}${"x".repeat(400)}`]);
  const all = [...keys, "\ud801", 2n ** 2000n, 2n ** 2001n];
  const map = new SharedMap<string | bigint, number>(all.map((key, at) => [key, at] as const));
  assertEquals([...map.keys()], all);
  assertEquals(all.map((key) => map.get(key)), [...all.keys()]);
  assertEquals(map.has("zz".repeat(150)), false);
});
