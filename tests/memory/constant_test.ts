import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Connection,
  constant,
  DataCloneError,
  Lock,
  MemoryError,
  Pipe,
  Pool,
  Queue,
  RawArray,
  registerReducer,
  task,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { parallelReduce } from "@sauropod/multiprocessing/loops";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { change, Counted, look, same, type Table } from "../fixtures/constant_tasks.ts";
import { Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { frees, fullHeap } from "../fixtures/heap.ts";
import { run } from "../fixtures/workers.ts";
import { loopTest } from "../loops/loops.ts";

const table = (rows = 1000): Table => ({
  counted: new Counted("part"),
  rows: [...Array(rows).keys()],
});

/** Returns the number of bytes of a message with the value. */
function bytesOf(value: unknown): number {
  const encoder = encode(value);
  const bytes = encoder.totalBytes;
  encoder.discard();
  returnEncoder(encoder);
  return bytes;
}

test("constant() returns its value, deeply frozen, and messages only name it", () => {
  const value = { rows: [1, 2], nested: { map: new Map([[1, 2]]) }, bytes: new Uint8Array(10_000) };
  assertStrictEquals(constant(value), value);
  assert(Object.isFrozen(value) && Object.isFrozen(value.rows) && Object.isFrozen(value.nested));
  assert(bytesOf([value, { value }]) < 50);
  const queue = new Queue<unknown>();
  queue.putSync([value, value]);
  const [first, second] = queue.getSync() as unknown[];
  assertStrictEquals(first, value);
  assertStrictEquals(second, value);
});

test("constant() makes constants of arrays, typed arrays, dates and instances", async () => {
  await using pool = new Pool(1);
  for (const value of [[1, "x"], new Float64Array(3), new Date(5), new Map([["a", 1]])]) {
    constant(value);
    assertStrictEquals(await pool.apply(same, [value]), value);
    assertEquals(await pool.apply(same, [{ value }]), { value });
  }
});

test("a worker reads a constant once, however many calls take it", async () => {
  await using pool = new Pool(2);
  const first = constant(table());
  const items = Array.from({ length: 200 }, (_, at) => [at, first] as const);
  const found = await pool.starmap(look, items, { chunkSize: 1 });
  assertEquals(found, items.map(([at]) => [at, 1]));
  assertEquals(await pool.applySync(look, [5, first]), [5, 1]);
});

test("a worker keeps the last constants that it was sent", async () => {
  await using pool = new Pool(1);
  const tables = Array.from({ length: 8 }, () => constant(table(10)));
  for (const _ of [1, 2]) {
    for (const [at, table] of tables.entries()) await pool.apply(look, [at, table]);
  }
  assertEquals(await pool.apply(look, [3, tables[0]]), [3, 8]);
});

test("tasks cannot change the plain objects and arrays of a constant", async () => {
  await using pool = new Pool(1);
  const value = constant({ rows: [1, 2, 3] });
  assertEquals(
    await pool.apply(change, [value]),
    "Cannot assign to read only property '0' of object '[object Array]'",
  );
  assertEquals(await pool.apply(change, [{ rows: [1] }]), "changed");
});

test("constant() copies its value once: later changes of what cannot be frozen are not sent", async () => {
  await using pool = new Pool(1);
  const numbers = constant(new Float64Array([1, 2]));
  numbers[0] = 5;
  assertEquals(await pool.apply((numbers: Float64Array) => numbers[0], [numbers]), 1);
});

test("a constant crosses to processes, through pipes, and inside another constant", async () => {
  const inner = constant([1, 2]);
  const outer = constant({ inner, lock: new Lock() });
  const [here, there] = Pipe<unknown>();
  const echo = async (end: Connection<unknown>, value: { inner: number[] }) => {
    const received = await end.recv() as { inner: number[] };
    end.sendSync([received === value, received.inner === value.inner, received]);
  };
  const process = run(echo, there, outer);
  here.sendSync(outer);
  const [isSame, isSameInside, returned] = await here.recv() as unknown[];
  assertEquals([isSame, isSameInside], [true, true]);
  assertStrictEquals(returned, outer);
  await process.join();
});

loopTest(
  "a constant crosses in the context of a loop, and in the calls of Parallel()",
  async () => {
    const rows = constant([...Array(100).keys()]);
    const sum = (i: number, { rows }: { rows: number[] }) => rows[i];
    assertEquals(
      await parallelReduce(100, sum, { combine: "+", context: { rows }, numThreads: 2 }),
      4950,
    );
    const calls = Array.from(
      { length: 20 },
      (_, at) => delayed((rows: number[], at: number) => rows[at])(rows, at),
    );
    assertEquals(await Parallel({ nJobs: 2, batchSize: 1 })(calls), rows.slice(0, 20));
  },
);

test("a constant may be the list of items of a map", async () => {
  await using pool = new Pool(2);
  const items = constant([1, 2, 3]);
  for (const chunkSize of [1, 100]) {
    assertEquals(await pool.map((x: number) => x + 1, items, { chunkSize }), [2, 3, 4]);
  }
});

test("constant() returns functions, shared objects and buffers as they are", () => {
  const shared = [new Queue(), new SharedArrayBuffer(8), new RawArray("d", 2), same];
  for (const value of shared) assertStrictEquals(constant(value), value);
  const value = constant({ x: 1 });
  assertStrictEquals(constant(value), value);
});

test("constant() refuses what cannot cross, and changes nothing then", () => {
  const value = { rows: [1, Symbol("no")] };
  assertThrows(() => constant(value), DataCloneError, "value.rows[1]");
  assert(!Object.isFrozen(value));
  assertThrows(
    () => constant("text" as never),
    TypeError,
    'Cannot make constant: value must be an object, not "text". Other values cross as fast',
  );
});

test("constant() takes one argument", () => {
  const loose = constant as (...args: unknown[]) => unknown;
  assertThrows(() => loose([1], { copy: true }), TypeError, "it takes one argument");
});

test("constants are freed when no isolate has them any more, and when there is no room", async () => {
  await frees(async () => {
    await using pool = new Pool(1);
    const queue = new Queue();
    const value = constant({ queue, rows: Array(1000).fill("row") });
    assertEquals(
      await pool.apply((value: { rows: unknown[] }) => value.rows.length, [value]),
      1000,
    );
    await pool.terminate();
    await pool.join();
  });
  await frees(async () => {
    using _ = await fullHeap(64);
    assertThrows(() => constant({ rows: Array(1000).fill("row") }), MemoryError);
    assertThrows(() => constant([1]), MemoryError);
  });
});

test("a worker imports the modules that a constant needs, or the call fails", async () => {
  await using pool = new Pool(1);
  const points = constant([new Point(1, 2)]);
  assertEquals(
    await pool.apply((points: Point[]) => points[0].constructor.name, [points]),
    "Point",
  );
  const nowhere = new URL("./nowhere.ts", import.meta.url);
  const lost = constant([tasksOf<{ gone(): void }>(nowhere).gone]);
  await assertRejects(() => pool.apply(same, [lost]), TaskLookupError, "Cannot import");
});

test("constant() freezes what is inside of frozen objects, and objects without a prototype", () => {
  const words = ["a"];
  constant(Object.freeze({ words, bare: Object.assign(Object.create(null), { words }) }));
  assertThrows(() => words.push("b"), TypeError, "not extensible");
  const bare = Object.assign(Object.create(null), { x: [1] });
  assert(Object.isFrozen(constant(bare)) && Object.isFrozen(bare.x));
});

test("constant() refuses an end of a pipe, which stays open", () => {
  const [here, there] = Pipe<string>();
  assertThrows(() => constant({ there }), TypeError, "contains an end of a pipe");
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("a value that cannot be frozen leaves nothing", async () => {
  await frees(async () => {
    const proxy = new Proxy({ text: "x".repeat(5000) }, { preventExtensions: () => false });
    assertThrows(() => constant(proxy), TypeError);
    await Promise.resolve();
  });
});

test("a chain of many constants is freed without recursion", async () => {
  await frees(async () => {
    let chain: object = constant({ next: undefined });
    for (let length = 0; length < 5000; length++) chain = constant({ next: chain });
    await Promise.resolve();
  });
});

test("a call with too long a chain of constants fails, and the worker goes on", async () => {
  let chain: object = constant({ next: undefined });
  for (let length = 0; length < 5000; length++) chain = constant({ next: chain });
  await using pool = new Pool(1);
  for (let times = 0; times < 2; times++) {
    await assertRejects(() => pool.apply(same, [chain]), DataCloneError, "is nested too deeply");
  }
  assertEquals(await pool.apply(Math.sqrt, [4]), 2);
});

class Broken {}
registerReducer({
  is: Broken,
  reduce: () => 5,
  revive: task(import.meta, (parts: number) => parts as unknown as Broken),
});

test("a constant of which revive makes no object fails the call, and stays as it is", async () => {
  const value = constant(new Broken());
  {
    await using pool = new Pool(1);
    for (let times = 0; times < 3; times++) {
      await assertRejects(() => pool.apply(same, [value]), TypeError, "has made 5 of it");
    }
  }
  assertEquals(i32[addressOf(value)! + objectWord.REFERENCES], 1);
});
