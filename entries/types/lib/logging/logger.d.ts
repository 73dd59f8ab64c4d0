// The declarations of lib/logging/logger.ts

import type { LogRecord } from "./record.d.ts";

/** Names of the levels, and what they stand for: Python's, with the two that `multiprocessing` adds. */
export declare const LogLevel: {
  /** Not set: what counts is `WARNING`. */
  readonly NOTSET: 0;
  /** Less than `DEBUG`. */
  readonly SUBDEBUG: 5;
  /** What the library does in detail. */
  readonly DEBUG: 10;
  /** What goes as it should: processes begin and end. */
  readonly INFO: 20;
  /** Less than `WARNING`. */
  readonly SUBWARNING: 25;
  /** What may be a mistake. */
  readonly WARNING: 30;
  /** What failed. */
  readonly ERROR: 40;
  /** What the program cannot go on after. */
  readonly CRITICAL: 50;
};

/** A level: its name, or a number between theirs. */
export type LogLevel = keyof typeof LogLevel | number;

/** Takes what is logged in a process. */
export type LogHandler = ((record: LogRecord) => void) | {
  handle(record: LogRecord): void;
};

/**
 * What the library, and who wants to, logs: the same in every process of a program.
 *
 * - `setLevel()` in any process counts for all of them at once, those that run already included.
 * - A message is whatever `console.log` takes: strings as they are, the rest as `Deno.inspect` shows it.
 * - A handler gets what is logged in the process that added it. Where there is none, warnings and
 *   worse go to stderr, as they do everywhere after {@linkcode logToStderr}.
 * - On stderr each record is one write, so that no two processes mix their lines.
 *
 * Follows Python's `logging.Logger`, as far as `multiprocessing.get_logger()` is used.
 *
 * @example What workers log, in one place
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
  /** Its name. */
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
   * @throws {RangeError} if there is no such level
   */
  log(level: LogLevel, ...message: unknown[]): void;
  /** The level that was set, in any process; 0 if none was. */
  get level(): number;
  /** The level below which nothing is logged: the one that was set, or `WARNING`. */
  get effectiveLevel(): number;
  /**
   * Has all processes log only what matters as much, from now on.
   *
   * @throws {RangeError} if there is no such level
   */
  setLevel(level: LogLevel): void;
  /** Whether something of this level is logged: so that costly messages are not made in vain. */
  isEnabledFor(level: LogLevel): boolean;
  /**
   * Gives what is logged in this process to the handler too. What it throws is printed.
   *
   * @throws {TypeError} if it is neither a function nor an object with `handle`
   */
  addHandler(handler: LogHandler): void;
  /** Takes a handler back; one that was not added is no mistake. */
  removeHandler(handler: LogHandler): void;
}

/**
 * The logger of the package, in this process.
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
 * logger.info("nobody reads this");
 * ```
 */
export declare function getLogger(): Logger;

/**
 * Has all processes of the program write what is logged to stderr, as `[INFO/Process-1] message`.
 *
 * Follows Python's `multiprocessing.log_to_stderr`; calling it twice does not write twice.
 *
 * @param level sets the level too; `false`: nothing is written any more
 * @returns the logger
 * @throws {RangeError} if there is no such level
 *
 * @example Following what goes wrong in any process
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
