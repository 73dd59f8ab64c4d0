import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  Barrier,
  Lock,
  Pool,
  Queue,
  RawValue,
  type RLock,
  task,
  type Typecode,
  Value,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { samples } from "../fixtures/elements.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, endedSync, guard, run } from "../fixtures/workers.ts";

// Sending

/** Stores another element in each value, and sends the values back. */
const swap = task(
  import.meta,
  (values: RawValue<Typecode>[], others: never[], out: Queue<RawValue<Typecode>[]>) => {
    for (const [at, value] of values.entries()) value.value = others[at];
    out.putSync(values);
  },
);

for (const valueClass of [Value as typeof RawValue, RawValue]) {
  test(`${valueClass.name} shares its memory with a process`, async () => {
    const values = samples.map(([code, , element]) =>
      new valueClass(code as "i", element as number)
    );
    const zeros = samples.map(([, zero]) => zero) as never[];
    const out = new Queue<RawValue<Typecode>[]>();
    const process = run(swap, values as unknown as RawValue<Typecode>[], zeros, out);
    const back = await out.get(guard);
    assertEquals(values.map(({ value }) => value as unknown), zeros);
    back.forEach((value, at) => assertStrictEquals<unknown>(value, values[at]));
    await ended(process);
  });
}

test("Value is sent with its class, type and lock, nested and to a blocked worker", () => {
  const lock = new Lock();
  const sent = {
    shared: new Value("d", 1.5, { lock }),
    list: [new Value("q", 1n)] as const,
    map: new Map([["none", new Value("c", "x", { lock: false })]]),
    raw: new RawValue("bool", true),
    lock,
  };
  const [there, back] = [new Queue<typeof sent>(), new Queue<unknown[]>()];
  const process = run(
    (there: Queue<typeof sent>, back: Queue<unknown[]>) => {
      const { shared, list: [own], map, raw, lock } = there.getSync();
      const none = map.get("none")!;
      let errorName = "";
      try {
        none.getLock();
      } catch (error) {
        errorName = (error as Error).name;
      }
      back.putSync([
        [shared, own, none, raw].map((it) => [it.constructor.name, it.dtype, it.value]),
        shared.getLock() === lock,
        own.getLock().constructor.name,
        errorName,
      ]);
    },
    there,
    back,
  );
  there.putSync(sent);
  assertEquals(back.getSync(guard), [
    [["Value", "float64", 1.5], ["Value", "int64", 1n], ["Value", "char", "x"], [
      "RawValue",
      "bool",
      true,
    ]],
    true,
    "RLock",
    "TypeError",
  ]);
  endedSync(process);
});

/** Puts a value that this worker creates. */
const makeDouble = task(import.meta, (queue: Queue<Value<"d">>) => {
  queue.putSync(new Value("d", 2.5));
});

/** Puts the lock of a value that this worker creates. */
const makeAndPutLock = task(import.meta, (locks: Queue<RLock>) => {
  locks.putSync(new Value("i").getLock());
});

test("Value can be passed from worker to worker, and outlives its creator", async () => {
  const queue = new Queue<Value<"d">>();
  await ended(run(makeDouble, queue));
  await ended(run((queue: Queue<Value<"d">>) => {
    const value = queue.getSync();
    using _ = value.acquireSync();
    value.value *= 2;
    queue.putSync(value);
  }, queue));
  const value = queue.getSync(guard);
  assertEquals(value.value, 5);
  assert(!value.getLock().locked());
});

test("Value releases its lock when no isolate has it", async () => {
  const locks = new Queue<RLock>();
  await ended(run(makeAndPutLock, locks));
  const lock = locks.getSync(guard);
  const references = addressOf(lock)! + objectWord.REFERENCES;
  // The objects of an ended worker are released when another worker starts.
  for (let tries = 0; tries < 10 && i32[references] !== 1; tries++) await ended(run(() => {}));
  assertEquals(i32[references], 1);
});

// Many at once

/** Changes the values `times` times, after all workers have started. */
const change = task(
  import.meta,
  (barrier: Barrier, times: number, values: Counters) => {
    const { int, byte, long, double, single, updated, locked, bits } = values;
    barrier.waitSync();
    for (let at = 0; at < times; at++) {
      int.add(1);
      byte.add(1);
      byte.sub(1);
      long.sub(3n);
      double.add(0.5);
      single.add(1);
      updated.update((old) => (old * 5 + 1) % 65537);
      bits.xor(1 << (at % 32));
      using _ = locked.acquireSync();
      locked.value += 1;
    }
  },
);

/** The values that several workers change. */
interface Counters {
  int: Value<"i">;
  byte: Value<"b">;
  long: RawValue<"q">;
  double: Value<"d">;
  single: RawValue<"f">;
  updated: Value<"I">;
  locked: Value<"d">;
  bits: Value<"i">;
}

test("Value.add() and the other atomic methods lose no change of several workers", async () => {
  const values: Counters = {
    int: new Value("i"),
    byte: new Value("b", 100),
    long: new RawValue("q"),
    double: new Value("d"),
    single: new RawValue("f"),
    updated: new Value("I"),
    locked: new Value("d"),
    bits: new Value("i"),
  };
  const [workers, times] = [3, 3200];
  const barrier = new Barrier(workers);
  const processes = Array.from({ length: workers }, () => run(change, barrier, times, values));
  for (const process of processes) await ended(process);
  const total = workers * times;
  let updated = 0;
  for (let at = 0; at < total; at++) updated = (updated * 5 + 1) % 65537;
  const { int, byte, long, double, single, locked, bits } = values;
  assertEquals([int.value, byte.value, long.value], [total, 100, BigInt(total) * -3n]);
  assertEquals([double.value, single.value, locked.value], [total / 2, total, total]);
  assertEquals([values.updated.value, bits.value], [updated, 0]);
});

test("Value counts the calls of a pool", async () => {
  const counter = new Value("i");
  await using pool = new Pool(2);
  await pool.starmap(
    (counter: Value<"i">, amount: number) => counter.add(amount),
    Array.from({ length: 50 }, (_, amount) => [counter, amount] as const),
  );
  assertEquals(counter.value, 1225);
});
