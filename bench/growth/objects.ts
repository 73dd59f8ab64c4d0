/**
 * Curves of shared objects: how much is in one, how many wait for one, and how many there are.
 *
 * @module
 */

import { Lock, Queue, SharedList, SharedMap } from "@sauropod/multiprocessing";
import { type Curve, type Patience, tens, timeOf, timeOfNow } from "./curve.ts";

/** How many operations are timed together, while other objects are alive. */
const OPERATIONS = 1000;
const NS_PER_US = 1000;

/** The curves of shared objects. */
export const OBJECT_CURVES: readonly Curve[] = [
  {
    id: "queue",
    title: "`Queue`: all in, then all out",
    unit: "ns",
    plot: "containers",
    sizes: tens(1, 6),
    measure: perItem((size) => {
      const queue = new Queue<number>();
      return () => {
        for (let item = 0; item < size; item++) queue.putSync(item);
        for (let item = 0; item < size; item++) queue.getSync();
      };
    }),
  },
  {
    id: "map_set",
    title: "`SharedMap`: a new key",
    unit: "ns",
    plot: "containers",
    sizes: tens(1, 6),
    measure: perItem((size) => () => {
      const map = new SharedMap<number, number>();
      for (let key = 0; key < size; key++) map.set(key, key);
      map.clear();
    }),
  },
  {
    id: "map_get",
    title: "`SharedMap`: reading a key",
    unit: "ns",
    plot: "containers",
    sizes: tens(1, 6),
    measure: perItem((size) => {
      const map = new SharedMap<number, number>();
      for (let key = 0; key < size; key++) map.set(key, key);
      return () => {
        for (let key = 0; key < size; key++) map.get(key);
      };
    }),
  },
  {
    id: "list_append",
    title: "`SharedList`: `append` and `pop`",
    unit: "ns",
    plot: "containers",
    sizes: tens(1, 6),
    measure: perItem((size) => {
      const list = new SharedList<number>();
      return () => {
        for (let item = 0; item < size; item++) list.append(item);
        for (let item = 0; item < size; item++) list.pop();
      };
    }),
  },
  {
    id: "list_front",
    title: "`SharedList`: `pop(0)` and `append`",
    unit: "ns",
    plot: "containers",
    sizes: tens(1, 6),
    measure: perOperation((size) => {
      const list = new SharedList<number>(Array(size).fill(1));
      return () => list.append(list.pop(0));
    }),
  },
  {
    id: "waiting_get",
    title: "`get()` of a queue, waiting",
    unit: "µs",
    plot: "waiters",
    sizes: tens(1, 6),
    async measure(size, patience) {
      const queue = new Queue<number>();
      const run = async () => {
        const items = Array.from({ length: size }, () => queue.get());
        for (let item = 0; item < size; item++) queue.putSync(item);
        await Promise.all(items);
      };
      return await timeOf(run, patience) / size;
    },
  },
  {
    id: "waiting_lock",
    title: "`acquire()` of a lock, waiting",
    unit: "µs",
    plot: "waiters",
    sizes: tens(1, 6),
    async measure(size, patience) {
      const lock = new Lock();
      const use = async () => {
        using _held = await lock.acquire();
      };
      const run = async () => {
        const first = await lock.acquire();
        const all = Array.from({ length: size }, use);
        first.release();
        await Promise.all(all);
      };
      return await timeOf(run, patience) / size;
    },
  },
  {
    id: "alive_create",
    title: "making a `Lock`",
    unit: "ns",
    plot: "alive",
    sizes: tens(0, 6),
    measure: besideOthers(() => {
      const made: Lock[] = [];
      return () => {
        for (let at = 0; at < OPERATIONS; at++) made[at] = new Lock();
      };
    }),
  },
  {
    id: "alive_lock",
    title: "acquiring and releasing a `Lock`",
    unit: "ns",
    plot: "alive",
    sizes: tens(0, 6),
    measure: besideOthers(() => {
      const lock = new Lock();
      return () => {
        for (let at = 0; at < OPERATIONS; at++) lock.acquireSync().release();
      };
    }),
  },
  {
    id: "alive_queue",
    title: "an item in and out of a `Queue`",
    unit: "ns",
    plot: "alive",
    sizes: tens(0, 6),
    measure: besideOthers(() => {
      const queue = new Queue<number>();
      return () => {
        for (let at = 0; at < OPERATIONS; at++) {
          queue.putSync(at);
          queue.getSync();
        }
      };
    }),
  },
];

/** Returns a measurement of a run over all items. */
function perItem(prepare: (size: number) => () => void): Curve["measure"] {
  return (size: number, patience: Patience) => {
    timeOfNow(prepare(100), patience); // compiles
    return timeOfNow(prepare(size), patience) / size * NS_PER_US;
  };
}

/** Returns a measurement of one operation on an object of the size. */
function perOperation(prepare: (size: number) => () => void): Curve["measure"] {
  return (size: number, patience: Patience) => timeOfNow(prepare(size), patience) * NS_PER_US;
}

/** Returns a measurement of operations while `size` locks are alive. */
function besideOthers(prepare: () => () => void): Curve["measure"] {
  return (size: number, patience: Patience) => {
    const others = Array.from({ length: size }, () => new Lock());
    const time = timeOfNow(prepare(), patience);
    if (others.some((lock) => lock.locked())) throw new Error("a lock is locked");
    return time / OPERATIONS * NS_PER_US;
  };
}
