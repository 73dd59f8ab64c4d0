import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  DataCloneError,
  Event,
  MaybeEncodingError,
  type MemoryOptions,
  Pool,
  Queue,
  RawArray,
  SharedArray,
  type SharedArrayOptions,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { zeros } from "@sauropod/multiprocessing/ndarray";
import { distribute, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { closeMemory, makeMemory, openMemory } from "../../lib/memory/mapping.ts";
import { test } from "../fixtures/guarded.ts";
import { collectGarbage, settledUse } from "../fixtures/heap.ts";
import { runProgram } from "../fixtures/programs.ts";
import { gone } from "../fixtures/system_processes.ts";
import { ended, started } from "../fixtures/workers.ts";
import { doubleInPlace } from "../memory/memory_tasks.ts";
import * as tasks from "./mapping_tasks.ts";

const startMethod = "process";
const processes = true;

test("the options of arrays on shared memory", () => {
  const all: Required<MemoryOptions> = { processes };
  const ofArray: Required<SharedArrayOptions> = { processes: false, lock: true };
  assertEquals([...sharedArray("int8", 2, all)], [0, 0]);
  assertEquals([...new SharedArray("B", 2, ofArray)], [0, 0]);
});

// What is shared

test("a process, a worker and the program read and write the same array", async () => {
  const array = sharedArray("float64", [1, 2, 3], { processes });
  await using pool = new Pool({ processes: 1, startMethod });
  await using workers = new Pool({ processes: 1, startMethod: "spawn" });
  assertEquals(await pool.apply(tasks.double, [array]), 6);
  assertEquals([...array], [2, 4, 6]);
  assertEquals(await workers.apply(tasks.double, [array]), 12);
  array[0] = 5;
  assertEquals(await pool.apply(tasks.double, [array.subarray(0, 2)]), 13);
  assertEquals([...array], [10, 16, 12]);
});

test("WebAssembly uses an array in place in a process, a worker and the program", async () => {
  const array = sharedArray("float64", [1, 2, 3], { processes });
  await using pool = new Pool({ processes: 1, startMethod });
  await using workers = new Pool({ processes: 1, startMethod: "spawn" });
  for (const each of [pool, workers]) await each.apply(doubleInPlace, [array.subarray(1)]);
  assertEquals([...doubleInPlace(array)], [2, 16, 24]);
});

test("a copy that a process is sent has just the bytes of the array", async () => {
  const copy = sharedArray("float64", [1, 2, 3]).slice();
  assertEquals(copy.buffer.byteLength, 24);
  await using pool = new Pool({ processes: 1, startMethod });
  assertEquals((await pool.apply(tasks.same, [copy])).buffer.byteLength, 24);
});

test("Atomics lose nothing between two processes, a worker and the program", async () => {
  const array = sharedArray("int32", 1, { processes });
  const bigs = sharedArray("int64", 2, { processes });
  const times = 50_000;
  await using pool = new Pool({ processes: 2, startMethod });
  await using workers = new Pool({ processes: 1, startMethod: "spawn" });
  const counts = [pool, pool, workers].flatMap((pool) => [
    pool.apply(tasks.count, [array, times]),
    pool.apply(tasks.countUp, [bigs, times / 10]),
  ]);
  for (let time = 0; time < times; time++) Atomics.add(array, 0, 1);
  await Promise.all(counts);
  assertEquals(array[0], 4 * times);
  assertEquals(bigs[1], BigInt(3 * times / 10));
});

test("the processes of a pool fill the slices of one array", async () => {
  const array = sharedArray("int32", 100_000, { processes });
  await using pool = new Pool({ processes: 2, startMethod });
  const parts = distribute(array.length, 7);
  await pool.starmap(
    tasks.fill,
    parts.map(([start, end], at) => [array.subarray(start, end), at + 1] as const),
  );
  parts.forEach(([start, end], at) => {
    assert(array.subarray(start, end).every((value) => value === at + 1));
  });
});

test("arrays of Process, initargs and queues are shared too", async () => {
  const array = sharedArray("int32", 3, { processes });
  await ended(started({ target: tasks.fill, args: [array, 4], startMethod }));
  assertEquals([...array], [4, 4, 4]);
  const queue = new Queue<Int32Array>();
  await queue.put(array);
  await using pool = new Pool({
    processes: 1,
    startMethod,
    initializer: tasks.fill,
    initargs: [array.subarray(1), 7],
  });
  await pool.apply(tasks.throughQueue, [queue]);
  assertEquals([...array], [5, 7, 7]);
  assert((await queue.get()).buffer === array.buffer);
});

test("an array that comes back is on the same buffer, in the program and in the process", async () => {
  const array = sharedArray("int32", 5, { processes });
  await using pool = new Pool({ processes: 1, startMethod });
  const back = await pool.apply(tasks.same, [array.subarray(2)]);
  assert(back.buffer === array.buffer);
  assertEquals([back.length, back.byteOffset], [3, 8]);
  const [inProcess, again] = await pool.apply(tasks.areSame, [array, back]);
  assert(inProcess);
  assert(again.buffer === array.buffer);
  assertEquals(await pool.apply(tasks.countMapped), 1);
});

test("a process shares the array with workers and processes of its own", async () => {
  const array = sharedArray("int32", 3, { processes });
  await using pool = new Pool({ processes: 1, startMethod });
  const [isSame, back] = await pool.apply(tasks.nest, [array]);
  assert(isSame);
  assert(back.buffer === array.buffer);
  assertEquals([...array], [1, 2, 3]);
});

test("SharedArray, RawArray and ndarrays are shared with processes", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const array = new SharedArray("i", [1, 2], { processes });
  assertEquals(await pool.apply(tasks.useArray, [array]), [2, [1, 7]]);
  assertEquals([...array], [1, 7]);
  assert(await pool.apply(tasks.same, [array]) === array);
  assertEquals([...array.copy()], [1, 7]);

  const raw = new RawArray("d", 2, { processes });
  await pool.apply(tasks.double, [raw.data.fill(4)]);
  assertEquals([raw.length, ...raw], [2, 8, 8]);

  const grid = zeros([2, 3], "float64", { processes });
  assertEquals(grid.data.length, 6);
  await pool.starmap(tasks.fillRow, [[grid.pick(0, null), 7], [grid.pick(1, null), 8]]);
  assertEquals([...grid.data], [7, 7, 7, 8, 8, 8]);
});

// Sizes

test("arrays of any length are shared: none, a page and one more, hundreds of MiB", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  for (const length of [0, 1, 65_535, 65_536, 65_537]) {
    const array = sharedArray("uint8", length, { processes });
    assertEquals(array.length, length);
    assertEquals(array.buffer.byteLength % 65_536, 0);
    const back = await pool.apply(tasks.same, [array]);
    assertEquals(back.length, length);
    assert(back.buffer === array.buffer);
  }
  const large = sharedArray("float64", 2 ** 26, { processes }); // 512 MiB
  large[0] = 1;
  large[large.length - 1] = 3;
  await pool.apply(tasks.double, [large.subarray(-2)]);
  await pool.apply(tasks.double, [large.subarray(0, 1)]);
  assertEquals([large[0], large.at(-2), large.at(-1)], [2, 0, 6]);
});

test("an array of more than 4 GiB is refused", () => {
  assertThrows(
    () => sharedArray("float64", 2 ** 29 + 1, { processes }),
    RangeError,
    "Cannot make array: its 4294967304 bytes of memory could not be allocated for processes",
  );
});

// What is left

/** Waits until this program has no descriptors and mappings of arrays that processes share. */
async function settles(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await settledUse();
    await collectGarbage();
    if (tasks.descriptors() === 0 && tasks.mappings() === 0) return;
  }
  assertEquals({ open: tasks.descriptors(), mapped: tasks.mappings() }, { open: 0, mapped: 0 });
}

test("descriptors and mappings are gone when arrays are collected", async () => {
  await settles();
  await useArrays();
  await settles();
});

async function useArrays(): Promise<void> {
  const arrays = Array.from({ length: 20 }, () => sharedArray("int32", 10, { processes }));
  assert(tasks.descriptors() >= 20);
  assert(tasks.mappings() >= 20);
  await using pool = new Pool({ processes: 2, startMethod });
  await using workers = new Pool({ processes: 1, startMethod: "spawn" });
  for (const array of arrays) {
    await pool.apply(tasks.fill, [array, 1]);
    await workers.apply(tasks.fill, [array, 1]);
  }
}

test("a process that is killed leaves nothing, and the others go on", async () => {
  await settles();
  await killWithArray();
  await settles();
});

async function killWithArray(): Promise<void> {
  const array = sharedArray("int32", 2, { processes });
  for (let round = 0; round < 3; round++) {
    const ready = new Event();
    const process = started({ target: tasks.keepBusy, args: [array, ready], startMethod });
    await ready.wait();
    process.kill();
    await ended(process, -9);
  }
  await using pool = new Pool({ processes: 1, startMethod });
  await pool.apply(tasks.fill, [array, 9]);
  assertEquals([...array], [9, 9]);
}

test("a process that has an array ends with the program that is killed", async () => {
  const { code, stdout } = await runProgram(
    `
    import { Event, Process } from "@sauropod/multiprocessing";
    import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
    const begun = new Event();
    const process = new Process({
      target: async (begun, array) => { begun.set(); await null; for (;;) array[0]++; },
      args: [begun, sharedArray("int32", 100_000, { processes: true })],
      startMethod: "process",
    });
    process.start();
    await begun.wait();
    console.log(process.pid);
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    { flags: ["--allow-run", "--allow-env", "--allow-ffi"] },
  );
  assertEquals(code, 137);
  await gone(Number(stdout)); // nothing has the memory any more, which has no name
});

test("subprocesses do not get the descriptor of an array", async () => {
  const array = sharedArray("int32", 1, { processes });
  const files = async () => {
    const { stdout } = await new Deno.Command("ls", { args: ["-l", "/proc/self/fd"] }).output();
    return new TextDecoder().decode(stdout);
  };
  const ls = (await files()).trim().split("\n");
  assert(ls.length > 3);
  assert(!ls.some((line) => line.includes("memfd")), ls.join("\n"));
  assertEquals(array[0], 0);
});

test("the length of an array's memory cannot be changed", async () => {
  const array = sharedArray("int32", [1, 2], { processes });
  const paths = [...Deno.readDirSync("/proc/self/fd")]
    .map(({ name }) => `/proc/self/fd/${name}`)
    .filter((path) => tasks.isMemory(path));
  assert(paths.length > 0);
  for (const path of paths) {
    assertThrows(() => Deno.truncateSync(path, 0));
    assertThrows(() => Deno.truncateSync(path, 2 ** 20));
  }
  await using pool = new Pool({ processes: 1, startMethod });
  await pool.apply(tasks.fill, [array, 3]);
  assertEquals([...array], [3, 3]);
});

test("memory is opened only by the name that it has", () => {
  const memory = makeMemory(10)!;
  const other = makeMemory(10)!;
  new Uint8Array(memory.buffer)[0] = 7;
  assertEquals(new Uint8Array(openMemory(memory.descriptor)!)[0], 7);
  assertEquals(openMemory({ ...memory.descriptor, id: other.descriptor.id }), undefined);
  assertEquals(openMemory({ ...memory.descriptor, fd: 0 }), undefined);
  closeMemory(memory.descriptor.fd);
  assertEquals(openMemory(memory.descriptor), undefined);
  closeMemory(other.descriptor.fd);
});

// What is refused

test("an array of a process is refused in the program, and one without the option in a process", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  await assertRejects(
    () => pool.apply(tasks.makeArray),
    MaybeEncodingError,
    "was made in this process, and the program does not see its memory",
  );
  await assertRejects(
    () => pool.apply(tasks.fill, [sharedArray("int32", 2), 1]),
    DataCloneError,
    "make it with processes: true",
  );
});

test("a process cannot call what buffers do not have, or name one that it was not sent", async () => {
  const array = sharedArray("int32", [1, 2], { processes });
  await using pool = new Pool({ processes: 1, startMethod });
  assertEquals(await pool.apply(tasks.misuse, [array]), [
    "CorruptMessageError",
    "CorruptMessageError",
    "TypeError",
  ]);
  await assertRejects(() => pool.apply(tasks.nameAnother, [array]), WorkerDiedError);
  assertEquals(await pool.apply(tasks.double, [sharedArray("float64", [2], { processes })]), 2);
});

test("a process without --allow-ffi is told what it needs", async () => {
  const array = sharedArray("int32", 2, { processes });
  await using pool = new Pool({ processes: 1, startMethod, permissions: {} });
  const error = await assertRejects(
    () => pool.apply(tasks.fill, [array, 1]),
    Deno.errors.NotCapable,
    "Cannot map array of the program: this process has no --allow-ffi",
  );
  assert(error.message.endsWith("or send it a copy, with slice()"));
  assertEquals(await pool.apply(tasks.same, [3]), 3);
  const process = started({ target: tasks.fill, args: [array, 1], startMethod, permissions: {} });
  await ended(process, 1);
  assertEquals((process.error as Error).message, error.message);
  await using denied = new Pool({ processes: 1, startMethod, denoArgs: ["--deny-ffi"] });
  await assertRejects(() => denied.apply(tasks.fill, [array, 1]), Deno.errors.NotCapable);
  await using able = new Pool({ processes: 1, startMethod, permissions: { ffi: true } });
  await able.apply(tasks.fill, [array, 1]);
  assertEquals([...array], [1, 1]);
});

test("a program without --allow-ffi, or with a list, cannot make such an array", async () => {
  const program = `
    import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
    try {
      sharedArray("int32", 1, { processes: true });
    } catch (error) {
      console.log(error.name, error.message);
    }
    console.log(sharedArray("int32", 1).length);
  `;
  for (const flags of [[], ["--allow-ffi=libc.so.6"]]) {
    const { code, stdout, stderr } = await runProgram(program, { flags });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(
      stdout,
      "NotCapable Cannot make array: processes: true needs --allow-ffi, without a list. Run the program " +
        "with it, or leave it out, and send processes copies\n1\n",
    );
  }
});
