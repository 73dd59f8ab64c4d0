/**
 * The logger of the package.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `logLevel` | minimum level of log records; 0: not set, which means `WARNING` | `setLevel()` |
 * | `logToStderr` | 1 if all processes write log records to stderr | `logToStderr()` |
 *
 * Both words belong to the program, so a change applies to every process immediately. Handlers are
 * functions and belong to the process that adds them.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import { installHooks } from "../heap/hooks.ts";
import { i32 } from "../heap/views.ts";
import { hasMethod, outOfRange, wrongType } from "../arguments/values.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { callReporting } from "../sync/callbacks.ts";
import { debugLog } from "../runtime/debug_log.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { writeWhole } from "./output.ts";
import { callerOf, formatRecord, type LogRecord, textOf } from "./record.ts";

/** Level below which nothing is logged; 0: not set. */
const LOG_LEVEL = rootWord(12, "log level");
/** 1 if log records are written to stderr. */
const LOG_TO_STDERR = rootWord(13, "log to stderr");

/** The levels of log records: Python's, and the two that Python's `multiprocessing` adds. */
export const LogLevel = {
  /** No level is set; `WARNING` applies. */
  NOTSET: 0,
  /** Less severe than `DEBUG`. */
  SUBDEBUG: 5,
  /** Details of the package's work. */
  DEBUG: 10,
  /** Normal events: processes start and end. */
  INFO: 20,
  /** Less severe than `WARNING`. */
  SUBWARNING: 25,
  /** A possible mistake. */
  WARNING: 30,
  /** A failure. */
  ERROR: 40,
  /** A failure after which the program cannot continue. */
  CRITICAL: 50,
} as const;

/** A level: its name, or any integer of at least 0. */
export type LogLevel = keyof typeof LogLevel | number;

/** Receives the log records of a process. */
export type LogHandler = ((record: LogRecord) => void) | { handle(record: LogRecord): void };

const UNKNOWN_CALLER = { fileName: "", lineNumber: 0 };

/**
 * The logger of the package, which programs may use as well.
 *
 * - `setLevel()` in any process applies to all processes immediately, including running ones.
 * - A message has any number of parts, as for `console.log`: strings are used as they are, other
 *   values as `Deno.inspect` formats them. If the first has places such as `%s`, `%d` and `%o`, the next
 *   parts are put there, as in Python.
 * - A handler receives the records of the process that added it. In a process without handlers,
 *   records of level `WARNING` and above go to stderr. After {@linkcode logToStderr}, all records
 *   of all processes do.
 * - Each record is one write to stderr, so the lines of processes do not mix.
 *
 * Follows Python's `logging.Logger`, as returned by `multiprocessing.get_logger()`.
 *
 * @example The log records of workers in one place
 * ```ts
 * import { getLogger, type LogRecord, Process, Queue, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const read = task(import.meta, (records: Queue<LogRecord>) => {
 *   getLogger().addHandler((record) => records.putSync(record));
 *   getLogger().warning("low on memory");
 * });
 *
 * if (import.meta.main) {
 *   const records = new Queue<LogRecord>();
 *   const process = new Process({ target: read, args: [records], name: "Reader" });
 *   process.start();
 *   const { message, processName } = await records.get();
 *   assertEquals([message, processName], ["low on memory", "Reader"]);
 *   await process.join();
 * }
 * ```
 */
export class Logger {
  /** The name of the logger. */
  readonly name = "multiprocessing";
  readonly #handlers = new Set<LogHandler>();

  /** Logs at level `DEBUG`. */
  debug(...message: unknown[]): void {
    this.#log(LogLevel.DEBUG, message, this.debug);
  }

  /** Logs at level `INFO`. */
  info(...message: unknown[]): void {
    this.#log(LogLevel.INFO, message, this.info);
  }

  /** Logs at level `WARNING`. */
  warning(...message: unknown[]): void {
    this.#log(LogLevel.WARNING, message, this.warning);
  }

  /** Logs at level `ERROR`. */
  error(...message: unknown[]): void {
    this.#log(LogLevel.ERROR, message, this.error);
  }

  /** Logs at level `CRITICAL`. */
  critical(...message: unknown[]): void {
    this.#log(LogLevel.CRITICAL, message, this.critical);
  }

  /**
   * Logs at any level.
   *
   * @throws {RangeError} if the level is neither a name nor an integer of at least 0
   */
  log(level: LogLevel, ...message: unknown[]): void {
    this.#log(numberOf(level), message, this.log);
  }

  /** The level that a process has set; 0 if none was set. */
  get level(): number {
    ensureIsolate();
    return Atomics.load(i32, LOG_LEVEL);
  }

  /** The minimum level of log records: the level that was set, or `WARNING`. */
  get effectiveLevel(): number {
    return this.level || LogLevel.WARNING;
  }

  /**
   * Sets the minimum level of log records in all processes.
   *
   * @throws {RangeError} if the level is neither a name nor an integer of at least 0
   */
  setLevel(level: LogLevel): void {
    const number = numberOf(level);
    ensureIsolate();
    Atomics.store(i32, LOG_LEVEL, number);
  }

  /**
   * Returns whether records of this level are logged. Check this before making a costly message.
   */
  isEnabledFor(level: LogLevel): boolean {
    return numberOf(level) >= this.effectiveLevel;
  }

  /**
   * Adds a handler for the log records of this process. An error in it is printed.
   *
   * @throws {TypeError} if the handler is neither a function nor an object with a method `handle`
   */
  addHandler(handler: LogHandler): void {
    checkHandler("add handler", handler);
    this.#handlers.add(handler);
  }

  /** Removes a handler. Does nothing if it was not added. */
  removeHandler(handler: LogHandler): void {
    checkHandler("remove handler", handler);
    this.#handlers.delete(handler);
  }

  #log(level: number, message: readonly unknown[], above: (...args: never) => unknown): void {
    if (level < this.effectiveLevel) return;
    const hasHandlers = this.#handlers.size > 0;
    const record: LogRecord = {
      name: this.name,
      level,
      levelName: nameOf(level),
      message: textOf(message),
      processName: currentIdentity().name,
      pid: i32[thisIsolate + isolateWord.PID],
      timeMs: Date.now(),
      ...(hasHandlers ? callerOf(above) : UNKNOWN_CALLER), // takes about 40 µs; not part of a line
    };
    for (const handler of [...this.#handlers]) {
      callReporting(
        "a log handler",
        () => typeof handler === "function" ? handler(record) : handler.handle(record),
      );
    }
    const isLastResort = !hasHandlers && level >= LogLevel.WARNING;
    if (isLastResort || Atomics.load(i32, LOG_TO_STDERR) !== 0) {
      writeWhole("stderr", formatRecord(record));
    }
  }

  static {
    installHooks({
      debugLog: (level, message) => logger.#log(level, [message], debugLog),
    });
  }
}

const logger = new Logger();

/**
 * Returns the logger of the package in this process.
 *
 * Follows Python's `multiprocessing.get_logger`.
 *
 * @example Levels
 * ```ts
 * import { getLogger } from "@sauropod/multiprocessing";
 * import { assert } from "@std/assert";
 *
 * const logger = getLogger();
 * assert(logger.isEnabledFor("WARNING"));
 * assert(!logger.isEnabledFor("INFO"));
 * logger.info("this is not logged");
 * ```
 */
export function getLogger(): Logger {
  return logger;
}

/**
 * Makes all processes of the program write their log records to stderr, as
 * `[INFO/Process-1] message`. Idempotent: each record is written once.
 *
 * Follows Python's `multiprocessing.log_to_stderr`.
 *
 * @param level the level to set; `false` to stop writing
 * @returns the logger
 * @throws {RangeError} if the level is neither a name nor an integer of at least 0
 *
 * @example The errors of all processes
 * ```ts
 * import { logToStderr } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const logger = logToStderr("ERROR"); // [ERROR/Process-1] message
 * assertEquals(logger.isEnabledFor("INFO"), false);
 * logger.info("not written");
 * ```
 */
export function logToStderr(level?: LogLevel | false): Logger {
  ensureIsolate();
  if (level !== undefined && level !== false) logger.setLevel(level);
  Atomics.store(i32, LOG_TO_STDERR, level === false ? 0 : 1);
  return logger;
}

function numberOf(level: LogLevel): number {
  if (typeof level === "number" && Number.isInteger(level) && level >= 0 && level < 2 ** 31) {
    return level;
  }
  if (typeof level === "string" && Object.hasOwn(LogLevel, level)) return LogLevel[level];
  const isOfType = typeof level === "number" || typeof level === "string";
  throw (isOfType ? outOfRange : wrongType)(
    "use log level",
    "level",
    `an integer of at least 0 or one of ${Object.keys(LogLevel).join(", ")}`,
    level,
  );
}

function checkHandler(verb: string, handler: unknown): void {
  if (typeof handler === "function" || hasMethod(handler, "handle")) return;
  throw wrongType(verb, "handler", "a function or an object with a method handle", handler);
}

function nameOf(level: number): string {
  for (const [name, number] of Object.entries(LogLevel)) if (number === level) return name;
  return `Level ${level}`;
}
