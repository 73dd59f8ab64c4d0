/**
 * What is logged, and how it reads.
 *
 * @module
 */

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
export function formatRecord({ levelName, processName, message }: LogRecord): string {
  return `[${levelName}/${processName}] ${message}\n`;
}

/** What was logged as one text, put together as `console.log` does. */
export function textOf(parts: readonly unknown[]): string {
  return parts.map((part) => typeof part === "string" ? part : Deno.inspect(part)).join(" ");
}

/** Where the function `above` was called. */
export function callerOf(above: (...args: never) => unknown): {
  fileName: string;
  lineNumber: number;
} {
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, above);
  // "    at fn (file:///a.ts:1:2)" or "    at file:///a.ts:1:2", in the line after the first
  const [, fileName = "", line = "0"] =
    site.stack?.match(/^.*\n +at (?:.*\()?(\S+?):(\d+):\d+\)?(?:\n|$)/) ?? [];
  return { fileName, lineNumber: Number(line) };
}
