// The declarations of lib/logging/record.ts

/** One thing that was logged: plain data, which can be sent through a queue. */
export interface LogRecord {
  /** Name of the logger. */
  readonly name: string;
  /** How much it matters. */
  readonly level: number;
  /** Name of the level. */
  readonly levelName: string;
  /** What was logged, as text. */
  readonly message: string;
  /** Name of the process that logged it. */
  readonly processName: string;
  /** Number of the process that logged it. */
  readonly pid: number;
  /** When: milliseconds since 1970. */
  readonly timeMs: number;
  /** Address of the module that logged it; empty if that is not known. */
  readonly fileName: string;
  /** The line there; 0 if that is not known. */
  readonly lineNumber: number;
}

/**
 * A record as one line, with its line break: `[INFO/Process-1] message`.
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
export declare function formatRecord({ levelName, processName, message }: LogRecord): string;

export {};
