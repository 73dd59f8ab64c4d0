import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Pool, type Progress, ThreadPool } from "@sauropod/multiprocessing";
import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { stopTeam } from "@sauropod/multiprocessing/loops";
import { progress, progressBar, type ProgressBarOptions } from "@sauropod/multiprocessing/progress";
import { displayOn } from "../../lib/progress/display.ts";
import { progressBarOn, progressOn } from "../../lib/progress/progress.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { linesOf } from "../examples/run_example.ts";

/** An output with a clock that only the test moves. */
class FakeOutput {
  /** What was written, one text for each call. */
  readonly written: string[] = [];
  /** The lines of the screen. */
  readonly screen: string[] = [""];
  readonly columns = 80;
  #row = 0;
  #column = 0;
  ms = 0;
  readonly now = () => this.ms;
  readonly display = displayOn(this, this.now);

  constructor(readonly isTTY: boolean) {
    this.display = displayOn(this, this.now);
  }

  bar(options: ProgressBarOptions = {}) {
    return progressBarOn(this.display, this.now, options);
  }

  over<T>(items: AsyncIterable<T>, options?: ProgressBarOptions): AsyncGenerator<T>;
  over<T>(items: Iterable<T>, options?: ProgressBarOptions): Generator<T>;
  over(items: Iterable<unknown> | AsyncIterable<unknown>, options?: ProgressBarOptions): unknown {
    return progressOn(this.display, this.now, items, options);
  }

  /** Returns the lines, without spaces at their end. */
  get lines(): string[] {
    return this.screen.map((line) => line.trimEnd());
  }

  write(text: string): void {
    this.written.push(text);
    // deno-lint-ignore no-control-regex
    for (const [part] of text.matchAll(/\x1b\[\d*[A-Za-z]|[^]/gu)) this.#put(part);
  }

  /** Does what a terminal does with a character or a sequence of npm:cli-progress. */
  #put(part: string): void {
    const [, count, command] = /^.\[(\d*)([A-Z])$/.exec(part) ?? [];
    if (command === "A") this.#row -= Number(count);
    else if (command === "G") this.#column = Number(count) - 1;
    else if (command === "K") this.screen[this.#row] = this.#line.slice(0, this.#column);
    else if (part === "\n") {
      this.#row++;
      this.#column = 0;
      this.screen[this.#row] ??= "";
    } else {
      assertEquals(part.length, 1, JSON.stringify(part));
      const line = this.#line.padEnd(this.#column);
      this.screen[this.#row] = line.slice(0, this.#column) + part + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  get #line(): string {
    return this.screen[this.#row];
  }
}

const report = (done: number, total: number | undefined, ended = false): Progress => ({
  done,
  total,
  ended,
});

/** Returns a bar of 24 characters. */
const drawn = (size: number) => "█".repeat(size) + "░".repeat(24 - size);

test("progressBar() draws a bar with the rate and the time left on a terminal", () => {
  const out = new FakeOutput(true);
  const bar = out.bar({ label: "fit" });
  assertEquals(out.written, []);
  out.ms = 1000;
  bar(report(25, 100));
  assertEquals(out.lines, [`fit:  25 % ${drawn(6)} 25 of 100 items, 25/s, 0:03 left`]);
  out.ms += 1000;
  bar(report(100, 100, true));
  assertEquals(out.lines, [`fit: 100 % ${drawn(24)} 100 of 100 items, 50/s, in 0:02`, ""]);
});

test("progressBar() says how many items are done if the total is not known", () => {
  const out = new FakeOutput(true);
  const bar = out.bar({ unit: "pages" });
  out.ms = 2000;
  bar(report(3, undefined));
  assertEquals(out.lines, ["3 pages, 1.5/s, 0:02"]);
  out.ms = 65_000;
  bar(report(13, undefined, true));
  assertEquals(out.lines, ["13 pages, 5.0 s each, in 1:05", ""]);
});

test("progressBar() says nothing of a rate or the time left before an item is done", () => {
  const out = new FakeOutput(true);
  const bar = out.bar({ total: 4 });
  out.ms = 1000;
  bar(report(0, undefined));
  assertEquals(out.lines, [`  0 % ${drawn(0)} 0 of 4 items`]);
  out.ms = 2000;
  bar(report(2, undefined));
  assertEquals(out.lines, [` 50 % ${drawn(12)} 2 of 4 items, 1/s, 0:02 left`]);
});

test("progressBar() writes rates with two digits, and those below one as a time", () => {
  const rates: [ms: number, done: number, text: string][] = [
    [1000, 1, "1/s, in 0:01"],
    [3000, 4, "1.3/s, in 0:03"],
    [2000, 1, "2.0 s each, in 0:02"],
    [1000, 99, "99/s, in 0:01"],
    [1000, 1234, "1234/s, in 0:01"],
    [198_000, 2, "99 s each, in 3:18"],
    [199_000, 2, "100 s each, in 3:19"],
    [3_600_000, 36, "100 s each, in 1:00:00"],
    [7_265_000, 1, "7265 s each, in 2:01:05"],
  ];
  for (const [ms, done, text] of rates) {
    const out = new FakeOutput(false);
    const bar = out.bar();
    out.ms = ms;
    bar(report(done, undefined, true));
    assertEquals(out.lines, [`${done} items, ${text}`, ""]);
  }
});

test("progressBar() draws at most ten times a second, and the end in any case", () => {
  const out = new FakeOutput(true);
  const bar = out.bar();
  const drawnAt: number[] = [];
  for (let done = 0; done <= 1000; done++) {
    const before = out.written.length;
    out.ms = done;
    bar(report(done, 1000, done === 1000));
    if (out.written.length > before) drawnAt.push(out.ms);
  }
  assertEquals(drawnAt, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  assert(!out.written.join("").includes("\x1b[?"), "no setting of the terminal is changed");
  assert(out.lines[0].includes("1000 of 1000 items"), out.lines[0]);
});

test("progressBar() draws the whole bar at the end, although it has just drawn a part", () => {
  for (const others of [0, 1]) {
    const out = new FakeOutput(true);
    const bars = [out.bar(), ...Array.from({ length: others }, () => out.bar())];
    out.ms = 1000;
    for (const bar of bars) bar(report(50, 100));
    for (const bar of bars) bar(report(100, 100, true));
    for (const line of out.lines.slice(0, bars.length)) {
      assertEquals(line, `100 % ${drawn(24)} 100 of 100 items, 100/s, in 0:01`);
    }
  }
});

test("progressBar() prints a line for each tenth where there is no terminal", () => {
  const out = new FakeOutput(false);
  const bar = out.bar({ label: "fit" });
  for (let done = 1; done <= 100; done++) {
    out.ms = done * 500;
    bar(report(done, 100, done === 100));
  }
  assertEquals(out.lines.length, 11);
  assertEquals(out.lines[0], "fit: 10 % 10 of 100 items, 2/s, 0:45 left");
  assertEquals(out.lines.at(-2), "fit: 100 % 100 of 100 items, 2/s, in 0:50");
  assert(!out.written.join("").includes("\x1b"));
});

test("progressBar() prints no two lines within a second, and one every ten seconds", () => {
  const out = new FakeOutput(false);
  const fast = out.bar({ label: "fast" });
  for (let done = 1; done <= 10; done++) {
    out.ms += 10;
    fast(report(done, 10, done === 10));
  }
  assertEquals(out.lines, ["fast: 100 % 10 of 10 items, 100/s, in 0:00", ""]);
  const even = out.bar({ label: "even" });
  for (let done = 0; done <= 9; done += 3) {
    even(report(done, 10));
    out.ms += done === 6 ? 999 : 1000; // a second after the last line, or not quite
  }
  assertEquals(out.lines.splice(1), [
    "even: 30 % 3 of 10 items, 3/s, 0:02 left",
    "even: 60 % 6 of 10 items, 3/s, 0:01 left",
    "",
  ]);
  const slow = out.bar({ label: "slow" });
  for (let done = 1; done <= 5; done++) {
    out.ms += 5000;
    slow(report(done, undefined));
  }
  assertEquals(out.lines.slice(3), [
    "slow: 3 items, 5.0 s each, 0:15",
    "slow: 5 items, 5.0 s each, 0:25",
    "",
  ]);
});

test("progressBar() draws nothing after its end, nor before a report", () => {
  for (const isTTY of [true, false]) {
    const out = new FakeOutput(isTTY);
    out.bar().end();
    assertEquals(out.written, []);
    const bar = out.bar({ total: 10 });
    bar.add(4);
    bar.end();
    const { length } = out.written;
    const lines = out.lines;
    out.ms = 60_000;
    bar.add();
    bar(report(5, 10, true));
    bar.end();
    bar[Symbol.dispose]();
    assertEquals(out.written.length, length);
    assert(lines[0].includes("4 of 10 items, stopped"), lines[0]);
  }
});

test("several bars stand below each other, and keep their lines until all have ended", () => {
  const out = new FakeOutput(true);
  const first = out.bar({ label: "a" });
  const second = out.bar({ label: "b" });
  first(report(1, 2));
  second(report(1, 4));
  out.ms = 1000;
  first(report(2, 2, true));
  const begins = () => out.lines.map((line) => line.slice(0, 8));
  assertEquals(begins(), ["a: 100 %", "b:  25 %"]);
  out.ms = 2000;
  second(report(2, 4));
  assertEquals(begins(), ["a: 100 %", "b:  50 %"]);
  second(report(4, 4, true));
  assertEquals(begins(), ["a: 100 %", "b: 100 %", ""]);
  const third = out.bar({ label: "c" });
  third(report(1, 1, true));
  assertEquals(begins(), ["a: 100 %", "b: 100 %", "c: 100 %", ""]);
});

test("a label that is longer than the line is cut, so that bars keep their lines", () => {
  const out = new FakeOutput(true);
  const bar = out.bar({ label: "x".repeat(200) });
  bar(report(1, 2));
  out.ms = 1000;
  bar(report(2, 2, true));
  assertEquals(out.lines, ["x".repeat(80), ""]);
});

test("a label of several lines is put into one", () => {
  for (const isTTY of [true, false]) {
    const out = new FakeOutput(isTTY);
    out.bar({ label: "a\r\n\x1b[2Jb", unit: "c\nd" })(report(1, undefined, true));
    assertEquals(out.lines, ["a [2Jb: 1 c d, in 0:00", ""]);
  }
});

test("a total that is given takes precedence over that of the call", () => {
  const out = new FakeOutput(false);
  out.bar({ total: 4 })(report(1, undefined, true));
  out.bar({ total: 0 })(report(0, 0, true));
  const [first, second] = out.lines;
  assertEquals(first, "25 % 1 of 4 items, stopped after 0:00");
  assertEquals(second, "100 % 0 of 0 items, in 0:00");
});

test("progress() passes items through and counts those whose turn is over", async () => {
  const out = new FakeOutput(true);
  const seen: number[] = [];
  for (const item of out.over([5, 6, 7], { label: "sync" })) {
    out.ms += 1000;
    seen.push(item);
    assert(out.lines[0].includes(`${seen.length - 1} of 3`), out.lines[0]);
  }
  for await (
    const item of out.over((async function* () {
      yield* [8, 9];
    })())
  ) seen.push(item);
  assertEquals(seen, [5, 6, 7, 8, 9]);
  assertEquals(out.lines.map((line) => line.slice(0, 8)), ["sync: 10", "2 items,", ""]);
});

test("progress() ends when the loop is left or throws, and leaves the input", async () => {
  const out = new FakeOutput(false);
  let left = 0;
  function* numbers() {
    try {
      for (let at = 0;; at++) yield at;
    } finally {
      left++;
    }
  }
  async function* later() {
    yield* numbers();
  }
  for (const item of out.over(numbers(), { total: 9 })) if (item === 2) break;
  for await (const item of out.over(later(), { total: 9 })) if (item === 3) break;
  assertThrows(() => {
    for (const _ of out.over(numbers(), { total: 9 })) throw new Error("body");
  });
  assertEquals(left, 3);
  assertEquals(out.lines, [
    "22 % 2 of 9 items, stopped after 0:00",
    "33 % 3 of 9 items, stopped after 0:00",
    "0 % 0 of 9 items, stopped after 0:00",
    "",
  ]);
});

test("progress() ends with the error of its items", async () => {
  const out = new FakeOutput(false);
  await using pool = new ThreadPool(1);
  const inverse = (x: number) => {
    if (x === 0) throw new RangeError("0 has no inverse");
    return 1 / x;
  };
  const run = async () => {
    for await (const _ of out.over(pool.imap(inverse, [1, 2, 0, 4])));
  };
  await assertRejects(
    async () => {
      try {
        await run();
      } finally {
        out.write("behind\n");
      }
    },
    RangeError,
    "no inverse",
  );
  assertEquals(out.lines, ["75 % 3 of 4 items, stopped after 0:00", "behind", ""]);
});

test("progress() passes errors through, and the results after them", async () => {
  const out = new FakeOutput(false);
  await using pool = new ThreadPool(1);
  const odd = (x: number) => {
    if (x % 2 === 0) throw new RangeError(`${x} is even`);
    return x;
  };
  const results = out.over(pool.imap(odd, [1, 2, 3, 4, 5]));
  const outcomes: unknown[] = [];
  for (;;) {
    try {
      const next = await results.next();
      if (next.done) break;
      outcomes.push(next.value);
    } catch (error) {
      outcomes.push((error as Error).message);
    }
  }
  assertEquals(outcomes, [1, "2 is even", 3, "4 is even", 5]);
  assertEquals(out.lines, [
    "40 % 2 of 5 items, stopped after 0:00", // after the first error only
    "100 % 5 of 5 items, in 0:00",
    "",
  ]);
  assertEquals(await results.next(), { done: true, value: undefined });
  await assertRejects(() => out.over(pool.imap(odd, [1])).throw(new TypeError("given")), TypeError);
});

/** Returns a function that fails for a number, and returns others. */
const failingAt = (failed: number) => (x: number) => {
  if (x === failed) throw new RangeError("no");
  return x;
};

test("progress() shows its bar once if the last item is an error", async () => {
  const out = new FakeOutput(false);
  await using pool = new ThreadPool(1);
  const results = out.over(pool.imap(failingAt(2), [1, 2]));
  await results.next();
  await assertRejects(() => results.next(), RangeError);
  assertEquals(await results.next(), { done: true, value: undefined });
  assertEquals(out.lines, ["100 % 2 of 2 items, in 0:00", ""]);
});

test("progress() goes on when the next item is asked for long after an error", async () => {
  const out = new FakeOutput(false);
  await using pool = new ThreadPool(1);
  const results = out.over(pool.imap(failingAt(1), [1, 2, 3]));
  out.ms = 1000;
  await assertRejects(() => results.next(), RangeError);
  for (let turns = 0; turns < 3; turns++) await turn();
  assertEquals(out.lines, ["33 % 1 of 3 items, stopped after 0:00", ""]);
  out.ms = 3000;
  assertEquals([(await results.next()).value, (await results.next()).value], [2, 3]);
  await results.next();
  assertEquals(out.lines.at(-2), "100 % 3 of 3 items, 1.5/s, in 0:02"); // since it began
});

/** Items that are given when the clock has advanced by a second each: errors are thrown in their place. */
function timed(out: FakeOutput, items: (number | Error)[]): AsyncIterable<number> {
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await turn();
        out.ms += 1000;
        const value = items.shift();
        if (value instanceof Error) throw value;
        return { done: value === undefined, value } as IteratorResult<number>;
      },
    }),
  };
}

test("progress() begins with the loop, also if its first item takes long", async () => {
  const out = new FakeOutput(false);
  assertEquals(await Array.fromAsync(out.over(timed(out, [1]))), [1]);
  assertEquals(out.lines, ["1 items, 2.0 s each, in 0:02", ""]);
});

test("progress() ends after the first error, and goes on over others while items are asked for", async () => {
  const out = new FakeOutput(false);
  const results = out.over(timed(out, [new Error("1"), new Error("2"), 3, new Error("4")]));
  for (const text of ["1", "2"]) await assertRejects(() => results.next(), Error, text);
  assertEquals((await results.next()).value, 3);
  assertEquals(out.lines, ["1 items, 1/s, in 0:01", ""]);
  await assertRejects(() => results.next(), Error, "4");
  for (let turns = 0; turns < 3; turns++) await turn();
  assertEquals(out.lines, ["1 items, 1/s, in 0:01", "4 items, 1/s, in 0:04", ""]);
});

test("progress() counts items that several calls of next() wait for, and ends once", async () => {
  const out = new FakeOutput(false);
  await using pool = new ThreadPool(2);
  const results = out.over(pool.imap(Math.sqrt, [1, 4, 9, 16]));
  const all = await Promise.all([0, 1, 2, 3, 4].map(() => results.next()));
  assertEquals(all.map(({ value }) => value), [1, 2, 3, 4, undefined]);
  assertEquals(out.lines, ["100 % 4 of 4 items, in 0:00", ""]);
});

test("progress() that was left gives no items, and one whose items cannot be iterated ends", async () => {
  const out = new FakeOutput(false);
  let opened = 0;
  const items = {
    async *[Symbol.asyncIterator]() {
      opened++;
      yield 1;
    },
  };
  const left = out.over(items);
  await left.return(undefined);
  assertEquals([await left.next(), opened], [{ done: true, value: undefined }, 0]);
  const broken = out.over({
    [Symbol.asyncIterator](): AsyncIterator<number> {
      throw new RangeError("no iterator");
    },
  });
  await assertRejects(() => broken.next(), RangeError, "no iterator");
  await turn();
  assertEquals(out.lines.at(-2), "1 items, stopped after 0:00".replace("stopped after", "in"));
});

/** Items whose `return()` takes until the next turn. */
function slowToLeave() {
  const log: string[] = [];
  let given = 0;
  const items: AsyncIterableIterator<number> = {
    next: () => Promise.resolve({ done: given === 2, value: given++ } as IteratorResult<number>),
    async return() {
      log.push("return");
      await turn();
      log.push("returned");
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => items,
  };
  return { items, log };
}

test("progress() that is left waits until its items are left, once", async () => {
  const ways: ((results: AsyncGenerator<number>) => PromiseLike<unknown>)[] = [
    (results) => results.return(undefined),
    (results) => results[Symbol.asyncDispose](),
    (results) => assertRejects(() => results.throw(new RangeError("given")), RangeError, "given"),
  ];
  for (const leave of ways) {
    const out = new FakeOutput(false);
    const { items, log } = slowToLeave();
    const results = out.over(items, { total: 4 });
    await results.next();
    await results.next();
    await leave(results);
    assertEquals(log.splice(0), ["return", "returned"]);
    assertEquals(out.lines, ["25 % 1 of 4 items, stopped after 0:00", ""]);
    assertEquals(await results.return(undefined), { done: true, value: undefined });
    assertEquals([log, out.written.length], [[], 1]);
  }
});

test("progress() whose items have ended does not leave them", async () => {
  const { items, log } = slowToLeave();
  const results = new FakeOutput(false).over(items);
  assertEquals(await Array.fromAsync(results), [0, 1]);
  await results.return(undefined);
  assertEquals(log, []);
});

test("progress() takes no total from a length or a size that counts nothing", () => {
  for (const odd of [{ length: -1 }, { length: 0.5 }, { size: "3" }, { size: () => 3 }]) {
    const out = new FakeOutput(false);
    const items = { ...odd, [Symbol.iterator]: () => [1].values() };
    assertEquals([...out.over(items)], [1]);
    assertEquals(out.lines, ["1 items, in 0:00", ""]);
  }
  const out = new FakeOutput(false);
  assertEquals([...out.over([])], []);
  assertEquals(out.lines, ["100 % 0 of 0 items, in 0:00", ""]);
});

test("progress() takes the total from arrays, sets, and results of pools over them", async () => {
  await using pool = new Pool(1);
  await using executor = new ProcessPoolExecutor(1);
  const items = [1, 4, 9];
  const calls = items.map((x) => delayed(Math.sqrt)(x));
  const generator = { returnAs: "generator" } as const;
  try {
    for (
      const input of [
        new Set(items),
        pool.imap(Math.sqrt, items),
        pool.imapUnordered(Math.sqrt, new Set(items)),
        executor.map(Math.sqrt, items),
        executor.map(Math.pow, items, new Set([1, 2, 3, 4])),
        Parallel({ nJobs: 2, ...generator })(calls),
        Parallel({ nJobs: 1, ...generator })(calls),
      ]
    ) {
      const out = new FakeOutput(false);
      const results = await Array.fromAsync(out.over(input as AsyncIterable<number>));
      assertEquals(results.length, 3);
      assertEquals(out.lines, ["100 % 3 of 3 items, in 0:00", ""]);
    }
    const out = new FakeOutput(false);
    await Array.fromAsync(out.over(pool.imap(Math.sqrt, items.values())));
    assertEquals(out.lines, ["3 items, in 0:00", ""]);
  } finally {
    await stopTeam();
  }
});

test("progressBar() shows a call to its end, also if that fails", async () => {
  await using pool = new ThreadPool(2);
  const out = new FakeOutput(false);
  const fails = (x: number) => {
    if (x === 3) throw new RangeError("three");
    return x;
  };
  const options = (label: string) => ({ chunkSize: 1, onProgress: out.bar({ label }) });
  await pool.map(fails, [1, 2], options("map"));
  pool.mapSync(fails, [1, 2], options("mapSync"));
  await assertRejects(() => pool.map(fails, [1, 2, 3], options("fails")), RangeError);
  const [map, mapSync, failed] = out.lines;
  assertEquals(map, "map: 100 % 2 of 2 items, in 0:00");
  assertEquals(mapSync, "mapSync: 100 % 2 of 2 items, in 0:00");
  assert(/^fails: +\d+ % \d of 3 items, stopped after 0:00$/.test(failed), failed);
});

test("progress() and progressBar() reject bad options and items that are not iterable", () => {
  const bad = (options: unknown) => () => progressBar(options as ProgressBarOptions);
  const all: Required<ProgressBarOptions> = { label: "a", total: 3, unit: "files" };
  progressBar(all).end();
  assertThrows(bad({ labels: "a" }), TypeError, "Cannot show progress: there is no option labels");
  assertThrows(bad({ label: 5 }), TypeError, "options.label must be a string, not 5");
  assertThrows(bad({ total: -1 }), RangeError, "total must be an integer of at least 0, not -1");
  assertThrows(bad({ total: "3" }), TypeError, "total must be an integer");
  assertThrows(
    () => progressBar({ done: 1, total: 2, ended: false } as never),
    TypeError,
    "Write onProgress: progressBar()",
  );
  assertThrows(() => progress(5 as never), TypeError, "items must be an array or another iterable");
  assertThrows(() => progressBar().add(0.5), RangeError, "items must be an integer");
});

/** Runs a program that imports this package, and returns the lines of its stderr. */
async function runProgram(text: string): Promise<string[]> {
  const root = new URL("../../", import.meta.url);
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  const config = new URL("deno.json", root).pathname;
  await Deno.writeTextFile(path, text);
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-read", `--config=${config}`, path],
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return linesOf(stderr);
  } finally {
    await Deno.remove(path);
  }
}

test("a bar that was not ended does not keep the program alive, and is on stderr", async () => {
  const lines = await runProgram(`
    import { progressBar } from "@sauropod/multiprocessing/progress";
    progressBar({ label: "left", total: 2 }).add();
    const bar = progressBar({ label: "ended", total: 1 });
    bar.add();
    bar.end();
  `);
  assertEquals(lines.length, 1);
  assert(/^ended: 100 % 1 of 1 items, \d+\/s, in 0:00$/.test(lines[0]), lines[0]);
});

test("bars of a worker are not drawn", async () => {
  const lines = await runProgram(`
    import { Pool, task } from "@sauropod/multiprocessing";
    import { progress, progressBar } from "@sauropod/multiprocessing/progress";
    const sum = task(import.meta, (n) => {
      let sum = 0;
      for (const x of progress(Array(n).keys(), { label: "in a worker" })) sum += x;
      using bar = progressBar({ label: "in a worker" });
      bar.add();
      return sum;
    });
    if (import.meta.main) {
      await using pool = new Pool(1);
      await pool.map(sum, [3, 4], { onProgress: progressBar({ label: "here" }) });
    }
  `);
  assertEquals(lines.length, 1);
  assert(lines[0].startsWith("here: 100 % 2 of 2 items, "), lines[0]);
});
