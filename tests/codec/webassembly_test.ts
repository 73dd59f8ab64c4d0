import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataCloneError, Event, Pool, Process, Queue } from "@sauropod/multiprocessing";
import { parallelFor, stopTeam } from "@sauropod/multiprocessing/loops";
import { compileDistances } from "../../examples/loops/kernels/distances.ts";
import { test } from "../fixtures/guarded.ts";
import { sent } from "../fixtures/messages.ts";

function sharedMemory(initial = 1): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial, maximum: 10, shared: true });
}

interface Kernel {
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
}

/** Returns the first integers of a memory. */
function numbersOf(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer);
}

test("WebAssembly.Memory and Module are the same objects in an isolate that has them", () => {
  const memory = sharedMemory();
  const module = compileDistances();
  const both = sent({ memory, again: [memory], module });
  assertStrictEquals(both.memory, memory);
  assertStrictEquals(both.again[0], memory);
  assertStrictEquals(both.module, module);
});

test("a shared WebAssembly.Memory in a worker is the same memory", async () => {
  const memory = sharedMemory();
  await using pool = new Pool(2);
  const add = (memory: WebAssembly.Memory, by: number) => {
    Atomics.add(new Int32Array(memory.buffer), 0, by);
    return memory;
  };
  const back = await pool.starmap(add, Array.from({ length: 20 }, () => [memory, 3]));
  assertEquals(numbersOf(memory)[0], 60);
  for (const it of back) assertStrictEquals(it, memory);
});

test("a WebAssembly.Memory and Module of a worker reach other workers", async () => {
  await using pool = new Pool(2);
  const make = () => ({
    memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    module: new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
  });
  const made = await pool.apply(make);
  numbersOf(made.memory)[5] = 50;
  const look = ({ memory, module }: typeof made) => {
    new WebAssembly.Instance(module);
    return new Int32Array(memory.buffer)[5];
  };
  assertEquals(await pool.map(look, Array(8).fill(made)), Array(8).fill(50));
});

test("a WebAssembly.Memory reaches a worker that is blocked", async () => {
  const queue = new Queue<Kernel>();
  const ready = new Event();
  const done = new Event();
  const process = new Process({
    target: (queue: Queue<Kernel>, ready: Event, done: Event) => {
      ready.set();
      const { memory, module } = queue.getSync();
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      new Float64Array(memory.buffer).set([3, 0, 0, 4]); // two rows of two columns
      (exports.row as CallableFunction)(0, 2, 2, 0, 1024);
      done.set();
    },
    args: [queue, ready, done],
  });
  process.start();
  await ready.wait();
  const memory = sharedMemory();
  await queue.put({ memory, module: compileDistances() });
  await done.wait();
  assertEquals([...new Float64Array(memory.buffer, 1024, 2)], [0, 5]);
  await process.join();
});

test("a WebAssembly.Memory has its full size in all isolates, whether it grew before or after it crossed", async () => {
  const memory = sharedMemory();
  await using pool = new Pool(1);
  const pages = (memory: WebAssembly.Memory) => memory.buffer.byteLength / 65536;
  assertEquals(await pool.apply(pages, [memory]), 1);
  memory.grow(1);
  assertEquals(await pool.apply(pages, [memory]), 2);
  const growing = (memory: WebAssembly.Memory) => memory.grow(2);
  assertEquals(await pool.apply(growing, [memory]), 2);
  assertEquals(pages(memory), 4);
  const onItsWay = sharedMemory();
  const answer = pool.apply(pages, [onItsWay]);
  onItsWay.grow(3);
  await answer; // 1 or 4: it looked before, or after
  assertEquals(await pool.apply(pages, [onItsWay]), 4);
});

test("a kernel runs in the team, on the memory of the loop's context", async () => {
  try {
    const memory = sharedMemory();
    const [rows, columns, out] = [7, 5, 4096];
    const X = new Float64Array(memory.buffer, 0, rows * columns);
    for (let at = 0; at < X.length; at++) X[at] = Math.sin(at);
    await parallelFor(rows, (i, { module, memory, rows, columns, out }) => {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      (exports.row as CallableFunction)(i, rows, columns, 0, out);
    }, { context: { module: compileDistances(), memory, rows, columns, out }, numThreads: 2 });
    const D = new Float64Array(memory.buffer, out, rows * rows);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += (X[i * columns + k] - X[j * columns + k]) ** 2;
        assertEquals(Math.abs(D[i * rows + j] - Math.sqrt(sum)) < 1e-14, true);
      }
    }
  } finally {
    await stopTeam();
  }
});

test("a WebAssembly.Memory that is not shared is rejected, with its path", async () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const message =
    "Cannot send value.kernel.memory: this WebAssembly.Memory is not shared: make it " +
    "with { initial, maximum, shared: true }, and compile its module for a shared memory";
  assertThrows(() => sent({ kernel: { memory } }), DataCloneError, message);
  await assertRejects(
    () => parallelFor(4, () => {}, { context: { memory }, numThreads: 2 }),
    DataCloneError,
    "context.memory: this WebAssembly.Memory is not shared",
  );
  await stopTeam();
});

test("other objects of WebAssembly are rejected", () => {
  const memory = sharedMemory();
  const values = {
    Instance: new WebAssembly.Instance(compileDistances(), { env: { memory } }),
    Table: new WebAssembly.Table({ initial: 1, element: "anyfunc" }),
    Global: new WebAssembly.Global({ value: "i32" }, 1),
  };
  for (const [name, value] of Object.entries(values)) {
    const message = `Cannot send value[0]: a WebAssembly.${name} has no meaning outside its ` +
      "isolate: send its WebAssembly.Module and a shared WebAssembly.Memory";
    assertThrows(() => sent([value]), DataCloneError, message);
  }
});
