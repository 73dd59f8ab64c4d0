/**
 * What processes of the operating system do with objects of the program in tests.
 *
 * @module
 */
import {
  BaseProxy,
  type BufferTooShort,
  callMethod,
  type Connection,
  Event,
  type Listener,
  Lock,
  Namespace,
  Process,
  type Proxied,
  Queue,
  type RawValue,
  type SharedList,
  type SharedMap,
  task,
  type Value,
  type Waitable,
  waitAny,
  waitAnySync,
  type WaitOptions,
} from "@sauropod/multiprocessing";
import type { Counter, FooBar } from "../fixtures/manager_types.ts";
import { useOf } from "../../lib/agents/remote_uses.ts";
import { tokenOf } from "../../lib/managers/proxy.ts";
import { callRemote, countPendingCalls } from "../../lib/agents/remote_calls.ts";
import { countParkedPromises } from "../../lib/parking/wait.ts";

/** Returns what a call throws, in one line. */
async function thrown(call: () => unknown): Promise<string> {
  try {
    await call();
    return "nothing";
  } catch (error) {
    return `${(error as Error).name} ${(error as Error).message}`;
  }
}

/** Receives into buffers, good and bad. */
export const receiveInto = task(import.meta, async (end: Connection, blocking: boolean) => {
  const into: (...args: Parameters<Connection["recvBytesInto"]>) => unknown = blocking
    ? (...args) => end.recvBytesIntoSync(...args)
    : (...args) => end.recvBytesInto(...args);
  const [bytes, words] = [new Uint8Array(6), new Uint16Array(1)];
  const received = [
    [await into(bytes, { offset: 2 }), [...bytes]],
    [await into(words), [...new Uint8Array(words.buffer)]],
  ];
  const tooShort = await Promise.try(() => into(new ArrayBuffer(5), { offset: 2 })).catch((error) =>
    error
  ) as BufferTooShort;
  return [
    received,
    `${tooShort.name} ${tooShort.message}`,
    [...tooShort.bytes],
    await into(new ArrayBuffer(0)),
    await thrown(() => into(bytes)),
    end.recvSync(),
    await thrown(() => into(new ArrayBuffer(2), { offset: 3 })),
    await thrown(() => into(5 as unknown as ArrayBuffer)),
    await thrown(() => into(bytes, { timeoutMs: 1 })),
  ];
});

/** Does with a namespace what can be done. */
export const useNamespace = task(import.meta, async (n: Namespace) => {
  const read = [n.a, n.list, n.none, n._own, "gone" in n, "none" in n];
  n.a = 2;
  n.nothing = undefined;
  n._own = "of the process";
  delete n.gone;
  Object.defineProperty(n, "b", { value: { c: [3] } });
  const error = await thrown(() => n.bad = Symbol("s"));
  return {
    read,
    keys: Object.keys(n),
    spread: { ...n },
    own: n._own,
    shown: String(n),
    inspected: Deno.inspect(n, { colors: false }).startsWith("Namespace("),
    error: error.split(" ")[0],
  };
});

/** Counts ten. */
export const count = task(import.meta, (n: Namespace<{ count: number }>) => {
  for (let times = 0; times < 10; times++) Namespace.update(n, "count", (x) => x + 1);
});

type Wait = <T extends Waitable>(objects: Iterable<T>, options?: WaitOptions) => Promise<T[]>;

/** Waits for what another isolate makes ready, and says what was. */
export const waitForSeveral = task(
  import.meta,
  async (
    [first, second]: readonly Queue<number>[],
    event: Event,
    end: Connection<number>,
    out: Queue<unknown>,
    blocking: boolean,
  ) => {
    const own = new Queue<number>();
    const names = new Map<Waitable, string>([
      [first, "first"],
      [second, "second"],
      [event, "event"],
      [end, "end"],
      [own, "own"],
    ]);
    const wait: Wait = blocking
      ? (objects, options) => Promise.try(() => waitAnySync(objects, options))
      : waitAny;
    const ready = async (objects: Waitable[], options?: WaitOptions) =>
      (await wait(objects, options)).map((object) => names.get(object));
    const remote = [event, first, second, end];
    await out.put({
      polled: await ready([...remote, own], { timeoutMs: 0 }),
      timedOut: await ready([own, ...remote], { timeoutMs: 20 }),
    });
    await out.put([await ready([first, second]), second.getSync()]);
    await out.put([await ready([own, event, first]), [await first.get()]]);
    event.clear();
    await out.put([await ready([first, own, end]), await end.recv()]);
    own.putSync(1);
    const alone = await ready([first, own, event]);
    first.putSync(1);
    await out.put({ own: alone, both: await ready([own, first, event]) });
    own.getSync();
    first.getSync();
    await out.put([
      await ready([own, second, first]),
      (await thrown(() => first.get())).split(" ")[0],
    ]);
    const lock = new Lock() as unknown as Event;
    const wrong = await thrown(() => wait([event, lock]));
    end.close();
    await out.put([wrong, await thrown(() => wait([event, own, end]))]);
  },
);

/** Waits until it has had enough. */
export const abortWait = task(import.meta, async (queue: Queue<number>, event: Event) => {
  const reasons: unknown[] = [];
  for (const objects of [[queue, event], [new Event(), queue]]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 20);
    await waitAny(objects, controller).catch((reason) => reasons.push(reason));
  }
  const signal = AbortSignal.abort("at once");
  await waitAny([queue], { signal }).catch((reason) => reasons.push(reason));
  return reasons;
});

/** Returns which is ready. */
export const waitForBoth = task(import.meta, async (queue: Queue<number>, event: Event) => {
  const ready: Waitable[] = await waitAny([queue, event]);
  return [ready.includes(queue), ready.includes(event)];
});

/** Waits in all manners, and then says what is left of it. */
export const waitOften = task(
  import.meta,
  async (queues: readonly Queue<number>[], go: Event, out: Queue<unknown>) => {
    const own = new Event();
    const waits = [
      () => waitAny(queues),
      () => waitAnySync(queues),
      () => waitAny([own, ...queues]),
      () => waitAnySync([own, ...queues]),
    ];
    for (const wait of waits) {
      await out.put("waits");
      const ready = await wait();
      await out.put(await Promise.all(ready.map((queue) => (queue as Queue<number>).get())));
    }
    waitAnySync([own, ...queues], { timeoutMs: 5 });
    await waitAny([own, ...queues], { timeoutMs: 5 });
    // The agent answers each call that was aborted.
    while (countPendingCalls() + countParkedPromises() > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await out.put("nothing is left");
    await go.wait();
  },
);

/** Accepts two connections, one when it is there. */
export const accept = task(
  import.meta,
  async (listener: Listener<string, string>, out: Queue<unknown>) => {
    const late = await thrown(() => listener.accept({ timeoutMs: 1 }));
    const ready = await waitAny([listener], { timeoutMs: 0 });
    await out.put([listener.name, listener.closed, late.split(" ")[0], ready]);
    {
      using first = await listener.accept();
      await first.send(`${await first.recv()}!`);
    }
    if ((await waitAny([listener]))[0] !== listener) throw new Error("not ready");
    using second = listener.acceptSync();
    second.sendSync(`${second.recvSync()}!`);
    listener.close();
  },
);

/** Computes new contents of objects, by functions that use variables of this process. */
export const update = task(
  import.meta,
  async (
    map: SharedMap<string, unknown>,
    list: SharedList<unknown>,
    value: Value<"i">,
    raw: RawValue<"d">,
    n: Namespace<Record<string, unknown>>,
  ) => {
    const ten = 10;
    const add = (x: unknown) => ((x ?? 0) as number) + ten;
    const fail = () => {
      throw new Error("of the function");
    };
    return {
      results: [
        map.update("x", add),
        map.update("y", add),
        map.update("list", (x) => [...x as number[], ten]),
        list.update(0, (x) => (x as number) * ten),
        list.sort((a, b) => (a as number) - (b as number)) === list,
        value.update(add),
        raw.update(add),
        Namespace.update(n, "x", add),
      ],
      errors: [
        await thrown(() => map.update("x", () => undefined)),
        await thrown(() => map.update("x", () => Promise.resolve(1))),
        await thrown(() => map.update("x", fail)),
        await thrown(() => map.update("x", () => Symbol("s"))),
        await thrown(() => list.update(9, add)),
        await thrown(() => list.update(0, 5 as never)),
        await thrown(() => list.sort(() => Promise.resolve(1) as never)),
        (await thrown(() => value.update(() => 2 ** 40))).split(" ")[0],
      ],
      natural: list.sort().copy(),
    };
  },
);

/** Counts ten in a map and in a list. */
export const countBoth = task(
  import.meta,
  ([map, list]: readonly [SharedMap<string, number[]>, SharedList<number>]) => {
    for (let times = 0; times < 10; times++) {
      map.update("x", ([x] = [0]) => [x + 1]);
      list.update(0, (x) => x + 1);
    }
  },
);

/** Asks the agent to call functions, and to store what nobody has read. */
export const misuseRevisions = task(import.meta, async (list: SharedList<number>) => {
  const use = useOf(list, "call", "", []);
  const ask = (name: string, ...args: unknown[]) =>
    thrown(() => callRemote({ ...use, name, args }));
  const sorting = async (order: unknown) => {
    const [number] = await callRemote({ ...use, name: "[read]", args: ["sort"] }) as [number];
    return ask("[store]", number, order);
  };
  return [
    await ask("update", 0, Math.abs),
    await ask("sort", Math.atan2),
    await ask("[read]", "append"),
    await ask("[read]", ["sort"]),
    await ask("[store]", 12345, []),
    await ask("[store]", "1", []),
    await sorting([0, 0, 1]),
    await sorting([0, 1, 2, 2]),
    await sorting(5),
    await sorting([0, 1, "length"]),
  ];
});

/** Calls methods of objects of a manager. */
export const useProxies = task(
  import.meta,
  async (foo: Proxied<FooBar>, counter: Proxied<Counter>) => {
    const called = [await foo.f(), await counter.add(2), await counter.echo("text")];
    const down = await Array.fromAsync(await counter.down());
    const left = await counter.down();
    return {
      called,
      shown: String(counter),
      isProxy: counter instanceof BaseProxy,
      down,
      left: [(await left.next()).value, (await left.return!()).done],
      errors: [
        await thrown(() => foo.g()),
        await thrown(() => callMethod(foo, "missing")),
        await thrown(() => callMethod(foo, "_h")),
        await thrown(() => counter.get()),
      ],
    };
  },
);

/** Calls methods that do not return. */
export const failingCalls = task(
  import.meta,
  async (counter: Proxied<Counter>, begun: Event) => [
    await thrown(() => counter.block(begun)),
    await thrown(() => counter.add()),
  ],
);

/** Has proxies, and ends. */
export const hold = task(import.meta, (all: readonly unknown[], out: Queue<number>) => {
  out.putSync(all.length);
});

/** Has proxies until it is killed. */
export const holdForEver = task(import.meta, (all: readonly unknown[], out: Queue<number>) => {
  out.putSync(all.length);
  for (;;);
});

/** Asks the agent for what a program of this package does not ask for. */
export const misuse = task(import.meta, async (foo: Proxied<FooBar>) => {
  const token = tokenOf(foo);
  const use = useOf(token, "wait", "call", ["f", []]);
  const ask = (more: object) => thrown(() => callRemote({ ...use, ...more }));
  return [
    await ask({ args: ["_h", []] }),
    await ask({ args: ["constructor", []] }),
    await ask({ args: [5, []] }),
    await ask({ args: ["f", "args"] }),
    await ask({ name: "requests", access: "get", args: [] }),
    await ask({ name: "constructor" }),
    await ask({ name: ["call"] }),
    await ask({ name: "[waitAny]", args: [[999], 0] }),
    await ask({ name: "[waitAny]", args: [["1"], 0] }),
    await ask({ name: "[waitAny]", args: [5, 0] }),
    await ask({ name: "[waitAny]", args: [[use.object], "0"] }),
    await ask({ object: 999 }),
  ];
});

/** Uses objects of the program, in a process of a process. */
export const useAll = task(
  import.meta,
  async (
    counter: Proxied<Counter>,
    n: Namespace<Record<string, unknown>>,
    map: SharedMap<string, number>,
    [first, second]: readonly Queue<number>[],
    end: Connection,
  ) => {
    await counter.add(3);
    const ready = await waitAny([first, second]);
    n.seen = ready.map((queue) => queue === second ? 1 : 0);
    const ten = 10;
    map.update("x", (x = 0) => x + ten);
    Namespace.update(n, "x", (x) => x as number + 1);
    const bytes = new Uint8Array(4);
    first.putSync(await end.recvBytesInto(bytes));
  },
);

/** Starts a process of a process. */
export const nest = task(
  import.meta,
  async (...args: Parameters<typeof useAll>) => {
    const process = new Process({ target: useAll, args, startMethod: "process" });
    process.start();
    await process.join();
    if (process.exitCode !== 0) throw process.error;
  },
);

/** Returns which of the things that are read of a container are frozen. */
export const frozenParts = task(
  import.meta,
  (map: SharedMap<string, unknown>, list: SharedList<unknown>, n: Namespace<{ x: unknown }>) => {
    const read: unknown[] = [
      ...[map.get("x"), map.setdefault("x", 0), [...map.values()], [...map.entries()], [...map]],
      ...[list.at(0), list.get(0), list.slice(), [...list], n.x, { ...n }],
      ...[map.copy(), list.copy(), list.pop(), map.pop("x")],
    ];
    const parts = (value: unknown): boolean[] => [
      Object.isFrozen(value),
      ...Array.isArray(value) ? value.flatMap(parts) : [],
    ];
    return read.map(parts);
  },
);

/** Aborts calls that fail for another reason. Returns what they throw. */
export const abortFailing = task(import.meta, async (queue: Queue<number>) => {
  const results: unknown[] = [];
  for (const timeoutMs of ["soon" as never, 1000]) { // the agent refuses the first one
    const controller = new AbortController();
    const call = queue.get({ timeoutMs, signal: controller.signal });
    controller.abort("enough");
    results.push(await call.catch((error) => error instanceof Error ? error.name : error));
  }
  return results;
});

/** Puts items without awaiting, and exits. */
export const putAndExit = task(
  import.meta,
  (queue: Queue<number>, count: number) => {
    for (let x = 0; x < count; x++) void queue.put(x);
    Deno.exit(3);
  },
);
