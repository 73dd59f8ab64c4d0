/**
 * Whole programs, run as a user runs them: in another folder, with minimal permissions.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
/** Only a hanging program exceeds this time. */
const GUARD_MS = 60_000;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program that may read files, or that has the given permissions. */
async function run(program: string, permissions = ["--allow-read"]): Promise<Outcome> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      `import {
        Event, Lock, Pool, Process, Queue, cpuCount, task,
      } from "${new URL("mod.ts", ROOT)}";
      void [Event, Lock, Pool, Process, Queue, cpuCount, task];
      ${program}`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...permissions, "main.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let hangs = false;
    const guard = setTimeout(() => {
      hangs = true;
      child.kill("SIGKILL");
    }, GUARD_MS);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(guard);
    const text = new TextDecoder();
    const outcome = { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
    assert(!hangs, `the program hangs: ${JSON.stringify(outcome)}`);
    return outcome;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The warning about a worker that cannot be interrupted. */
const ABANDONED = /^A terminated worker is still computing.*\n/;

/** Defines a test of a program that ends by itself after printing `stdout` and no error. */
function ends(name: string, program: string, stdout: string): void {
  Deno.test(name, async () => {
    const outcome = await run(program);
    outcome.stderr = outcome.stderr.replace(ABANDONED, "");
    assertEquals(outcome, { code: 0, stdout, stderr: "" });
  });
}

Deno.test("A program computes pi on all cores", async () => {
  const { code, stdout, stderr } = await run(`
    export const hits = task(import.meta, (samples: number) => {
      let inside = 0;
      for (let i = 0; i < samples; i++) {
        const x = Math.random(), y = Math.random();
        if (x * x + y * y <= 1) inside++;
      }
      return inside;
    });

    if (import.meta.main) {
      await using pool = new Pool();
      const parts = Array(cpuCount()).fill(1e6 / cpuCount());
      const counts = await pool.map(hits, parts);
      console.log(4 * counts.reduce((a, b) => a + b) / 1e6);
    }
  `);
  assertEquals([code, stderr], [0, ""]);
  assert(Math.abs(Number(stdout) - Math.PI) < 0.05, stdout);
});

// What keeps a program alive

ends(
  "Process keeps its program alive",
  `new Process({ target: async () => {
     await new Promise((resolve) => setTimeout(resolve, 200));
     console.log("process");
   } }).start();
   console.log("main");`,
  "main\nprocess\n",
);

ends(
  "Process started by a Process keeps the program alive",
  `const inner = task(import.meta, async () => {
     await new Promise((resolve) => setTimeout(resolve, 200));
     console.log("inner");
   });
   const outer = task(import.meta, () => {
     new Process({ target: inner }).start();
     console.log("outer");
   });
   if (import.meta.main) new Process({ target: outer }).start();`,
  "outer\ninner\n",
);

const daemons = {
  awaits: "() => new Promise(() => {})",
  "waits for a promise of the library": "async (queue) => await queue.get()",
  blocks: "(queue) => queue.getSync()",
  computes: "() => { for (;;); }",
};
for (const [what, target] of Object.entries(daemons)) {
  ends(
    `Process as a daemon that ${what} does not keep its program alive`,
    `const queue = new Queue(), begun = new Queue();
     const target = ${target};
     new Process({
       target: (source, begun, queue) => {
         begun.putSync(1);
         return (0, eval)(source)(queue);
       },
       args: [target.toString(), begun, queue],
       daemon: true,
     }).start();
     await begun.get();
     console.log("main");`,
    "main\n",
  );

  for (const verb of ["terminate", "kill"]) {
    ends(
      `Process that ${what} does not keep its program alive after ${verb}()`,
      `const queue = new Queue(), begun = new Queue();
       const target = ${target};
       const process = new Process({
         target: (source, begun, queue) => {
           begun.putSync(1);
           return (0, eval)(source)(queue);
         },
         args: [target.toString(), begun, queue],
       });
       process.start();
       begun.getSync();
       process.${verb}();
       process.joinSync();
       console.log(process.exitCode);`,
      verb === "kill" ? "-9\n" : "-15\n",
    );
  }
}

ends(
  "Process as a daemon may not begin if the program ends first",
  `new Process({ target: () => { for (;;); }, daemon: true }).start();
   console.log("main");`,
  "main\n",
);

ends(
  "A warm reserve does not keep its program alive",
  `const process = new Process({ target: () => {}, startMethod: "forkserver" });
   process.start();
   await process.join();
   console.log(process.exitCode);`,
  "0\n",
);

const forgotten = {
  "was never used": "",
  "was used": "await pool.map((x) => x + 1, [1, 2, 3]);",
  "was used blocking": "pool.mapSync((x) => x + 1, [1, 2, 3]);",
  "was used both ways": `await pool.apply(Math.sqrt, [4]); pool.applySync(Math.sqrt, [4]);
    await pool.apply(Math.sqrt, [4]);`,
  "was used blocking while a result was pending": `
    const later = pool.applyAsync(Math.sqrt, [4]);
    pool.applySync(Math.sqrt, [9]);
    await later;`,
  "ran a task that failed": `await pool.apply(() => { throw 1; }).catch(() => {});`,
  "ran a task that failed, blocking": `try { pool.mapSync(() => { throw 1; }, [1, 2, 3]); }
    catch { /* expected */ }`,
  "lost a worker": `await pool.apply(() => Deno.exit(3)).catch(() => {});`,
  "lost a worker, blocking": `try { pool.applySync(() => Deno.exit(3)); } catch { /* expected */ }`,
  "has unconsumed results": `const results = pool.imap((x) => x, [1, 2, 3]);
    await results.next();`,
  "has a pending result": `pool.applyAsync(Math.sqrt, [4]);`,
};
for (const [what, use] of Object.entries(forgotten)) {
  ends(
    `Pool that ${what} does not keep its program alive`,
    `const pool = new Pool(2); ${use} console.log("main");`,
    "main\n",
  );
}

Deno.test("Pool whose result requires an import does not keep its program alive", async () => {
  const url = `data:text/javascript,${
    encodeURIComponent(
      `import { task } from "${new URL("mod.ts", ROOT)}";
       export class Point { x = 7; }
       task(import.meta, Point);
       export const make = () => new Point();`,
    )
  }`;
  const outcome = await run(`
    import { tasksOf } from "${new URL("mod.ts", ROOT)}";
    const { make } = tasksOf(${JSON.stringify(url)});
    console.log((await new Pool(1).apply(make)).x);
  `);
  assertEquals(outcome, { code: 0, stdout: "7\n", stderr: "" });
});

ends(
  "Pool with an unused initializer does not keep its program alive",
  `new Pool({ processes: 2, initializer: () => {} }); console.log("main");`,
  "main\n",
);

ends(
  "Pool.terminate() of a computing task does not keep its program alive",
  `const pool = new Pool(2), begun = new Queue();
   const busy = pool.applyAsync((begun) => { begun.putSync(1); for (;;); }, [begun]);
   await begun.get();
   pool.terminate();
   await pool.join();
   console.log(await busy.get().catch((error) => error.name));`,
  "TerminatedError\n",
);

ends(
  "AsyncResult.cancel() of a computing task does not keep its program alive",
  `const pool = new Pool(2), begun = new Queue();
   const busy = pool.applyAsync((begun) => { begun.putSync(1); for (;;); }, [begun]);
   await begun.get();
   busy.cancel();
   console.log(await busy.get().catch((error) => error.name));`,
  "CancelledError\n",
);

// Errors

Deno.test("An error in the main program ends it while workers run", async () => {
  const { code, stdout, stderr } = await run(`
    const begun = new Queue();
    const busy = (begun) => { begun.putSync(1); for (;;); };
    new Process({ target: busy, args: [begun] }).start();
    const pool = new Pool(2);
    pool.applyAsync(busy, [begun]);
    await begun.get();
    await begun.get();
    console.log("main");
    throw new Error("main is broken");
  `);
  assertEquals([code, stdout], [1, "main\n"]);
  assertStringIncludes(stderr, "main is broken");
});

Deno.test("Deno.exit() in the main program ends it while workers run", async () => {
  const { code, stderr } = await run(`
    const begun = new Queue();
    new Process({
      target: (begun) => { begun.putSync(1); for (;;); },
      args: [begun],
    }).start();
    await begun.get();
    Deno.exit(5);
  `);
  assertEquals([code, stderr], [5, ""]);
});

Deno.test("Process prints its uncaught error with its name and stack, and ends nothing else", async () => {
  const { code, stdout, stderr } = await run(`
    const failing = [
      () => { throw new RangeError("thrown"); },
      async () => { await null; throw new RangeError("rejected"); },
      () => { Promise.reject(new RangeError("unhandled")); return new Promise(() => {}); },
      () => {
        setTimeout(() => { throw new RangeError("in a timer"); });
        return new Promise(() => {});
      },
    ];
    for (const target of failing) {
      const process = new Process({ target, name: "broken" });
      process.start();
      await process.join();
      console.log(process.exitCode, process.error.message);
    }
  `);
  assertEquals([code, stdout], [0, "1 thrown\n1 rejected\n1 unhandled\n1 in a timer\n"]);
  for (const message of ["thrown", "rejected", "unhandled", "in a timer"]) {
    assertStringIncludes(stderr, `RangeError: ${message}\n    at `);
  }
  assertEquals(stderr.match(/Process broken:/g)?.length, 4);
});

Deno.test("Pool.applyAsync() error that is never retrieved ends the program", async () => {
  const { code, stdout, stderr } = await run(`
    const pool = new Pool(1);
    pool.applyAsync(() => { throw new RangeError("forgotten"); });
    await new Promise((resolve) => setTimeout(resolve, ${GUARD_MS}));
    console.log("not reached");
  `);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "forgotten");
});

// CPython TestPool.test_traceback
Deno.test("Pool error that is uncaught is printed with the stack of the worker", async () => {
  const { code, stderr } = await run(`
    export const inner = task(import.meta, function failingInside() {
      throw new RangeError("printed", { cause: new TypeError("because") });
    });
    if (import.meta.main) {
      await using pool = new Pool(1);
      await pool.apply(inner);
    }
  `);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "RangeError: printed");
  assertMatch(stderr, /at (\w+\.)?failingInside .*main\.ts/);
  assertStringIncludes(stderr, "PoolWorker-1");
  assertStringIncludes(stderr, "TypeError: because");
});

// CPython TestSubclassingProcess.test_sys_exit
Deno.test("Process that throws another value than an Error prints it and ends with exit code 1", async () => {
  const { code, stdout, stderr } = await run(`
    for (const thrown of ["ignore this", [1, 2, 3]]) {
      const process = new Process({ target: (thrown) => { throw thrown; }, args: [thrown] });
      process.start();
      await process.join();
      console.log(process.exitCode);
    }
  `);
  assertEquals([code, stdout], [0, "1\n1\n"]);
  assertEquals(stderr, "Process Process-1: ignore this\nProcess Process-2: [ 1, 2, 3 ]\n");
});

// CPython TestProcess.test_error_on_stdio_flush_1
Deno.test("Process can print in a program that has closed its stdout", async () => {
  const { code, stderr } = await run(`
    Deno.stdout.close();
    const process = new Process({ target: () => console.log("by a child") });
    process.start();
    await process.join();
    console.error(process.exitCode);
  `);
  assertEquals([code, stderr], [0, "0\n"]);
});

// CPython TestProcess.test_error_on_stdio_flush_2
Deno.test("Process that closes its own output ends normally and does not affect others", async () => {
  const { code, stdout, stderr } = await run(`
    const end = async (target, args) => {
      const process = new Process({ target, args });
      process.start();
      await process.join();
      return [process.exitCode, process.error?.message];
    };
    for (const stream of ["stdout", "stderr"]) {
      console.log(...await end((stream) => Deno[stream].close(), [stream]));
    }
    console.log(...await end(() => {
      Deno.stderr.close();
      throw new RangeError("unsaid");
    }, []));
    console.log(...await end(() => console.log("next"), []));
  `);
  const lines = ["0 undefined", "0 undefined", "1 unsaid", "next", "0 undefined", ""];
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: lines.join("\n"), stderr: "" });
});

// Permissions

for (
  const [what, use] of [
    ["Process.start()", "new Process({ target: () => {} }).start();"],
    ["Pool.map()", "await new Pool(2).map((x) => x, [1, 2, 3]);"],
    ["Pool.mapSync()", "new Pool(2).mapSync((x) => x, [1, 2, 3]);"],
    [
      "new Pool() with an initializer",
      "await new Pool({ initializer: () => {} }).apply(() => {});",
    ],
  ]
) {
  Deno.test(`${what} without permission prints the missing permission once`, async () => {
    const { code, stdout, stderr } = await run(use, []);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "Cannot start worker");
    assertEquals(stderr.match(/--allow-read/g)?.length, 1, stderr);
    assertEquals(stderr.match(/error: /gi)?.length, 1, stderr);
  });
}

Deno.test("Process.start() without permission throws an error that can be caught", async () => {
  const program = `
    const process = new Process({ target: () => {} });
    try {
      process.start();
    } catch (error) {
      console.log(error.name, process.isAlive());
    }
  `;
  assertEquals(await run(program, []), { code: 0, stdout: "NotCapable false\n", stderr: "" });
});

Deno.test("Pool.map() rejects with TaskLookupError when the module of a task may not be read", async () => {
  const { code, stdout, stderr } = await run(
    `
    const square = task(import.meta, (x) => x * x);
    if (import.meta.main) {
      await using pool = new Pool(1);
      console.log(await pool.map((x) => x * x, [2]));
      console.log(await pool.map(square, [2]).catch((error) => [error.name, error.message]));
      console.log(await pool.map((x) => x * x, [3]));
    }
  `,
    [`--allow-read=${ROOT.pathname}`],
  );
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "[ 4 ]\n");
  assertStringIncludes(stdout, "TaskLookupError");
  assertStringIncludes(stdout, "read access");
  assertStringIncludes(stdout, "[ 9 ]\n");
});

// Programs without import.meta.main

Deno.test("Process in a program without import.meta.main ends with advice, and starts no others", async () => {
  const { code, stdout, stderr } = await run(`
    const nothing = task(import.meta, () => {});
    const process = new Process({ target: nothing });
    process.start();
    console.log("started");
    await process.join();
    console.log(process.exitCode);
  `);
  assertEquals([code, stdout], [0, "started\n1\n"]);
  assertStringIncludes(stderr, "if (import.meta.main)");
});

for (const map of ["await pool.map", "pool.mapSync"]) {
  Deno.test(`Pool in a program without import.meta.main fails with advice: ${map}()`, async () => {
    const { code, stdout, stderr } = await run(`
      const square = task(import.meta, (x) => x * x);
      const pool = new Pool(2);
      console.log("made");
      console.log(${map}(square, [1, 2, 3]));
    `);
    assertEquals(code, 1);
    assertEquals(stdout.replaceAll("made\n", ""), "");
    assertStringIncludes(stderr, "if (import.meta.main)");
  });
}

Deno.test("random numbers of crypto in workers differ from those of other workers and the program, seeded or not", async () => {
  const program = `
    const drawn = new Queue();
    const draw = (out) => {
      const bytes = crypto.getRandomValues(new Uint32Array(3)).subarray(1);
      out.putSync([crypto.randomUUID(), String(bytes)]);
    };
    const all = [[crypto.randomUUID(), String(crypto.getRandomValues(new Uint32Array(2)))]];
    for (let at = 0; at < 3; at++) {
      const process = new Process({ target: draw, args: [drawn] });
      process.start();
      all.push(await drawn.get());
      await process.join();
    }
    console.log(JSON.stringify(all));`;
  for (const flags of [["--seed=7"], []]) {
    const { stdout } = await run(program, ["--allow-read", ...flags]);
    const drawn: string[][] = JSON.parse(stdout);
    assertEquals(new Set(drawn.flat()).size, 8, stdout);
    for (const [uuid] of drawn) {
      assertMatch(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  }
});

Deno.test("Math.random() in workers differs from that of other workers and the program, seeded or not", async () => {
  const program = `
    const drawn = new Queue();
    const draw = (out) => {
      out.putSync([Math.random(), Math.random()]);
    };
    const all = [[Math.random(), Math.random()]];
    for (let at = 0; at < 4; at++) {
      const process = new Process({ target: draw, args: [drawn] });
      process.start();
      all.push(await drawn.get());
      await process.join();
    }
    console.log(JSON.stringify(all));`;
  const drawnWith = async (...flags: string[]): Promise<number[]> => {
    const { stdout } = await run(program, ["--allow-read", ...flags]);
    return JSON.parse(stdout).flat();
  };
  const seeded = await drawnWith("--seed=7");
  for (const drawn of [seeded, await drawnWith()]) {
    assertEquals(new Set(drawn).size, 10, `${drawn}`);
    assert(drawn.every((number) => number >= 0 && number < 1));
  }
  assertEquals(await drawnWith("--seed=7"), seeded);
});
