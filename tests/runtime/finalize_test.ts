import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { assertSpyCalls, spy } from "@std/testing/mock";
import { Event, Finalize, Pool, Process, Queue, task } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { linesOf, runWithMp } from "../fixtures/programs.ts";
import { ended, guard } from "../fixtures/workers.ts";

test("Finalize.run() calls the callback once, and returns its result", () => {
  const callback = spy(() => 7);
  const finalizer = new Finalize({}, callback);
  assert(finalizer.active);
  assertEquals(finalizer.run() satisfies number | undefined, 7);
  assert(!finalizer.active);
  assertEquals(finalizer.run(), undefined);
  finalizer[Symbol.dispose]();
  assertSpyCalls(callback, 1);
});

test("Finalize.run() throws what the callback throws, and does not call it again", () => {
  const finalizer = new Finalize({}, () => {
    throw new RangeError("broken");
  });
  assertThrows(() => finalizer.run(), RangeError, "broken");
  assertEquals(finalizer.run(), undefined);
});

test("Finalize.cancel() prevents the call of the callback", () => {
  const callback = spy();
  const finalizer = new Finalize(undefined, callback, { exitPriority: 0 });
  finalizer.cancel();
  finalizer.cancel();
  assertEquals([finalizer.active, finalizer.run()], [false, undefined]);
  assertSpyCalls(callback, 0);
});

test("Finalize runs at the end of the scope of using", () => {
  const callback = spy();
  {
    using _ = new Finalize({}, callback);
    assertSpyCalls(callback, 0);
  }
  assertSpyCalls(callback, 1);
});

test("Finalize rejects a callback that would never run, and invalid arguments", () => {
  assertThrows(() => new Finalize(undefined, () => {}), TypeError, "it would never run");
  // @ts-expect-error not a function
  assertThrows(() => new Finalize({}, 7), TypeError, "callback must be a function, not 7");
  assertThrows(() => new Finalize({}, () => {}, { exitPriority: NaN }), RangeError, "exitPriority");
});

/** CPython TestFinalize.test_finalize, in a program or a worker. */
const ORDER = `
  const { Finalize } = mp;
  const say = (what) => console.log(what);
  let a = {};
  new Finalize(a, () => say("a"));
  a = undefined;
  for (let turn = 0; turn < 3; turn++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const b = new Finalize({}, () => say("b"));
  b.run();
  b.run();
  const kept = globalThis.kept = [{}, {}, {}, {}, {}, {}];
  new Finalize(kept[0], () => say("c"));
  new Finalize(kept[1], () => say("d10"), { exitPriority: 1 });
  new Finalize(kept[2], () => say("d01"), { exitPriority: 0 });
  new Finalize(kept[3], () => say("d02"), { exitPriority: 0 });
  new Finalize(kept[4], () => say("d03"), { exitPriority: 0 });
  new Finalize(undefined, () => say("e"), { exitPriority: -10 });
`;
const IN_ORDER = ["a", "b", "d10", "d03", "d02", "d01", "e"];

Deno.test("Finalize runs at the end of the main program by priority, then in reverse order of creation", async () => {
  assertEquals(await runWithMp(ORDER), {
    code: 0,
    stdout: IN_ORDER.map((line) => `${line}\n`).join(""),
    stderr: "",
  });
  const { code, stdout } = await runWithMp(`${ORDER} Deno.exit(3);`);
  assertEquals([code, linesOf(stdout)], [3, IN_ORDER]);
});

for (
  const [what, end, exitCode] of [
    ["returns", "", 0],
    ["exits", "Deno.exit(4);", 4],
    ["is closed", "close();", 0],
    ["fails", "throw 1;", 1],
  ] as const
) {
  Deno.test(`Finalize runs in order in a process that ${what}, before a joiner continues`, async () => {
    const { stdout } = await runWithMp(`
      const child = mp.task(import.meta, async () => { ${ORDER} ${end} });
      if (import.meta.main) {
        const process = new mp.Process({ target: child });
        process.start();
        process.joinSync();
        console.log("joined", process.exitCode);
      }
    `);
    assertEquals(linesOf(stdout), [...IN_ORDER, `joined ${exitCode}`]);
  });
}

Deno.test("Finalize prints the error of a callback, and runs the others", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    new mp.Finalize(undefined, () => console.log("second"), { exitPriority: 1 });
    new mp.Finalize(undefined, () => { throw new RangeError("broken"); }, { exitPriority: 2 });
  `);
  assertEquals([code, stdout], [0, "second\n"]);
  assertMatch(stderr, /^Uncaught in a finalizer: RangeError: broken\n/);
});

Deno.test("Finalize prints the error of an async callback, which does not end the program", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    const { promise, resolve } = Promise.withResolvers();
    (() => new mp.Finalize({}, async () => { resolve(); throw new RangeError("broken"); }))();
    while (await Promise.race([promise, mp.sleep(1).then(() => true)])) gc();
    await mp.sleep(1);
    console.log("still here");
  `);
  assertEquals([code, stdout], [0, "still here\n"]);
  assertMatch(stderr, /^Uncaught in a finalizer: RangeError: broken\n/);
});

Deno.test("Finalize runs a finalizer that another one creates at the end", async () => {
  const { stdout } = await runWithMp(`
    const { Finalize } = mp;
    new Finalize(undefined, () => {
      console.log("first");
      new Finalize(undefined, () => console.log("third"), { exitPriority: 9 });
    }, { exitPriority: 1 });
    new Finalize(undefined, () => console.log("second"), { exitPriority: 0 });
  `);
  assertEquals(linesOf(stdout), ["first", "second", "third"]);
});

const finalizeAt = task(import.meta, (out: Queue<string>) => {
  new Finalize(undefined, () => out.putSync("at the end"), { exitPriority: 0 });
});
const finalizeThenWait = task(import.meta, async (out: Queue<string>, waiting: Event) => {
  new Finalize(undefined, () => out.putSync("at the end"), { exitPriority: 0 });
  waiting.set();
  await new Promise(() => {});
});

test("Finalize in a worker of a pool runs when the pool is closed", async () => {
  const out = new Queue<string>();
  {
    await using pool = new Pool({ processes: 1, initializer: finalizeAt, initargs: [out] });
    assertEquals(await pool.apply(Math.sqrt, [4]), 2);
    assert(out.empty());
  }
  assertEquals(await out.get(guard), "at the end");
});

test("Finalize does not run in a process that is terminated", async () => {
  const [out, waiting] = [new Queue<string>(), new Event()];
  const process = new Process({ target: finalizeThenWait, args: [out, waiting] });
  process.start();
  await waiting.wait(guard);
  process.terminate();
  await ended(process as unknown as Process, -15);
  assert(out.empty());
});
