/**
 * Which waits keep a program alive, and how waits that no isolate can end are reported.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram } from "../fixtures/programs.ts";

const START = `
  import * as mp from "@sauropod/multiprocessing";
  import * as threading from "@sauropod/multiprocessing/threading";
  const queue = new mp.Queue<number>();
  const fails = (queue: mp.Queue<number>) => {
    queue.putSync(1);
    throw new Error("as it was meant to");
  };
  const startAnother = mp.task(import.meta, (queue: mp.Queue<number>) => {
    new mp.Process({ target: (queue) => queue.putSync(1), args: [queue] }).start();
  });
`;

/** Programs that print "done" at their end. */
const ended: Record<string, string> = {
  "by a timer of this isolate": `
    const event = new mp.Event();
    setTimeout(() => event.set(), 50);
    await event.wait();
  `,
  "by another promise": `
    const both = [queue.get(), queue.get()];
    await new Promise((resolve) => setTimeout(resolve, 1));
    await queue.put(1);
    queue.putSync(2);
    await Promise.all(both);
  `,
  "by a microtask": `
    const lock = new mp.Lock();
    const guard = await lock.acquire();
    queueMicrotask(() => guard.release());
    await lock.acquire();
  `,
  "by a signal, whose timer does not keep a program alive": `
    await queue.get({ signal: AbortSignal.timeout(50) }).catch(() => {});
  `,
  "by its time-out": `
    await queue.get({ timeoutMs: 50 }).catch(() => {});
  `,
  "by a worker that ends": `
    const produce = async (queue: mp.Queue<number>) => {
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        queue.putSync(i);
      }
    };
    new mp.Process({ target: produce, args: [queue] }).start();
    await queue.get();
    await queue.get();
    queue.getSync();
  `,
  "by a worker that starts meanwhile": `
    const got = queue.get();
    await Promise.resolve();
    new mp.Process({ target: (queue) => queue.putSync(1), args: [queue] }).start();
    await got;
  `,
  "by room for a put that is queued behind the put of a daemon thread": `
    const full = new mp.Queue<number>(1);
    full.putSync(1);
    const drain = async (queue: mp.Queue<number>, go: mp.Event) => {
      go.waitSync();
      for (let i = 0; i < 3; i++) await queue.get();
    };
    const go = new mp.Event();
    new mp.Process({ target: drain, args: [full, go], daemon: true }).start();
    new threading.Thread({ target: () => full.put(2), daemon: true }).start();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const put = full.put(3);
    go.set();
    await put;
  `,
  "by a process that a process started": `
    new mp.Process({ target: startAnother, args: [queue] }).start();
    await queue.get();
  `,
};

for (const [how, program] of Object.entries(ended)) {
  Deno.test(`a wait keeps the program alive until it is ended ${how}`, async () => {
    const whole = `${START} if (import.meta.main) { ${program} console.log("done"); }`;
    assertEquals(await runProgram(whole), { code: 0, stdout: "done\n", stderr: "" });
  });
}

const endless: Record<string, string> = {
  "an empty queue": `await queue.get();`,
  "a lock that this isolate owns":
    `const lock = new mp.Lock(); await lock.acquire(); await lock.acquire();`,
  "a queue whose producer died":
    `new mp.Process({ target: fails, args: [queue] }).start(); for await (const _ of queue);`,
  "an empty queue, after the wait of a daemon thread has ended": `
    const go = new mp.Event();
    new threading.Thread({ target: () => go.wait(), daemon: true }).start();
    const item = queue.get();
    await new Promise((resolve) => setTimeout(resolve, 1));
    go.set();
    await item;
  `,
  "a queue after its producer ended": `
    const process = new mp.Process({ target: fails, args: [queue] });
    process.start();
    await process.join();
    await queue.get();
    await queue.get();
  `,
};

for (const [what, program] of Object.entries(endless)) {
  Deno.test(`a promise for ${what} that no isolate can end does not keep the program alive`, async () => {
    const { code, stderr } = await runProgram(`${START} if (import.meta.main) { ${program} }`);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Top-level await promise never resolved");
  });
}

const blocking: Record<string, string> = {
  "an empty queue": `queue.getSync();`,
  "a full queue": `const full = new mp.Queue<number>(1); full.putSync(1); full.putSync(2);`,
  "an event": `new mp.Event().waitSync();`,
  "one of two objects": `mp.waitAnySync([queue, new mp.Event()]);`,
  "a queue whose producer dies meanwhile": `
    new mp.Process({ target: fails, args: [queue] }).start();
    queue.getSync();
    queue.getSync();
  `,
};

for (const [what, program] of Object.entries(blocking)) {
  Deno.test(`a blocking wait for ${what} throws DeadlockError when no worker lives`, async () => {
    const { code, stderr } = await runProgram(START + program);
    assertEquals(code, 1);
    // If a worker ends meanwhile, it may be found first that it has no longer what the call waits for.
    assertMatch(stderr, /DeadlockError: Cannot block: no other worker (lives|has)/);
  });
}

const unshared: Record<string, string> = {
  "an empty queue": `new mp.Queue().getSync();`,
  "a full queue": `const full = new mp.Queue<number>(1); full.putSync(1); full.putSync(2);`,
  "a queue of unfinished tasks": `
    const queue = new mp.JoinableQueue<number>();
    queue.putSync(1);
    queue.joinSync();
  `,
  "a simple queue": `new mp.SimpleQueue().getSync();`,
  "a semaphore": `new mp.Semaphore(0).acquireSync();`,
  "a barrier": `new mp.Barrier(2).waitSync();`,
  "a pipe": `const [here, _there] = mp.Pipe(); here.recvSync();`,
  "bytes of a pipe": `const [here, _there] = mp.Pipe(); here.recvBytesSync();`,
  "a message that is polled": `
    const [here, _there] = mp.Pipe();
    here.pollSync({ timeoutMs: Infinity });
  `,
  "a client of a pipe in this isolate": `
    const listener = new mp.Listener();
    const _client = mp.Client(listener.name);
    listener.acceptSync().recvSync();
  `,
  "one of several objects": `
    const [here, _there] = mp.Pipe();
    mp.waitAnySync([here, new mp.Queue(), new mp.SimpleQueue()]);
  `,
  "a condition": `
    const condition = new mp.Condition();
    condition.acquireSync();
    condition.waitSync();
  `,
};

for (const [what, program] of Object.entries(unshared)) {
  Deno.test(`a blocking wait for ${what} that no worker has throws DeadlockError, although one lives`, async () => {
    const { code, stderr } = await runProgram(`
      import * as mp from "@sauropod/multiprocessing";
      const pool = new mp.Pool(1);
      await pool.apply(Math.sqrt, [4]);
      ${program}
    `);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "DeadlockError: Cannot block: no other worker has");
  });
}

const peers: Record<string, [make: string, wait: string]> = {
  "an empty queue": [`new mp.Queue<number>()`, `it.getSync()`],
  "a simple queue": [`new mp.SimpleQueue<number>()`, `it.getSync()`],
  "an event": [`new mp.Event()`, `it.waitSync()`],
  "a counter": [`new mp.Semaphore(0)`, `it.acquireSync()`],
  "one of two objects": [`new mp.Queue<number>()`, `mp.waitAnySync([new mp.SimpleQueue(), it])`],
};

for (const [what, [make, wait]] of Object.entries(peers)) {
  Deno.test(`a blocking wait for ${what} throws DeadlockError when the last worker that has it ends, although another lives`, async () => {
    const { code, stderr } = await runProgram(`
      import * as mp from "@sauropod/multiprocessing";
      const pool = new mp.Pool(1);
      await pool.apply(Math.sqrt, [4]);
      const it = ${make};
      const [go, ready] = [new mp.Event(), new mp.Event()];
      const process = new mp.Process({
        target: (it: unknown, go: mp.Event, ready: mp.Event) => {
          ready.set();
          go.waitSync();
        },
        args: [it, go, ready],
      });
      process.start();
      ready.waitSync();
      go.set();
      ${wait};
    `);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "DeadlockError: Cannot block: no other worker has");
  });
}

Deno.test("a blocking wait for an item of a worker that ends gets the item", async () => {
  const { stdout, stderr } = await runProgram(`
    import * as mp from "@sauropod/multiprocessing";
    const pool = new mp.Pool(1);
    await pool.apply(Math.sqrt, [4]);
    const queue = new mp.Queue<number>();
    const put = (queue: mp.Queue<number>, n: number) => queue.putSync(n);
    for (let n = 0; n < 20; n++) {
      new mp.Process({ target: put, args: [queue, n] }).start();
      console.log(queue.getSync());
    }
  `);
  assertEquals(stdout, Array.from({ length: 20 }, (_, n) => `${n}\n`).join(""), stderr);
});
