// The declarations of lib/logging/logger.ts

import type { LogRecord } from "./record.d.ts";

/** The levels of log records: Python's, and the two that Python's `multiprocessing` adds. */
export declare const LogLevel: {
  /** No level is set; `WARNING` applies. */
  readonly NOTSET: 0;
  /** Less severe than `DEBUG`. */
  readonly SUBDEBUG: 5;
  /** Details of the package's work. */
  readonly DEBUG: 10;
  /** Normal events: processes start and end. */
  readonly INFO: 20;
  /** Less severe than `WARNING`. */
  readonly SUBWARNING: 25;
  /** A possible mistake. */
  readonly WARNING: 30;
  /** A failure. */
  readonly ERROR: 40;
  /** A failure after which the program cannot continue. */
  readonly CRITICAL: 50;
};

/** A level: its name, or any integer of at least 0. */
export type LogLevel = keyof typeof LogLevel | number;

/** Receives the log records of a process. */
export type LogHandler = ((record: LogRecord) => void) | {
  handle(record: LogRecord): void;
};

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
export declare class Logger {
  #private;
  /** The name of the logger. */
  readonly name = "multiprocessing";
  /** Logs at level `DEBUG`. */
  debug(...message: unknown[]): void;
  /** Logs at level `INFO`. */
  info(...message: unknown[]): void;
  /** Logs at level `WARNING`. */
  warning(...message: unknown[]): void;
  /** Logs at level `ERROR`. */
  error(...message: unknown[]): void;
  /** Logs at level `CRITICAL`. */
  critical(...message: unknown[]): void;
  /**
   * Logs at any level.
   *
   * @throws {RangeError} if the level is neither a name nor an integer of at least 0
   */
  log(level: LogLevel, ...message: unknown[]): void;
  /** The level that a process has set; 0 if none was set. */
  get level(): number;
  /** The minimum level of log records: the level that was set, or `WARNING`. */
  get effectiveLevel(): number;
  /**
   * Sets the minimum level of log records in all processes.
   *
   * @throws {RangeError} if the level is neither a name nor an integer of at least 0
   */
  setLevel(level: LogLevel): void;
  /**
   * Returns whether records of this level are logged. Check this before making a costly message.
   */
  isEnabledFor(level: LogLevel): boolean;
  /**
   * Adds a handler for the log records of this process. An error in it is printed.
   *
   * @throws {TypeError} if the handler is neither a function nor an object with a method `handle`
   */
  addHandler(handler: LogHandler): void;
  /** Removes a handler. Does nothing if it was not added. */
  removeHandler(handler: LogHandler): void;
}

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
export declare function getLogger(): Logger;

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
export declare function logToStderr(level?: LogLevel | false): Logger;

export {};
