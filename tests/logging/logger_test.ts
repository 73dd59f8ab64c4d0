import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Event,
  formatRecord,
  getLogger,
  type LogHandler,
  LogLevel,
  type LogRecord,
  logToStderr,
  Pool,
  Process,
  Queue,
  task,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { linesOf, runWithMp } from "../fixtures/programs.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const logger = getLogger();

/** Returns the records that this process logs while `work` runs, at the given level. */
async function logged(
  level: LogLevel,
  work: () => unknown,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const handler = (record: LogRecord) => records.push(record);
  logger.setLevel(level);
  logger.addHandler(handler);
  try {
    await work();
    return records;
  } finally {
    logger.removeHandler(handler);
    logger.setLevel("NOTSET");
  }
}

const messagesOf = (records: LogRecord[]) => records.map(({ message }) => message);

test("getLogger() returns one logger, named as Python's", () => {
  assert(getLogger() === logger);
  assertEquals(logger.name, "multiprocessing");
});

test("Logger.log() and the methods of levels log records of the set level and above", async () => {
  const logAll = () => {
    logger.debug("a");
    logger.info("b");
    logger.warning("c");
    logger.error("d");
    logger.critical("e");
    logger.log("SUBDEBUG", "f");
    logger.log(LogLevel.SUBWARNING, "g");
    logger.log(35, "h");
  };
  const all = await logged("SUBDEBUG", logAll);
  assertEquals(
    all.map(({ level, levelName, message }) => [level, levelName, message]),
    [
      [10, "DEBUG", "a"],
      [20, "INFO", "b"],
      [30, "WARNING", "c"],
      [40, "ERROR", "d"],
      [50, "CRITICAL", "e"],
      [5, "SUBDEBUG", "f"],
      [25, "SUBWARNING", "g"],
      [35, "Level 35", "h"],
    ],
  );
  assertEquals(messagesOf(await logged("INFO", logAll)), ["b", "c", "d", "e", "g", "h"]);
  assertEquals(messagesOf(await logged("NOTSET", logAll)), ["c", "d", "e", "h"], "as WARNING");
  assertEquals(messagesOf(await logged(51, logAll)), []);
});

test("Logger.info() joins the parts of a message as console.log does", async () => {
  const records = await logged("INFO", () => {
    logger.info("size", 3, { a: ["x"] }, undefined, new Map([[1, "one"]]));
    logger.info();
    logger.info("100 %", "sure");
  });
  assertEquals(messagesOf(records), [
    'size 3 { a: [ "x" ] } undefined Map(1) { 1 => "one" }',
    "",
    "100 % sure",
  ]);
});

test("Logger.info() replaces places in the first part of a message, as Python and console.log do", async () => {
  const records = await logged("INFO", () => {
    logger.info("%s has %d of %i parts, %f %%", "it", 2, 3.7, 66.5);
    logger.info("%s %o %j %c", ["a"], "b", { c: 1 }, "color: red");
    logger.info("%s and %s", "one");
    logger.info("%d %d %d", 12n, "12", {});
    logger.info("one", "%s", 2);
    logger.info("100 %s");
    logger.info({ n: 1 }, "%s", 2);
    logger.info("%j", undefined);
  });
  assertEquals(messagesOf(records), [
    "it has 2 of 3 parts, 66.5 %",
    '[ "a" ] "b" {"c":1} ',
    "one and %s",
    "12 12 NaN",
    "one %s 2",
    "100 %s",
    "{ n: 1 } %s 2",
    "undefined",
  ]);
});

test("Logger records contain module and line of the caller, not of the package", async () => {
  using time = new FakeTime(1_000);
  const records = await logged("INFO", () => {
    logger.info("here");
    logger.log("INFO", "there");
  });
  for (const record of records) {
    assertEquals(record.fileName, import.meta.url);
    assertEquals([record.processName, record.pid], ["MainProcess", 1]);
    assertEquals(record.timeMs, time.now);
  }
  assertEquals(records[1].lineNumber, records[0].lineNumber + 1);
  const source = await Deno.readTextFile(new URL(import.meta.url));
  assertMatch(source.split("\n")[records[0].lineNumber - 1], /logger\.info\("here"\)/);
});

test("Logger.addHandler() accepts functions and objects, each once, and removeHandler() removes them", async () => {
  const seen: string[] = [];
  const object = { handle: ({ message }: LogRecord) => seen.push(`object ${message}`) };
  const fn = ({ message }: LogRecord) => seen.push(`function ${message}`);
  await logged("INFO", () => {
    for (const handler of [object, fn, fn]) logger.addHandler(handler);
    logger.info("1");
    logger.removeHandler(object);
    logger.info("2");
    logger.removeHandler(fn);
    logger.removeHandler(fn);
    logger.info("3");
  });
  assertEquals(seen, ["object 1", "function 1", "function 2"]);
});

test("Logger.addHandler() and setLevel() reject invalid handlers and levels", () => {
  for (const handler of [undefined, {}, "stderr"]) {
    assertThrows(() => logger.addHandler(handler as unknown as LogHandler), TypeError, "handle");
  }
  for (const level of ["info", "", -1, 1.5, NaN, 2 ** 31]) {
    for (const use of [logger.setLevel, logger.log, logger.isEnabledFor, logToStderr]) {
      assertThrows(() => use.call(logger, level as LogLevel), RangeError, "Cannot use log level");
    }
  }
});

test("Logger.setLevel() in any process applies to all processes immediately", async () => {
  const [seen, next] = [new Queue<[string, number, boolean]>(), new Event()];
  const follow = async (name: string, out: typeof seen, next: Event, module: string) => {
    const { getLogger } = await import(module);
    const logger = getLogger();
    for (let turn = 0; turn < 2; turn++) {
      out.putSync([name, logger.level, logger.isEnabledFor("INFO")]);
      await next.wait();
      next.clear();
    }
    out.putSync([name, logger.level, logger.isEnabledFor("INFO")]);
    logger.setLevel("ERROR");
  };
  logger.setLevel("DEBUG");
  const module = new URL("../../mod.ts", import.meta.url).href;
  const process = run(follow, "child", seen, next, module);
  assertEquals(await seen.get(guard), ["child", 10, true]);
  logger.setLevel(LogLevel.WARNING); // while the worker is running
  next.set();
  assertEquals(await seen.get(guard), ["child", 30, false]);
  logger.setLevel("NOTSET");
  next.set();
  assertEquals(await seen.get(guard), ["child", 0, false]);
  await ended(process);
  assertEquals([logger.level, logger.effectiveLevel], [40, 40], "the child has set it");
  logger.setLevel("NOTSET");
});

const logToQueue = task(import.meta, (out: Queue<LogRecord>) => {
  const handler = (record: LogRecord) => out.putSync(record);
  logger.addHandler(handler);
  logger.warning("from the worker");
  logger.removeHandler(handler);
});

test("Logger records of a worker have its name and pid, and can be sent through a queue", async () => {
  const out = new Queue<LogRecord>();
  const process = new Process({ target: logToQueue, args: [out], name: "Reader" });
  process.start();
  const record = await out.get(guard);
  assertEquals(record.message, "from the worker");
  assertEquals([record.processName, record.pid], ["Reader", process.pid!]);
  assertEquals(record.fileName, import.meta.url);
  await ended(process as unknown as Process);
});

test("Logger logs the work of the package, at low levels only", async () => {
  const work = async () => {
    const process = run(() => {});
    await ended(process);
    await using pool = new Pool(1);
    await pool.map(Math.sqrt, [1]);
  };
  assertEquals(await logged("INFO", work), [], "all that the main program has is DEBUG");
  const notes = (await logged("DEBUG", work)).map(({ levelName, message }) =>
    `${levelName} ${message.replace(/\d+/g, "N")}`
  );
  const removed = "DEBUG removed worker PoolWorker-N: exit code N"; // logged only if the pool still receives
  assertEquals(notes.filter((text) => text !== removed), [
    "DEBUG worker N ended: exit code N",
    "DEBUG added worker PoolWorker-N",
    "DEBUG worker N ended: exit code N",
  ]);
});

test("formatRecord() rejects what is no record", () => {
  const record = { levelName: "INFO", processName: "one", message: "text" };
  assertEquals(formatRecord(record as LogRecord), "[INFO/one] text\n");
  for (const other of [undefined, "text", [record]]) {
    assertThrows(() => formatRecord(other as never), TypeError, "record must be a record, not ");
  }
  for (const name of Object.keys(record)) {
    const broken = { ...record, [name]: 5 } as never;
    assertThrows(() => formatRecord(broken), TypeError, `record.${name} must be a string, not 5`);
  }
});

// Programs, whose stderr is checked

Deno.test("logToStderr() makes every process write [LEVEL/Process] message", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    const logger = mp.logToStderr("INFO");
    const child = mp.task(import.meta, () => {
      mp.getLogger().info("working");
      mp.getLogger().debug("not said");
    });
    if (import.meta.main) {
      logger.warning("doomed");
      const process = new mp.Process({ target: child, name: "Child" });
      process.start();
      await process.join();
      const failing = new mp.Process({ target: () => Deno.exit(3) });
      failing.start();
      await failing.join();
      await using pool = new mp.Pool(1);
      await pool.apply(Math.sqrt, [4]);
    }
  `);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(linesOf(stderr), [
    "[WARNING/MainProcess] doomed",
    "[INFO/Child] child process calling run()",
    "[INFO/Child] working",
    "[INFO/Child] process exiting with exit code 0",
    "[INFO/Process-1] child process calling run()",
    "[INFO/Process-1] process exiting with exit code 3",
    "[INFO/PoolWorker-1] child process calling run()",
    "[INFO/PoolWorker-1] process exiting with exit code 0",
  ]);
});

Deno.test("logToStderr() called twice writes once, and logToStderr(false) stops writing", async () => {
  const { code, stderr } = await runWithMp(`
    mp.logToStderr();
    mp.logToStderr("INFO");
    mp.getLogger().info("once");
    const process = new mp.Process({ target: () => {} });
    mp.logToStderr(false);
    mp.getLogger().info("not written");
    process.start();
    await process.join();
  `);
  assertEquals([code, stderr], [0, "[INFO/MainProcess] once\n"]);
});

Deno.test("Logger without a handler writes warnings to stderr, with a handler it does not", async () => {
  const { code, stderr } = await runWithMp(`
    const logger = mp.getLogger();
    logger.info("not written");
    logger.warning("written");
    const handler = { handle: () => {} };
    logger.addHandler(handler);
    logger.error("handled");
    logger.removeHandler(handler);
    logger.error("written too");
  `);
  assertEquals(code, 0);
  assertEquals(stderr, "[WARNING/MainProcess] written\n[ERROR/MainProcess] written too\n");
});

Deno.test("Logger prints the error of a handler and continues", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    const logger = mp.getLogger();
    logger.addHandler(() => { throw new RangeError("broken handler"); });
    logger.addHandler(async () => { throw new RangeError("broken async handler"); });
    logger.addHandler(({ message }) => console.log(message));
    logger.error("heard");
  `);
  assertEquals([code, stdout], [0, "heard\n"]);
  assertMatch(stderr, /^Uncaught in a log handler: RangeError: broken handler\n/);
  assertMatch(stderr, /^Uncaught in a log handler: RangeError: broken async handler\n/m);
});

Deno.test("Logger with a closed stderr affects neither the program nor its workers", async () => {
  const { code, stdout } = await runWithMp(`
    Deno.stderr.close();
    mp.logToStderr("DEBUG").critical("nobody reads this");
    const process = new mp.Process({ target: () => console.log("works") });
    process.start();
    await process.join();
    console.log(process.exitCode);
  `);
  assertEquals([code, stdout], [0, "works\n0\n"]);
});
