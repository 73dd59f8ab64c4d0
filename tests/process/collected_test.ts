/**
 * Objects that processes, pools and queues release are garbage-collected while these still run.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runWithMp } from "../fixtures/programs.ts";

const collected = `
  /** Returns whether the unreferenced object is collected. */
  async function isCollected(ref: WeakRef<object>): Promise<boolean> {
    for (let times = 0; times < 50 && ref.deref() !== undefined; times++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      (globalThis as unknown as { gc(): void }).gc();
    }
    return ref.deref() === undefined;
  }
`;

/** Defines a test of a program that prints these lines. */
function prints(name: string, program: string, lines: string[]): void {
  Deno.test(name, async () => {
    const outcome = await runWithMp(collected + program);
    assertEquals(outcome, {
      code: 0,
      stdout: lines.map((line) => line + "\n").join(""),
      stderr: "",
    });
  });
}

prints(
  "a Process that was joined is collected",
  `
    async function ended(join: (process: mp.Process) => unknown) {
      const process = new mp.Process({ target: () => {} });
      process.start();
      await join(process);
      return new WeakRef(process);
    }
    console.log(await isCollected(await ended((process) => process.join())));
    console.log(await isCollected(await ended((process) => process.joinSync())));
  `,
  ["true", "true"],
);

// CPython TestProcess.test_lose_target_ref
prints(
  "Process.start() releases target and arguments",
  `
    function start(go: mp.Event) {
      const argument = { text: "held" };
      const target = (_: unknown, go: mp.Event) => void go.waitSync();
      const process = new mp.Process({ target, args: [argument, go] });
      const refs = [new WeakRef(argument), new WeakRef(target)];
      const before = refs.map((ref) => ref.deref() !== undefined);
      process.start();
      return { process, refs, before };
    }
    const go = new mp.Event();
    const { process, refs, before } = start(go);
    console.log(...before, await isCollected(refs[0]), await isCollected(refs[1]), process.isAlive());
    go.set();
    await process.join();
    console.log(process.exitCode);
  `,
  ["true true true true true", "0"],
);

// CPython TestProcess.test_close
prints(
  "Process is collected after close(), after join(), or unused after its end",
  `
    async function end(how: string) {
      const process = new mp.Process({ target: () => {} });
      process.start();
      if (how !== "forgotten") await process.join();
      if (how === "closed") process.close();
      return [new WeakRef(process), process.name] as const;
    }
    for (const how of ["closed", "joined", "forgotten"]) {
      const [ref, name] = await end(how);
      while (mp.activeChildren().length > 0) await mp.sleep(1);
      console.log(how, await isCollected(ref));
    }
  `,
  ["closed true", "joined true", "forgotten true"],
);

// CPython TestPool.test_release_task_refs
prints(
  "Pool releases arguments, results, callbacks and errors of completed calls",
  `
    async function call(pool: mp.Pool) {
      const [argument, item] = [{ n: 1 }, { n: 2 }];
      const held: Record<string, object> = { argument, item };
      held.callback = () => {};
      const options = { callback: held.callback as () => void };
      held.asyncResult = pool.applyAsync((x: object) => ({ ...x }), [argument], options);
      held.result = await (held.asyncResult as mp.AsyncResult<object>).get();
      [held.mapped] = await pool.map((x: object) => ({ ...x }), [item]);
      held.error = await pool.apply(() => { throw new Error("expected"); }).catch((error) => error);
      return Object.entries(held).map(([name, it]) => [name, new WeakRef(it)] as const);
    }
    await using pool = new mp.Pool(1);
    for (const [name, ref] of await call(pool)) console.log(name, await isCollected(ref));
    console.log(await pool.apply(Math.sqrt, [9]));
  `,
  [
    ...["argument", "item", "callback", "asyncResult", "result", "mapped", "error"].map((name) =>
      `${name} true`
    ),
    "3",
  ],
);

// CPython TestManagerExceptions.test_queue_get
prints(
  "Queue.getSync() and get() release the Empty that they threw",
  `
    const queue = new mp.Queue();
    async function find(get: () => unknown) {
      try {
        await get();
      } catch (error) {
        return new WeakRef(error as object);
      }
    }
    const options = { timeoutMs: 1 };
    for (const get of [() => queue.getSync(options), () => queue.get(options)]) {
      const ref = await find(get);
      console.log((ref!.deref() as Error).name, await isCollected(ref!));
    }
  `,
  ["Empty true", "Empty true"],
);

// CPython TestHeap.test_free_from_gc
prints(
  "Shared objects are freed when collected, while workers make and free others",
  `
    const makeMany = mp.task(import.meta, (go: mp.Event, stop: mp.Event) => {
      go.set();
      let made = 0;
      for (; !stop.isSet() || made < 100; made++) {
        new mp.SharedMap().set("key", "x".repeat(made % 1000));
        new mp.Queue<string>().putSync("y".repeat(made % 1000));
        if (made % 50 === 0) (globalThis as unknown as { gc(): void }).gc();
      }
    });
    if (import.meta.main) {
      const [go, stop] = [new mp.Event(), new mp.Event()];
      const processes = [0, 1].map(() => new mp.Process({ target: makeMany, args: [go, stop] }));
      for (const process of processes) process.start();
      await go.wait();
      for (let round = 0; round < 20; round++) {
        for (let at = 0; at < 50; at++) new mp.SharedMap().set("key", [round, at]);
        await isCollected(new WeakRef(new mp.SharedMap()));
      }
      stop.set();
      for (const process of processes) await process.join();
      console.log(...processes.map(({ exitCode }) => exitCode));
    }
  `,
  ["0 0"],
);
