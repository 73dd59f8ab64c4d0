/**
 * Every call rejects options and arguments that it would ignore.
 *
 * @module
 */

import { assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as mp from "../fixtures/all_shelves.ts";
import * as nd from "@sauropod/multiprocessing/ndarray";
import { ThreadPool as DummyPool } from "@sauropod/multiprocessing/dummy";
import { SeedSequence } from "@sauropod/multiprocessing/random";
import { test } from "../fixtures/guarded.ts";

// deno-lint-ignore no-explicit-any -- for arguments that the types reject
type Loose = any;

/** Starts a process that never ends. */
function startEndless(): mp.Process {
  const process = new mp.Process({ target: () => new Promise<void>(() => {}) });
  process.start();
  return process;
}

test("every wait rejects unknown options", async () => {
  const [lock, rlock, semaphore] = [new mp.Lock(), new mp.RLock(), new mp.Semaphore()];
  const condition = new mp.Condition();
  const [queue, jobs, simple] = [new mp.Queue(), new mp.JoinableQueue(), new mp.SimpleQueue()];
  const priority = new mp.PriorityQueue<number>();
  const [here, there] = mp.Pipe();
  const event = new mp.Event();
  const process = startEndless();
  const value = new mp.Value("int32");
  const thread = new mp.Thread({ target: () => event.wait() });
  const future = new mp.Future();
  using listener = new mp.Listener("options");
  thread.start();
  condition.acquireSync();
  there.sendSync(1);
  queue.putSync(1);

  const calls: Record<string, (options: Loose) => unknown> = {
    "Lock.acquire()": (options) => lock.acquire(options),
    "Lock.acquireSync()": (options) => lock.acquireSync(options),
    "RLock.acquire()": (options) => rlock.acquire(options),
    "RLock.acquireSync()": (options) => rlock.acquireSync(options),
    "RLock.tryAcquire()": (options) => rlock.tryAcquire(options),
    "RLock.release()": (options) => rlock.release(options),
    "Value.acquire()": (options) => value.acquire(options),
    "Semaphore.acquire()": (options) => semaphore.acquire(options),
    "Semaphore.acquireSync()": (options) => semaphore.acquireSync(options),
    "Condition.wait()": (options) => condition.wait(options),
    "Condition.waitSync()": (options) => condition.waitSync(options),
    "Condition.waitFor()": (options) => condition.waitFor(() => true, options),
    "Barrier.wait()": (options) => new mp.Barrier(1).wait(options),
    "Barrier.waitSync()": (options) => new mp.Barrier(1, { timeoutMs: 5 }).waitSync(options),
    "Event.wait()": (options) => event.wait(options),
    "Event.waitSync()": (options) => event.waitSync(options),
    "Queue.get()": (options) => queue.get(options),
    "Queue.getSync()": (options) => queue.getSync(options),
    "Queue.put()": (options) => queue.put(1, options),
    "Queue.putSync()": (options) => queue.putSync(1, options),
    "SimpleQueue.get()": (options) => simple.get(options),
    "SimpleQueue.getSync()": (options) => simple.getSync(options),
    "JoinableQueue.join()": (options) => jobs.join(options),
    "JoinableQueue.joinSync()": (options) => jobs.joinSync(options),
    "PriorityQueue.put()": (options) => priority.put(1, options),
    "PriorityQueue.putSync()": (options) => priority.putSync(1, options),
    "PriorityQueue.tryPut()": (options) => priority.tryPut(1, options),
    "Connection.recv()": (options) => here.recv(options),
    "Connection.recvSync()": (options) => here.recvSync(options),
    "Connection.recvBytes()": (options) => here.recvBytes(options),
    "Connection.recvBytesSync()": (options) => here.recvBytesSync(options),
    "Connection.recvBytesInto()": (options) => here.recvBytesInto(new Uint8Array(9), options),
    "Connection.recvBytesIntoSync()": (options) =>
      here.recvBytesIntoSync(new Uint8Array(9), options),
    "Connection.poll()": (options) => here.poll(options),
    "Connection.pollSync()": (options) => here.pollSync(options),
    "Listener.accept()": (options) => listener.accept(options),
    "Process.join()": (options) => process.join(options),
    "Process.joinSync()": (options) => process.joinSync(options),
    "Thread.join()": (options) => thread.join(options),
    "Thread.joinSync()": (options) => thread.joinSync(options),
    "Future.result()": (options) => future.result(options),
    "wait()": (options) => mp.wait([future], options),
    "asCompleted()": (options) => mp.asCompleted([future], options),
    "waitAny()": (options) => mp.waitAny([event], options),
    "waitAnySync()": (options) => mp.waitAnySync([event], options),
    "mutex()": (options) => mp.mutex(lock, () => {}, options),
    "synchronized()": (options) => mp.synchronized(lock, options),
    "sleep()": (options) => mp.sleep(1, options),
  };
  for (const [name, call] of Object.entries(calls)) {
    // deno-lint-ignore require-await -- turns what the call throws into a rejection
    const { message } = await assertRejects(async () => call({ time_out: 1 }), TypeError);
    assertStringIncludes(message, "there is no option time_out. There ", name);
  }

  condition.release();
  event.set();
  await thread.join();
  process.terminate();
  await process.join();
});

test("waits accept their other options beside timeoutMs", async () => {
  const queue = new mp.PriorityQueue<string>(1);
  await queue.put("a", { priority: 2, timeoutMs: 5 });
  await assertRejects(() => queue.put("b", { priority: 1, timeoutMs: 1 }), mp.Full);
  assertThrows(() => queue.putSync("b", { priority: 1, timeoutMs: 1 }), mp.Full);
  const signal = AbortSignal.abort();
  await assertRejects(() => queue.put("b", { priority: 1, signal }), DOMException);

  const [here, there] = mp.Pipe();
  const options = { maxLength: 9, timeoutMs: 1 };
  await assertRejects(() => here.recvBytes(options), mp.TimeoutError, "in 1 ms");
  const into = { offset: 1, timeoutMs: 1 };
  assertThrows(() => here.recvBytesIntoSync(new Uint8Array(9), into), mp.TimeoutError, "in 1 ms");
  there.close();

  const lock = new mp.RLock();
  const guard = await lock.acquire({ timeoutMs: 5 });
  using _again = await lock.acquire({ owner: guard, timeoutMs: 5 });
  assertThrows(() => lock.acquireSync({ timeoutMs: 1 }), mp.TimeoutError, "1 ms");
  guard.release();
});

test("every other call rejects unknown options and options that are not objects", async () => {
  const array = nd.zeros([3]);
  const calls: Record<string, (options: Loose) => unknown> = {
    "Pipe()": (options) => mp.Pipe(options),
    "Barrier()": (options) => new mp.Barrier(1, options),
    "Value()": (options) => new mp.Value("int32", 0, options),
    "Value.copy()": (options) => new mp.Value("int32").copy(options),
    "Array()": (options) => new mp.SharedArray("int32", 1, options),
    "RawArray()": (options) => new mp.RawArray("int32", 1, options),
    "sharedArray()": (options) => mp.sharedArray("int32", 1, options),
    "zeros()": (options) => nd.zeros([3], "int32", options),
    "SharedMemory()": (options) => new mp.SharedMemory(options),
    "ShareableList()": (options) => new mp.ShareableList([1], options),
    "Finalize()": (options) => new mp.Finalize({}, () => {}, options),
    "setStartMethod()": (options) => mp.setStartMethod("spawn", options),
    "BaseManager.register()": (options) =>
      class extends mp.BaseManager {}.register("x", Map, options),
    "Queue.shutdown()": (options) => new mp.Queue().shutdown(options),
    "Connection.sendBytes()": (options) => mp.Pipe()[0].sendBytes(new Uint8Array(1), options),
    "SeedSequence()": (options) => new SeedSequence(1, options),
    "ndarray random()": (options) => nd.random([2], options),
    "ndarray randomSync()": (options) => nd.randomSync([2], options),
    "ndarray sum()": (options) => nd.sum(array, options),
    "ndarray maxSync()": (options) => nd.maxSync(array, options),
    "ndarray vectorize()": (options) => nd.vectorize((x: number) => x, options),
    "ndarray linspace()": (options) => nd.linspace(0, 1, 3, options),
    "ndarray allClose()": (options) => nd.allClose(array, array, options),
  };
  for (const [name, call] of Object.entries(calls)) {
    // deno-lint-ignore require-await -- turns what the call throws into a rejection
    const made = async () => call({ mistaken: 1 });
    const { message } = await assertRejects(made, TypeError);
    assertStringIncludes(message, "there is no option mistaken. There ", name);
    // deno-lint-ignore require-await
    await assertRejects(async () => call(5), TypeError, "options must be an object, such as", name);
  }
});

test("Pipe() and Barrier() show how to write Python's positional arguments", () => {
  const { Pipe, Barrier } = mp as Loose;
  assertThrows(() => Pipe(false), TypeError, "not false. Write Pipe({ duplex: false })");
  assertThrows(() => new Barrier(2, () => {}), TypeError, "{ action: … }, not a function");
  assertThrows(() => new Barrier(2, undefined, 5), TypeError, "Write { action, timeoutMs }");
});

test("pools and executors reject Python's positional arguments, and name the options", () => {
  const init = () => {
    throw new Error("called");
  };
  const forkserver = mp.getContext("forkserver");
  const executors = [mp.ProcessPoolExecutor, mp.ThreadPoolExecutor];
  for (
    const Pool of [mp.Pool, mp.ThreadPool, DummyPool, forkserver.Pool, ...executors] as Loose[]
  ) {
    for (const args of [[2, init], [2, init, [5]], [2, undefined, [5]], [{}, { make: init }]]) {
      const { message } = assertThrows(() => new Pool(...args), TypeError);
      assertStringIncludes(message, "it takes one argument, but was given a second, ");
      assertStringIncludes(message, "initializer: fn");
    }
  }
});

test("constructors without arguments reject arguments", () => {
  for (const Class of [mp.Lock, mp.RLock, mp.Event, mp.SimpleQueue] as Loose[]) {
    for (const [given, shown] of [[5, "5"], [{}, "an object of class Object"], ["x", '"x"']]) {
      const made = () => new Class(given);
      assertThrows(made, TypeError, `it takes no argument, but was given ${shown}`);
    }
  }
});

test("errors quote a string that was given for a number", async () => {
  const text = "2" as Loose;
  const pool = new mp.Pool(1);
  const calls: (() => unknown)[] = [
    () => new mp.Semaphore(text),
    () => new mp.Semaphore().release(text),
    () => new mp.Barrier(text),
    () => new mp.Condition().notify(text),
    () => new mp.Queue(text),
    () => new mp.Queue().get({ timeoutMs: text }),
    () => new mp.PriorityQueue().put(1, { priority: text }),
    () => new mp.Pool(text),
    () => pool.map((x: number) => x, [1], { chunkSize: text }),
    () => new mp.Timer(text, () => {}),
    () => mp.sleep(text),
    () => mp.parallelFor(text, () => {}),
    () => mp.parallelFor(5, () => {}, { chunkSize: text }),
    () => mp.parallelFor(5, () => {}, { context: text }),
    () => mp.setNumThreads(text),
    () => mp.distribute(text, 2),
    () => new mp.MapReduce({ np: text }),
    () => mp.Parallel({ batchSize: text }),
    () => mp.Parallel({ returnAs: text }),
    () => new mp.SharedMemory({ create: true, size: text }),
    () => new mp.Finalize({}, () => {}, { exitPriority: text }),
    () => new mp.SharedList([1]).get(text),
    () => nd.zeros([text]),
    () => nd.full([1], text),
    () => nd.zeros([1], text),
    () => nd.linspace(0, 1, text),
    () => nd.split(nd.zeros([2]), [text]),
  ];
  for (const call of calls) {
    // deno-lint-ignore require-await -- turns what the call throws into a rejection
    const { message } = await assertRejects(async () => call(), Error);
    assertStringIncludes(message, '"2"', String(call));
  }
  pool.terminate();
  await pool.join();
});
