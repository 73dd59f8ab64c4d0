import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { tagOutput } from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { consoleWith, denoConsole, LineTagger, TAG_OUTPUT } from "../../lib/logging/tag_output.ts";
import { linesOf, runWithMp } from "../fixtures/programs.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Makes a tagger, and an array that receives each of its writes. */
function tagger() {
  const writes: string[] = [];
  const tagger = new LineTagger("[x] ", (bytes) => writes.push(new TextDecoder().decode(bytes)));
  return { tagger, writes };
}

Deno.test("LineTagger.push() writes complete lines, several in one call", () => {
  const { tagger: lines, writes } = tagger();
  for (const text of ["a\n", "b", "c\nd\n\ne", "\n"]) lines.push(bytes(text));
  assertEquals(writes, ["[x] a\n", "[x] bc\n[x] d\n[x] \n", "[x] e\n"]);
});

Deno.test("LineTagger.push() keeps characters whole that are split between calls", () => {
  const { tagger: lines, writes } = tagger();
  for (const byte of bytes("größe ✓\n")) lines.push(Uint8Array.of(byte));
  assertEquals(writes, ["[x] größe ✓\n"]);
});

Deno.test("LineTagger.push() copies the bytes that it keeps", () => {
  const { tagger: lines, writes } = tagger();
  const buffer = bytes("a\nb");
  lines.push(buffer);
  buffer.fill(0);
  lines.push(bytes("\n"));
  assertEquals(writes, ["[x] a\n", "[x] b\n"]);
});

Deno.test("LineTagger.flush() writes the incomplete line, once", () => {
  const { tagger: lines, writes } = tagger();
  lines.flush();
  lines.push(bytes("rest"));
  lines.flush();
  lines.flush();
  assertEquals(writes, ["[x] rest\n"]);
});

Deno.test("consoleWith() prints as Deno's console does", () => {
  const printed: [string, boolean][] = [];
  const own = consoleWith((text, toStderr) => printed.push([text, toStderr])) as Console;
  own.log("%s is %d", "x", 3, { a: ["b"] });
  own.info("i");
  own.debug("d");
  own.warn("w");
  own.error("e");
  own.count();
  assertEquals(printed, [
    ['x is 3 { a: [ "b" ] }\n', false],
    ["i\n", false],
    ["d\n", false],
    ["w\n", true],
    ["e\n", true],
    ["default: 1\n", false],
  ]);
});

Deno.test("consoleWith() without Deno's class prints messages", () => {
  assert(denoConsole() !== null, "Deno has moved its class: only the plain methods are tagged");
  const printed: [string, boolean][] = [];
  const own = consoleWith((text, toStderr) => printed.push([text, toStderr]), null) as Console;
  own.log("x", 3, { a: ["b"] });
  own.error("e");
  assertEquals(printed, [['x 3 { a: [ "b" ] }\n', false], ["e\n", true]]);
});

Deno.test("tagOutput() sets the word of the program", () => {
  tagOutput();
  assertEquals(i32[TAG_OUTPUT], 1);
  tagOutput(false);
  assertEquals(i32[TAG_OUTPUT], 0);
  assertThrows(() => tagOutput(1 as never), TypeError, "on must be a boolean, not 1");
  assertEquals(i32[TAG_OUTPUT], 0);
});

// Programs

const PRINTS = `
  const write = (stream, text) => stream.writeSync(new TextEncoder().encode(text));
  console.log({ answer: 42 }, "a\\nb");
  console.error("error");
  console.warn("%s-%d", "warning", 7);
  console.group("group");
  console.table([{ x: 1 }]);
  console.groupEnd();
  write(Deno.stdout, "in ");
  write(Deno.stdout, "pieces\\ntwo\\n");
  await Deno.stdout.write(new TextEncoder().encode("async\\n"));
  process.stdout.write("node\\n");
  await new Blob(["stream\\n"]).stream().pipeTo(Deno.stdout.writable);
  write(Deno.stderr, "rest");
`;

const PRINTED = [
  "{ answer: 42 } a",
  "b",
  "group",
  "  ┌───────┬───┐",
  "  │ (idx) │ x │",
  "  ├───────┼───┤",
  "  │     0 │ 1 │",
  "  └───────┴───┘",
  "in pieces",
  "two",
  "async",
  "node",
  "stream",
];

Deno.test("tagOutput() tags each line of processes and of workers of pools, but not of the main program", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    mp.tagOutput();
    const prints = async () => { ${PRINTS} };
    const process = new mp.Process({ target: prints });
    process.start();
    await process.join();
    await using pool = new mp.Pool({ processes: 1, initializer: () => console.log("initializer") });
    await pool.apply(() => console.log("task"));
    console.log("main");
  `);
  assertEquals(code, 0);
  assertEquals(linesOf(stdout), [
    ...PRINTED.map((line) => `[Process-1] ${line}`),
    "[PoolWorker-1] initializer",
    "[PoolWorker-1] task",
    "main",
  ]);
  assertEquals(
    linesOf(stderr),
    ["error", "warning-7", "rest"].map((line) => `[Process-1] ${line}`),
  );
});

Deno.test("tagOutput() leaves the console of a worker its methods, and no others", async () => {
  const { stdout } = await runWithMp(`
    mp.tagOutput();
    const process = new mp.Process({
      target: (names, clear) =>
        console.log(names === Object.keys(console).sort().join(), clear === String(console.clear)),
      args: [Object.keys(console).sort().join(), String(console.clear)],
    });
    process.start();
    await process.join();
  `);
  assertEquals(stdout, "[Process-1] true true\n");
});

Deno.test("tagOutput() leaves it to a worker to replace its streams again", async () => {
  const { code, stdout } = await runWithMp(`
    mp.tagOutput();
    const replaces = () => {
      for (const stream of [Deno.stdout, Deno.stderr]) {
        for (const name of ["writeSync", "write", "writable"]) {
          Object.defineProperty(stream, name, { value: name });
          console.log(stream[name]);
        }
      }
    };
    const process = new mp.Process({ target: replaces });
    process.start();
    await process.join();
  `);
  const names = ["writeSync", "write", "writable"];
  assertEquals(code, 0);
  assertEquals(linesOf(stdout), [...names, ...names].map((name) => `[Process-1] ${name}`));
});

Deno.test("tagOutput() not called leaves output and console of a worker as they are", async () => {
  const { stdout, stderr } = await runWithMp(`
    const original = console.log.toString();
    const process = new mp.Process({ target: async (original) => {
      console.log(console.log.toString() === original, Object.hasOwn(Deno.stdout, "writeSync"));
      ${PRINTS}
    }, args: [original] });
    process.start();
    await process.join();
  `);
  assertEquals(linesOf(stdout), ["true false", ...PRINTED]);
  assertEquals(stderr, "error\nwarning-7\nrest");
});

Deno.test("tagOutput() applies to output of modules during their import", async () => {
  const { stdout } = await runWithMp(`
    const { log } = console;
    const child = mp.task(import.meta, () => log("function"));
    log(import.meta.main ? "main" : "import");
    if (import.meta.main) {
      mp.tagOutput();
      const process = new mp.Process({ target: child, name: "Child" });
      process.start();
      await process.join();
    }
  `);
  assertEquals(linesOf(stdout), ["main", "[Child] import", "[Child] function"]);
});

const ends: Record<string, { target: string; end?: string; stderr?: RegExp }> = {
  "Deno.exit()": { target: `() => { half(); Deno.exit(3); }` },
  "close()": { target: `() => { half(); close(); return new Promise(() => {}); }` },
  "an error": {
    target: `() => { half(); throw new RangeError("crash"); }`,
    stderr: /^\[Process-1\] Process Process-1: RangeError: crash\n(\[Process-1\] {5}at .*\n)+$/,
  },
  "an unhandled rejection": {
    target:
      `() => { half(); Promise.reject(new RangeError("crash")); return new Promise(() => {}); }`,
    stderr: /^\[Process-1\] Process Process-1: RangeError: crash\n/,
  },
  "terminate() while it waits": {
    target: `async () => { half(); begun.set(); await new Promise(() => {}); }`,
    end: "await begun.wait(); process.terminate();",
  },
  "terminate() while it blocks": {
    target: `() => { half(); begun.set(); new mp.Event().waitSync(); }`,
    end: "await begun.wait(); process.terminate();",
  },
};
for (const [what, { target, end = "", stderr: expected }] of Object.entries(ends)) {
  Deno.test(`tagOutput() writes an incomplete last line after ${what}`, async () => {
    const { code, stdout, stderr } = await runWithMp(`
      mp.tagOutput();
      const half = () => Deno.stdout.writeSync(new TextEncoder().encode("half a line"));
      let begun;
      const child = mp.task(import.meta, (event) => {
        begun = event;
        return (${target})();
      });
      if (import.meta.main) {
        begun = new mp.Event();
        const process = new mp.Process({ target: child, args: [begun] });
        process.start();
        ${end}
        await process.join();
        console.log("joined");
      }
    `);
    assertEquals([code, linesOf(stdout)], [0, ["[Process-1] half a line", "joined"]]);
    if (expected === undefined) assertEquals(stderr, "");
    else assertMatch(stderr, expected);
  });
}

Deno.test("tagOutput() does not tag log records", async () => {
  const { stderr } = await runWithMp(`
    mp.tagOutput();
    mp.logToStderr("INFO");
    const process = new mp.Process({ target: () => console.error("said") });
    process.start();
    await process.join();
  `);
  assertEquals(linesOf(stderr), [
    "[INFO/Process-1] child process calling run()",
    "[Process-1] said",
    "[INFO/Process-1] process exiting with exit code 0",
  ]);
});
