import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  Barrier,
  Event,
  Lock,
  Pool,
  Queue,
  RawArray,
  SharedArray,
  task,
} from "@sauropod/multiprocessing";
import { samples } from "../fixtures/elements.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, endedSync, guard, run } from "../fixtures/workers.ts";

const arrayClasses = [SharedArray as typeof RawArray, RawArray];

// Sending

for (const arrayClass of arrayClasses) {
  test(`${arrayClass.name} shares its memory with a process`, async () => {
    const array = new arrayClass("i", 10);
    const process = run((array: RawArray<"i">) => {
      array.data[0] = 1;
      for (let at = 1; at < array.length; at++) array.set(at, array[at - 1] + at); // prefix sums
    }, array);
    await ended(process);
    assertEquals([...array], [1, 2, 4, 7, 11, 16, 22, 29, 37, 46]);
  });

  test(`${arrayClass.name} of every type can be sent, and keeps its identity when it comes back`, async () => {
    const arrays = samples.map(([code, , element]) =>
      new arrayClass(code as "i", [element, element] as number[])
    );
    const out = new Queue<RawArray[]>();
    const process = run(
      (arrays: RawArray[], zeros: number[], out: Queue<RawArray[]>) => {
        for (const [at, array] of arrays.entries()) array[-1] = zeros[at];
        out.putSync(arrays);
      },
      arrays,
      samples.map(([, zero]) => zero) as number[],
      out,
    );
    const back = await out.get(guard);
    back.forEach((array, at) => assertStrictEquals(array, arrays[at]));
    for (const [at, [, zero, element]] of samples.entries()) {
      assertEquals([...arrays[at]] as unknown[], [element, zero]);
    }
    await ended(process);
  });
}

test("an array that a worker receives again is the same object", async () => {
  const arrays = new Queue<RawArray<"i">>();
  const process = run((arrays: Queue<RawArray<"i">>) => {
    const [first, second] = [arrays.getSync(), arrays.getSync()];
    if (first !== second) throw new Error("they differ");
  }, arrays);
  const array = new SharedArray("i", 1);
  for (let times = 0; times < 2; times++) await arrays.put(array);
  await ended(process);
});

test("SharedArray is sent with its class, type and lock, nested and to a blocked worker", () => {
  const lock = new Lock();
  const waiting = new Event();
  const sent = {
    shared: new SharedArray("d", [1.5], { lock }),
    list: [new SharedArray("q", [1n])] as const,
    map: new Map([["none", new SharedArray("c", "text", { lock: false })]]),
    raw: new RawArray("bool", [true]),
    empty: new SharedArray("d", 0),
    lock,
  };
  const [there, back] = [new Queue<typeof sent>(), new Queue<unknown[]>()];
  const process = run(
    (waiting: Event, there: Queue<typeof sent>, back: Queue<unknown[]>) => {
      waiting.set();
      const { shared, list: [own], map, raw, empty, lock } = there.getSync();
      const none = map.get("none")!;
      let errorName = "";
      try {
        none.getLock();
      } catch (error) {
        errorName = (error as Error).name;
      }
      shared.acquireSync();
      back.putSync([
        ...[shared, own, none, raw, empty].map((it) => [it.constructor.name, it.dtype, it.slice()]),
        shared.getLock() === lock && shared.getLock().locked(),
        own.getLock().constructor.name,
        errorName,
      ]);
      shared.release();
    },
    waiting,
    there,
    back,
  );
  assert(waiting.waitSync(guard));
  there.putSync(sent);
  assertEquals(back.getSync(guard), [
    ["SharedArray", "float64", [1.5]],
    ["SharedArray", "int64", [1n]],
    ["SharedArray", "char", ["t", "e", "x", "t"]],
    ["RawArray", "bool", [true]],
    ["SharedArray", "float64", []],
    true,
    "RLock",
    "TypeError",
  ]);
  endedSync(process);
});

/** Puts an array that this worker creates. */
const makeArray = task(import.meta, (queue: Queue<SharedArray<"d">>) => {
  queue.putSync(new SharedArray("d", [1, 2, 3]));
});

test("SharedArray can be passed from worker to worker, and outlives its creator", async () => {
  const queue = new Queue<SharedArray<"d">>();
  await ended(run(makeArray, queue));
  await ended(run((queue: Queue<SharedArray<"d">>) => {
    const array = queue.getSync();
    using _ = array.acquireSync();
    for (let at = 0; at < array.length; at++) array.data[at] *= 2;
    queue.putSync(array);
  }, queue));
  const array = queue.getSync(guard);
  assertEquals([...array], [2, 4, 6]);
  assert(!array.getLock().locked());
});

test("SharedArray can be sent between two live workers, blocked or not", async () => {
  const [there, back] = [new Queue<SharedArray<"i">>(), new Queue<string>()];
  const receiver = run(
    (there: Queue<SharedArray<"i">>, back: Queue<string>) => {
      const array = there.getSync();
      array.add(0, 1);
      back.putSync(array.slice().join());
    },
    there,
    back,
  );
  const sender = run(makeAndWait, there, back);
  await ended(sender);
  await ended(receiver);
});

/** Sends an array that this worker creates, and checks it after another worker has changed it. */
const makeAndWait = task(import.meta, (there: Queue<SharedArray<"i">>, back: Queue<string>) => {
  const array = new SharedArray("i", [4, 5]);
  there.putSync(array);
  const answer = back.getSync();
  if (answer !== "5,5" || array[0] !== 5) throw new Error(`${answer} there, ${array[0]} here`);
});

// Many at once

/** Changes the elements `times` times, after all workers have started. */
const change = task(
  import.meta,
  (
    barrier: Barrier,
    times: number,
    doubles: SharedArray<"d">,
    bytes: RawArray<"B">,
    swapped: SharedArray<"i">,
  ) => {
    barrier.waitSync();
    for (let at = 0; at < times; at++) {
      doubles.add(at % 3, 0.25);
      doubles.update(-1, (old) => old + 1);
      bytes.add(at % 4, 1); // neighbours in one word
      bytes.sub(at % 4, 1);
      using _ = swapped.acquireSync();
      swapped.setSlice(0, 2, swapped.slice(0, 2).reverse());
      swapped[2] += 1;
    }
  },
);

test("SharedArray.add() and the other atomic methods lose no change of several workers", async () => {
  const doubles = new SharedArray("d", 4);
  const bytes = new RawArray("B", [1, 2, 3, 4]);
  const swapped = new SharedArray("i", [1, 2, 0]);
  const [workers, times] = [3, 3000];
  const barrier = new Barrier(workers);
  const processes = Array.from(
    { length: workers },
    () => run(change, barrier, times, doubles, bytes, swapped),
  );
  for (const process of processes) await ended(process);
  assertEquals([...doubles], [750, 750, 750, 9000]);
  assertEquals([...bytes], [1, 2, 3, 4]);
  assertEquals([...swapped], [1, 2, 9000]);
});

test("SharedArray can be filled by a pool, one part in each call", async () => {
  const array = new SharedArray("d", 100);
  await using pool = new Pool(2);
  await pool.starmap(
    (array: SharedArray<"d">, from: number) => {
      for (let at = from; at < from + 10; at++) array.data[at] = Math.sqrt(at);
    },
    Array.from({ length: 10 }, (_, part) => [array, part * 10] as const),
  );
  assertEquals([...array], Array.from({ length: 100 }, (_, at) => Math.sqrt(at)));
});
