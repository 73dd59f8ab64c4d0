import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type Connection,
  CorruptMessageError,
  EOFError,
  Event,
  JoinableQueue,
  Pipe,
  Queue,
  registerReducer,
  SimpleQueue,
  task,
  TaskLookupError,
  tasksOf,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { test, turn } from "../fixtures/guarded.ts";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { i32 } from "../../lib/heap/views.ts";
import { frees, usedBytes } from "../fixtures/heap.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

let inner: Queue<unknown> | undefined;

class Filled {
  constructor(readonly parts: unknown, readonly received: unknown) {}
}

registerReducer({
  is: (value) => value instanceof Filled,
  reduce: ({ parts }) => parts,
  revive: task(import.meta, (parts: unknown) => new Filled(parts, inner!.getSync())),
});

const long = "long enough for a block of its own".repeat(9);

test("a reducer may receive a message while another one is read", async () => {
  const outer = new Queue<unknown>();
  inner = new Queue();
  for (const outside of ["", long]) {
    for (const inside of ["", long]) {
      for (const get of [() => outer.getSync(), () => outer.get()]) {
        inner.putSync([inside, "inner"]);
        outer.putSync([outside, new Filled("parts", 0), "tail", 5]);
        const [first, filled, ...rest] = await get() as unknown[];
        assertInstanceOf(filled, Filled);
        assertEquals([first, filled.parts, ...rest], [outside, "parts", "tail", 5]);
        assertEquals(filled.received, [inside, "inner"]);
      }
    }
  }
  inner = undefined;
});

test("a message that needs a module which cannot be imported is freed, with its references", async () => {
  const queue = new Queue<unknown>();
  const [here, there] = Pipe<string>();
  const missing = tasksOf<{ gone(): void }>(new URL("./nowhere.ts", import.meta.url)).gone;
  const [end, other] = Pipe<unknown>();
  const receiveAll = async () => {
    for (const pad of ["", long]) {
      queue.putSync([pad, missing, there]);
      await assertRejects(() => queue.get(), TaskLookupError, "Cannot import");
      end.sendSync([pad, missing, there]);
      await assertRejects(() => other.recv(), TaskLookupError, "Cannot import");
      queue.putSync([pad, missing, there]);
      assertThrows(() => queue.getSync(), TaskLookupError, "Import the module first");
    }
  };
  // The first ones write the definition, and let the channels grow.
  for (let round = 0; round < 10; round++) await receiveAll();
  const before = usedBytes();
  for (let round = 0; round < 5; round++) await receiveAll();
  assertEquals(usedBytes(), before);
  here.sendSync("still open");
  assertEquals(there.recvSync(), "still open");
});

test("an item that needs a module which cannot be imported fails the get() or the iteration that takes it", async () => {
  const missing = tasksOf<{ gone(): void }>(new URL("./nowhere.ts", import.meta.url)).gone;
  const [queue, simple] = [new Queue<unknown>(), new SimpleQueue<unknown>()];
  for (const item of [missing, "next"]) {
    for (const it of [queue, simple]) it.putSync(item);
  }
  assertEquals(waitAnySync([simple, queue]), [simple, queue]);
  const items = queue[Symbol.asyncIterator]();
  await assertRejects(() => items.next(), TaskLookupError, "Cannot import");
  await assertRejects(() => simple.get(), TaskLookupError, "Cannot import");
  assertEquals([queue.getSync(), await simple.get()], ["next", "next"]);
  assertEquals(waitAnySync([simple, queue], { timeoutMs: 0 }), []);
});

test("an item of a JoinableQueue whose reducer throws counts as done", async () => {
  const queue = new JoinableQueue<unknown>();
  for (const get of [() => queue.get(), () => Promise.try(() => queue.getSync())]) {
    queue.putSync(new Filled("parts", 0)); // there is no inner queue
    assertEquals(queue.unfinishedTasks, 1);
    await assertRejects(get, TypeError);
    assertEquals(queue.unfinishedTasks, 0);
  }
  assertEquals(queue.joinSync({ timeoutMs: 0 }), true);
});

const neverLoads = new URL("../fixtures/functions/never_loads.ts", import.meta.url);
const { identity } = tasksOf<{ identity(): void }>(neverLoads);

/** Receives, and sets `received` once the message was taken, while it is still being read. */
const receive = async (end: Connection<unknown>, received: Event) => {
  const receiving = end.recv();
  while (end.pollSync()) await null;
  received.set();
  await receiving;
};

test("a message is freed, with its references, if its receiver ends while it imports for it", async () => {
  for (const pad of ["", long]) {
    await frees(async () => {
      const queue = new Queue<unknown>();
      const [here, there] = Pipe<unknown>();
      const received = new Event();
      here.sendSync([pad, identity, queue]);
      const getting = run(async (queue: Queue<unknown>) => void await queue.get(), queue);
      const receiving = run(receive, there, received);
      const [left, sent] = Pipe<string>();
      queue.putSync([pad, identity, new SharedArrayBuffer(8), sent]);
      await received.wait(guard);
      while (!queue.empty()) await turn();
      for (const process of [getting, receiving]) {
        process.terminate();
        await ended(process, -15);
      }
      await assertRejects(() => left.recv(), EOFError);
    });
  }
});

test("Connection.recvBytes() reads nothing behind a message whose length is damaged", () => {
  const [here, there] = Pipe<Uint8Array>();
  there.sendBytesSync(new Uint8Array(100).fill(7));
  const message = encodedBytesOf(100);
  i32[message] = (i32[message] & 0xffff) | (50_000 << 16); // its length follows two bytes
  assertThrows(() => here.recvBytesSync(), TypeError, "a Uint8Array");
  assertThrows(() => here.recvSync(), CorruptMessageError, "it ends too early");
});

/** Returns the address of the last message in the heap that is a `Uint8Array` of this length. */
function encodedBytesOf(length: number): number {
  const stream = encode(new Uint8Array(length));
  const word = stream.words[0];
  returnEncoder(stream);
  return i32.subarray(0, 2 ** 20).lastIndexOf(word);
}
