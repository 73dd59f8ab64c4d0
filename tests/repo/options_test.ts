/**
 * Options and arguments that would be ignored are refused, by every call that takes some.
 *
 * @module
 */

import { assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as mp from "../fixtures/all_shelves.ts";
import * as nd from "@sauropod/multiprocessing/ndarray";
import { ThreadPool as DummyPool } from "@sauropod/multiprocessing/dummy";
import { SeedSequence } from "@sauropod/multiprocessing/random";
import { test } from "../fixtures/guarded.ts";

// deno-lint-ignore no-explicit-any -- what the types refuse
type Loose = any;

/** A process that has not ended. */
function asleep(): mp.Process {
  const process = new mp.Process({ target: () => new Promise<void>(() => {}) });
  process.start();
  return process;
}

test("every wait refuses an option that it does not have", async () => {
  const [lock, rlock, semaphore] = [new mp.Lock(), new mp.RLock(), new mp.Semaphore()];
  const condition = new mp.Condition();
  const [queue, jobs, simple] = [new mp.Queue(), new mp.JoinableQueue(), new mp.SimpleQueue()];
  const priority = new mp.PriorityQueue<number>();
  const [here, there] = mp.Pipe();
  const event = new mp.Event();
  const process = asleep();
  const value = new mp.Value("int32");
  const thread = new mp.Thread({ target: () => event.wait() });
  const future = new mp.Future();
  using listener = new mp.Listener("options");
  thread.start();
  condition.acquireSync();
  there.sendSync(1);
  queue.putSync(1);

  const calls: Record<string, (options: Loose) => unknown> = {
    "Lock.acquire()": (it) => lock.acquire(it),
    "Lock.acquireSync()": (it) => lock.acquireSync(it),
    "RLock.acquire()": (it) => rlock.acquire(it),
    "RLock.acquireSync()": (it) => rlock.acquireSync(it),
    "RLock.tryAcquire()": (it) => rlock.tryAcquire(it),
    "RLock.release()": (it) => rlock.release(it),
    "Value.acquire()": (it) => value.acquire(it),
    "Semaphore.acquire()": (it) => semaphore.acquire(it),
    "Semaphore.acquireSync()": (it) => semaphore.acquireSync(it),
    "Condition.wait()": (it) => condition.wait(it),
    "Condition.waitSync()": (it) => condition.waitSync(it),
    "Condition.waitFor()": (it) => condition.waitFor(() => true, it),
    "Barrier.wait()": (it) => new mp.Barrier(1).wait(it),
    "Barrier.waitSync()": (it) => new mp.Barrier(1, { timeoutMs: 5 }).waitSync(it),
    "Event.wait()": (it) => event.wait(it),
    "Event.waitSync()": (it) => event.waitSync(it),
    "Queue.get()": (it) => queue.get(it),
    "Queue.getSync()": (it) => queue.getSync(it),
    "Queue.put()": (it) => queue.put(1, it),
    "Queue.putSync()": (it) => queue.putSync(1, it),
    "SimpleQueue.get()": (it) => simple.get(it),
    "SimpleQueue.getSync()": (it) => simple.getSync(it),
    "JoinableQueue.join()": (it) => jobs.join(it),
    "JoinableQueue.joinSync()": (it) => jobs.joinSync(it),
    "PriorityQueue.put()": (it) => priority.put(1, it),
    "PriorityQueue.putSync()": (it) => priority.putSync(1, it),
    "PriorityQueue.tryPut()": (it) => priority.tryPut(1, it),
    "Connection.recv()": (it) => here.recv(it),
    "Connection.recvSync()": (it) => here.recvSync(it),
    "Connection.recvBytes()": (it) => here.recvBytes(it),
    "Connection.recvBytesSync()": (it) => here.recvBytesSync(it),
    "Connection.recvBytesInto()": (it) => here.recvBytesInto(new Uint8Array(9), it),
    "Connection.recvBytesIntoSync()": (it) => here.recvBytesIntoSync(new Uint8Array(9), it),
    "Connection.poll()": (it) => here.poll(it),
    "Connection.pollSync()": (it) => here.pollSync(it),
    "Listener.accept()": (it) => listener.accept(it),
    "Process.join()": (it) => process.join(it),
    "Process.joinSync()": (it) => process.joinSync(it),
    "Thread.join()": (it) => thread.join(it),
    "Thread.joinSync()": (it) => thread.joinSync(it),
    "Future.result()": (it) => future.result(it),
    "waitFutures()": (it) => mp.wait([future], it),
    "asCompleted()": (it) => mp.asCompleted([future], it),
    "wait()": (it) => mp.waitAny([event], it),
    "waitSync()": (it) => mp.waitAnySync([event], it),
    "mutex()": (it) => mp.mutex(lock, () => {}, it),
    "synchronized()": (it) => mp.synchronized(lock, it),
    "sleep()": (it) => mp.sleep(1, it),
  };
  for (const [name, call] of Object.entries(calls)) {
    // deno-lint-ignore require-await -- so that what is thrown at the call is a rejection
    const { message } = await assertRejects(async () => call({ time_out: 1 }), TypeError);
    assertStringIncludes(message, "there is no option time_out. There ", name);
  }

  condition.release();
  event.set();
  await thread.join();
  process.terminate();
  await process.join();
});

test("waits that have more options take them", async () => {
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

test("options of other calls that do not exist are refused", async () => {
  const array = nd.zeros([3]);
  const calls: Record<string, (options: Loose) => unknown> = {
    "Pipe()": (it) => mp.Pipe(it),
    "Barrier()": (it) => new mp.Barrier(1, it),
    "Value()": (it) => new mp.Value("int32", 0, it),
    "Value.copy()": (it) => new mp.Value("int32").copy(it),
    "Array()": (it) => new mp.SharedArray("int32", 1, it),
    "SharedMemory()": (it) => new mp.SharedMemory(it),
    "ShareableList()": (it) => new mp.ShareableList([1], it),
    "Finalize()": (it) => new mp.Finalize({}, () => {}, it),
    "setStartMethod()": (it) => mp.setStartMethod("spawn", it),
    "BaseManager.register()": (it) => class extends mp.BaseManager {}.register("x", Map, it),
    "Queue.shutdown()": (it) => new mp.Queue().shutdown(it),
    "Connection.sendBytes()": (it) => mp.Pipe()[0].sendBytes(new Uint8Array(1), it),
    "SeedSequence()": (it) => new SeedSequence(1, it),
    "ndarray random()": (it) => nd.random([2], it),
    "ndarray randomSync()": (it) => nd.randomSync([2], it),
    "ndarray sum()": (it) => nd.sum(array, it),
    "ndarray maxSync()": (it) => nd.maxSync(array, it),
    "ndarray vectorize()": (it) => nd.vectorize((x: number) => x, it),
    "ndarray linspace()": (it) => nd.linspace(0, 1, 3, it),
    "ndarray allClose()": (it) => nd.allClose(array, array, it),
  };
  for (const [name, call] of Object.entries(calls)) {
    // deno-lint-ignore require-await -- so that what is thrown at the call is a rejection
    const made = async () => call({ mistaken: 1 });
    const { message } = await assertRejects(made, TypeError);
    assertStringIncludes(message, "there is no option mistaken. There ", name);
    // deno-lint-ignore require-await
    await assertRejects(async () => call(5), TypeError, "options must be an object, such as", name);
  }
});

test("Pipe() and Barrier() say how Python's second way of writing them is written", () => {
  const { Pipe, Barrier } = mp as Loose;
  assertThrows(() => Pipe(false), TypeError, "not false. Write Pipe({ duplex: false })");
  assertThrows(() => new Barrier(2, () => {}), TypeError, "{ action: … }, not a function");
  assertThrows(() => new Barrier(2, undefined, 5), TypeError, "Write { action, timeoutMs }");
});

test("Pool() does not take Python's further arguments for nothing", () => {
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

test("what takes no arguments refuses them", () => {
  for (const Class of [mp.Lock, mp.RLock, mp.Event, mp.SimpleQueue] as Loose[]) {
    for (const [given, shown] of [[5, "5"], [{}, "an object of class Object"], ["x", '"x"']]) {
      const made = () => new Class(given);
      assertThrows(made, TypeError, `it takes no argument, but was given ${shown}`);
    }
  }
});

test("errors show text that was given for a number in quotes", async () => {
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
    // deno-lint-ignore require-await -- so that what is thrown at the call is a rejection
    const { message } = await assertRejects(async () => call(), Error);
    assertStringIncludes(message, '"2"', String(call));
  }
  pool.terminate();
  await pool.join();
});
