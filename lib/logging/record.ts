/**
 * Log records and their text form.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { checkString, wrongType } from "../arguments/values.ts";

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
export function formatRecord(record: LogRecord): string {
  if (!isOptionsObject(record)) throw wrongType("format record", "record", "a record", record);
  const { levelName, processName, message } = record;
  for (const [name, value] of Object.entries({ levelName, processName, message })) {
    checkString("format record", `record.${name}`, value);
  }
  return `[${levelName}/${processName}] ${message}\n`;
}

/**
 * Joins the parts of a message to one text, as `console.log` does: the first may have places for others,
 * such as `%s` and `%d`.
 */
export function textOf(parts: readonly unknown[]): string {
  const [format, ...rest] = parts;
  if (typeof format !== "string" || rest.length === 0) return parts.map(shown).join(" ");
  const text = format.replace(/%([sdifoOjc%])/g, (place, kind) => {
    if (kind === "%") return "%";
    return rest.length === 0 ? place : inPlace(kind, rest.shift());
  });
  return [text, ...rest.map(shown)].join(" ");
}

function shown(part: unknown): string {
  return typeof part === "string" ? part : Deno.inspect(part);
}

/** Returns what is put in a place of a message, by the letter of the place. */
function inPlace(kind: string, part: unknown): string {
  switch (kind) {
    case "s":
      return shown(part);
    case "c": // a style
      return "";
    case "j":
      return JSON.stringify(part) ?? "undefined";
    case "o":
    case "O":
      return Deno.inspect(part);
  }
  if (typeof part === "bigint") return String(part);
  const number = typeof part === "number" || typeof part === "string" ? Number(part) : NaN;
  return String(kind === "i" ? Math.trunc(number) : number);
}

/** Returns where the function `above` was called. */
export function callerOf(above: (...args: never) => unknown): {
  fileName: string;
  lineNumber: number;
} {
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, above);
  // The second line is "    at fn (file:///a.ts:1:2)" or "    at file:///a.ts:1:2".
  const [, fileName = "", line = "0"] =
    site.stack?.match(/^.*\n +at (?:.*\()?(\S+?):(\d+):\d+\)?(?:\n|$)/) ?? [];
  return { fileName, lineNumber: Number(line) };
}
