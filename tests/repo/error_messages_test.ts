/**
 * The errors of bad arguments, each as a whole. Their texts are in `__snapshots__`, to be read in one
 * place; CONTRIBUTING.md says how to update them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { assertSnapshot } from "@std/testing/snapshot";
import * as random from "@sauropod/multiprocessing/random";
import * as nd from "@sauropod/multiprocessing/ndarray";
import * as shelves from "../fixtures/all_shelves.ts";
import { test } from "../fixtures/guarded.ts";

// deno-lint-ignore no-explicit-any -- for arguments that the types reject
type Loose = any;
const mp: Loose = shelves;
const ndarray: Loose = nd;
const { Random, SeedSequence }: Loose = random;
const array = nd.zeros([3]);

/** Time limit of a call, which should throw at once, in milliseconds. */
const LIMIT_MS = 2_000;

/** Returns what each call throws, by the text of the call. */
async function errorsOf(calls: readonly (() => unknown)[]): Promise<Record<string, string>> {
  const errors: Record<string, string> = {};
  const unexpected: string[] = [];
  for (const call of calls) {
    const text = String(call).replace(/^\(\)\s*=>\s*/, "").replaceAll(/\s+/g, " ");
    try {
      await deadline(Promise.resolve(call()), LIMIT_MS);
      unexpected.push(text);
    } catch (error) {
      const { name, message } = error as Error;
      errors[text] = `${name}: ${message}`;
    }
  }
  assertEquals(unexpected, [], "calls that throw nothing");
  return errors;
}

/** Defines a test that compares the errors of calls with its snapshot. */
function testErrors(subject: string, calls: readonly (() => unknown)[]): void {
  test(`errors of ${subject} name the call, the reason and what to write`, async (t) => {
    await assertSnapshot(t, await errorsOf(calls));
  });
}

testErrors("locks and semaphores", [
  () => new mp.Lock(5),
  () => new mp.Lock().acquire(5),
  () => new mp.Lock().acquire({ timeout: 5 }),
  () => new mp.Lock().acquire({ timeoutMs: "5" }),
  () => new mp.Lock().acquire({ signal: new AbortController() }),
  () => new mp.Lock().release(),
  () => new mp.RLock().release(),
  () => new mp.RLock().acquire({ owner: 1 }),
  () => new mp.Semaphore(-1),
  () => new mp.Semaphore("2"),
  () => new mp.Semaphore().release(0),
  () => new mp.BoundedSemaphore(1).release(),
  () => mp.mutex(5, () => {}),
  () => mp.mutex(new mp.Lock(), 5),
]);

testErrors("conditions, events and barriers", [
  () => new mp.Condition(5),
  () => new mp.Condition().wait(),
  () => new mp.Condition().notify(1.5),
  () => new mp.Condition().waitFor(true),
  () => new mp.Event(true),
  () => new mp.Event().wait(10),
  () => new mp.Barrier(0),
  () => new mp.Barrier(2, () => {}),
  () => new mp.Barrier(2, { action: 5 }),
  () => new mp.Barrier(2).wait({ timeoutMs: 0 }),
  () => mp.sleep("5"),
]);

testErrors("queues and pipes", [
  () => new mp.Queue(-1.5),
  () => new mp.Queue("10"),
  () => new mp.Queue().get({ block: false }),
  () => new mp.Queue().get({ timeoutMs: 0 }),
  () => new mp.Queue().put(() => Symbol(), { timeoutMs: NaN }),
  () => new mp.Queue().put(Symbol("x")),
  () => new mp.PriorityQueue().put(1, { priority: "high" }),
  () => new mp.JoinableQueue().taskDone(),
  () => new mp.SimpleQueue(3),
  () => mp.Pipe(false),
  () => mp.Pipe()[0].sendBytes("text"),
  () => mp.Pipe()[0].recvBytes({ maxLength: -1 }),
  () => mp.Pipe()[0].recvBytesInto("buffer"),
  () => mp.waitAny([5]),
]);

testErrors("shared values and containers", [
  () => new mp.Value("integer"),
  () => new mp.Value("i", "5"),
  () => new mp.Value("i", 2 ** 40),
  () => new mp.Value("i", 0, { locked: false }),
  () => new mp.SharedArray("d", -1),
  () => new mp.SharedArray("d", "3"),
  () => new mp.SharedArray("B", [1, 300]),
  () => new mp.RawArray("d", [1, "2"]),
  () => new mp.SharedMemory({ create: true }),
  () => new mp.SharedMemory({ create: true, size: -1 }),
  () => new mp.SharedMemory({ name: "missing" }),
  () => new mp.ShareableList(5),
  () => new mp.SharedList(5),
  () => new mp.SharedList([1]).get(1),
  () => new mp.SharedList([1]).get("0"),
  () => new mp.SharedList([]).pop(),
  () => new mp.SharedMap({ a: 1 }).pop("b"),
  () => new mp.SharedMap(5),
]);

testErrors("processes and pools", [
  () => new mp.Process(() => {}),
  () => new mp.Process({ target: 5 }),
  () => new mp.Process({ target: () => {}, args: 5 }),
  () => new mp.Process({ target: () => {}, kwargs: {} }),
  () => new mp.Process({ target: () => {}, name: "p" }).join(),
  () => new mp.Process({ target: () => {}, name: "p" }).terminate(),
  () => mp.task(import.meta, 5),
  () => mp.task("url", () => {}),
  () => new mp.Pool(0),
  () => new mp.Pool("2"),
  () => new mp.Pool(2, () => {}),
  () => new mp.Pool({ process: 2 }),
  () => new mp.Pool({ maxTasksPerChild: 0 }),
  () => new mp.ThreadPool({ initializer: 5 }),
  () => mp.setStartMethod("fork"),
  () => mp.getContext("fork"),
  () => new mp.Finalize({}, 5),
  () => mp.registerReducer(5),
]);

testErrors("threads, futures and executors", [
  () => new mp.Thread(() => {}),
  () => new mp.Thread({ target: 5 }),
  () => new mp.Thread({ target: () => {}, name: "t" }).join(),
  () => new mp.Timer("5", () => {}),
  () => new mp.Timer(5, 5),
  () => mp.setExcepthook(5),
  () => new mp.ProcessPoolExecutor("2"),
  () => new mp.ThreadPoolExecutor({ maxWorkers: 0 }),
  () => new mp.Future().result({ timeoutMs: 0 }),
  () => new mp.Future().resultSync(),
  () => mp.wait([5]),
  () => mp.asCompleted(5),
]);

testErrors("loops, joblib and sharedmem", [
  () => mp.parallelFor("5", () => {}),
  () => mp.parallelFor(5, "body"),
  () => mp.parallelFor(5, () => {}, { chunkSize: 0 }),
  () => mp.parallelFor(5, () => {}, { chunk: 5 }),
  () => mp.prange(0, 10, 0),
  () => mp.setNumThreads(1.5),
  () => mp.distribute(1.5, 2),
  () => mp.Parallel({ nJobs: 0 }),
  () => mp.Parallel({ batchSize: "2" }),
  () => mp.Parallel({ returnAs: "array" }),
  () => mp.Parallel({ preDispatch: true }),
  () => mp.Parallel({ timeoutMs: NaN }),
  () => mp.Parallel({ timeoutMs: 0 }),
  () => mp.Parallel({ verbose: -1 }),
  () => mp.Parallel({ signal: 5 }),
  () => mp.Parallel({ nJobs: 1 })([5]),
  () => mp.Parallel({ nJobs: 1 })(5),
  () => mp.delayed(5),
  () => new mp.MapReduce({ np: -1 }),
  () => new mp.MapReduce().map("work", []),
  () => new mp.MapReduce().map(() => {}, 5),
  () => new mp.MapReduce().map(() => {}, [], { context: 5 }),
  () => new mp.MapReduce().map(() => {}, [], { minLength: NaN }),
]);

testErrors("arrays and random numbers", [
  () => ndarray.zeros(4),
  () => ndarray.zeros([2, -1]),
  () => ndarray.zeros([2], "complex64"),
  () => ndarray.fromArray([1, 2, 3], [2, 2]),
  () => ndarray.linspace(0, 1, 1.5),
  () => ndarray.split(array, [2, 1.5]),
  () => ndarray.sum(array, { axes: 0 }),
  () => ndarray.vectorize(5),
  () => new SeedSequence("seed"),
  () => new SeedSequence(1).spawn(-1),
  () => new Random(1).integer(0),
]);
