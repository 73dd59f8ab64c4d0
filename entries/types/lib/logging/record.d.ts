// The declarations of lib/logging/record.ts

/** A log record. It is plain data and can be sent through a queue. */
export interface LogRecord {
  /** Name of the logger. */
  readonly name: string;
  /** The level, as a number. */
  readonly level: number;
  /** Name of the level. */
  readonly levelName: string;
  /** The message as text. */
  readonly message: string;
  /** Name of the process that logged the record. */
  readonly processName: string;
  /** The `pid` of that process. */
  readonly pid: number;
  /** Time of the record, in milliseconds since 1970. */
  readonly timeMs: number;
  /** URL of the module that logged the record; empty if unknown. */
  readonly fileName: string;
  /** Line number in that module; 0 if unknown. */
  readonly lineNumber: number;
}

/**
 * Formats a record as a line, including the line break: `[INFO/Process-1] message`.
 *
 * Follows Python's format of `log_to_stderr`, `[%(levelname)s/%(processName)s] %(message)s`.
 *
 * @example The line of a record
 * ```ts
 * import { formatRecord, getLogger, type LogRecord } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const collect = (record: LogRecord) => lines.push(formatRecord(record));
 * getLogger().addHandler(collect);
 * getLogger().error("no such file:", { name: "a.nii" });
 * getLogger().removeHandler(collect);
 * assertEquals(lines, ['[ERROR/MainProcess] no such file: { name: "a.nii" }\n']);
 * ```
 */
export declare function formatRecord(record: LogRecord): string;

export {};
