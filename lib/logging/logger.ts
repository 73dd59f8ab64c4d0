/**
 * The logger of the package.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `logLevel` | level below which nothing is logged; 0: not set, which means `WARNING` | `setLevel` |
 * | `logToStderr` | 1 if all processes write what is logged to stderr | `logToStderr` |
 *
 * Both are words of the program, so that a change counts for every process at once. Handlers are
 * functions and belong to the process that adds them.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import { installHooks } from "../heap/hooks.ts";
import { i32 } from "../heap/views.ts";
import { describe } from "../arguments/describe.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { debugLog } from "../runtime/debug_log.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { writeWhole } from "./output.ts";
import { callerOf, formatRecord, type LogRecord, textOf } from "./record.ts";

/** Level below which nothing is logged; 0: not set. */
const LOG_LEVEL = rootWord(12, "log level");
/** 1 if log records are written to stderr. */
const LOG_TO_STDERR = rootWord(13, "log to stderr");

/** Names of the levels, and what they stand for: Python's, with the two that `multiprocessing` adds. */
export const LogLevel = {
  /** Not set: what counts is `WARNING`. */
  NOTSET: 0,
  /** Less than `DEBUG`. */
  SUBDEBUG: 5,
  /** What the library does in detail. */
  DEBUG: 10,
  /** What goes as it should: processes begin and end. */
  INFO: 20,
  /** Less than `WARNING`. */
  SUBWARNING: 25,
  /** What may be a mistake. */
  WARNING: 30,
  /** What failed. */
  ERROR: 40,
  /** What the program cannot go on after. */
  CRITICAL: 50,
} as const;

/** A level: its name, or a number between theirs. */
export type LogLevel = keyof typeof LogLevel | number;

/** Takes what is logged in a process. */
export type LogHandler = ((record: LogRecord) => void) | { handle(record: LogRecord): void };

const NOWHERE = { fileName: "", lineNumber: 0 };

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
export class Logger {
  /** Its name. */
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
   * @throws {RangeError} if there is no such level
   */
  log(level: LogLevel, ...message: unknown[]): void {
    this.#log(numberOf(level), message, this.log);
  }

  /** The level that was set, in any process; 0 if none was. */
  get level(): number {
    ensureIsolate();
    return Atomics.load(i32, LOG_LEVEL);
  }

  /** The level below which nothing is logged: the one that was set, or `WARNING`. */
  get effectiveLevel(): number {
    return this.level || LogLevel.WARNING;
  }

  /**
   * Has all processes log only what matters as much, from now on.
   *
   * @throws {RangeError} if there is no such level
   */
  setLevel(level: LogLevel): void {
    const number = numberOf(level);
    ensureIsolate();
    Atomics.store(i32, LOG_LEVEL, number);
  }

  /** Whether something of this level is logged: so that costly messages are not made in vain. */
  isEnabledFor(level: LogLevel): boolean {
    return numberOf(level) >= this.effectiveLevel;
  }

  /**
   * Gives what is logged in this process to the handler too. What it throws is printed.
   *
   * @throws {TypeError} if it is neither a function nor an object with `handle`
   */
  addHandler(handler: LogHandler): void {
    if (typeof handler !== "function" && typeof handler?.handle !== "function") {
      throw new TypeError(
        "Cannot add handler: it must be a function, or an object with a method handle",
      );
    }
    this.#handlers.add(handler);
  }

  /** Takes a handler back; one that was not added is no mistake. */
  removeHandler(handler: LogHandler): void {
    this.#handlers.delete(handler);
  }

  #log(level: number, message: readonly unknown[], above: (...args: never) => unknown): void {
    if (level < this.effectiveLevel) return;
    const heard = this.#handlers.size > 0;
    const record: LogRecord = {
      name: this.name,
      level,
      levelName: nameOf(level),
      message: textOf(message),
      processName: currentIdentity().name,
      pid: i32[thisIsolate + isolateWord.PID],
      timeMs: Date.now(),
      ...(heard ? callerOf(above) : NOWHERE), // some 40 µs, and stderr does not need it
    };
    for (const handler of [...this.#handlers]) {
      try {
        if (typeof handler === "function") handler(record);
        else handler.handle(record);
      } catch (error) {
        console.error("Uncaught in a log handler:", error);
      }
    }
    const isLastResort = !heard && level >= LogLevel.WARNING;
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
export function getLogger(): Logger {
  return logger;
}

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
  throw new RangeError(
    `Cannot use log level ${describe(level)}: it must be a whole number or one of ` +
      Object.keys(LogLevel).join(", "),
  );
}

function nameOf(level: number): string {
  for (const [name, number] of Object.entries(LogLevel)) if (number === level) return name;
  return `Level ${level}`;
}
