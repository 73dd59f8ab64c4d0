/**
 * Tagged output: each line that a worker prints begins with the worker's name.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `tagOutput` | 1 if workers that start from now on tag their lines | `tagOutput()` |
 *
 * In the workers of a program that has called `tagOutput()`, and only there, the methods of
 * `console` are replaced by those of another `Console` of Deno, which prints to a
 * {@linkcode LineTagger}. The methods that write to `Deno.stdout` and `Deno.stderr` are replaced as
 * well. This is unavoidable: Deno gives a worker the streams of the program and has no streams of
 * workers. It happens before any module of the user is imported.
 *
 * @module
 */

import { checkBoolean } from "../arguments/values.ts";
import { rootWord } from "../heap/root_words.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";
import type { Output } from "../runtime/worker.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { type Stream, writeBytes } from "./output.ts";
import { textOf } from "./record.ts";

/** 1 if the lines that workers print are tagged. */
export const TAG_OUTPUT: number = rootWord(14, "tag output");

/**
 * Makes each line that a worker prints begin with the worker's name: `[Process-1] line`.
 *
 * - It applies to workers that start afterwards, whichever process calls it.
 * - It applies to `console`, `Deno.stdout`, `Deno.stderr`, and to `process.stdout` unless that is a
 *   terminal. The output of subprocesses is not tagged.
 * - A line is written in one piece when it is complete. An incomplete last line is written with a
 *   line break when the worker ends: when it returns, throws, exits, or is terminated while it
 *   waits.
 * - Log records are not tagged: they contain the name.
 *
 * Python has no counterpart.
 *
 * @param on whether to tag
 *
 * @example Tagged lines
 * ```ts
 * import { Process, tagOutput } from "@sauropod/multiprocessing";
 *
 * if (import.meta.main) {
 *   tagOutput();
 *   const process = new Process({ target: () => console.log({ answer: 42 }) });
 *   process.start(); // [Process-1] { answer: 42 }
 *   await process.join();
 * }
 * ```
 */
export function tagOutput(on = true): void {
  checkBoolean("tag output", "on", on);
  ensureIsolate();
  Atomics.store(i32, TAG_OUTPUT, on ? 1 : 0);
}

const NEWLINE = 10;
const encoder = new TextEncoder();

/** Splits the output to a stream into lines, and writes complete lines with a tag before each. */
export class LineTagger {
  readonly #tag: Uint8Array;
  readonly #write: (bytes: Uint8Array) => void;
  /** The beginning of an incomplete line. */
  #rest: Uint8Array = new Uint8Array(0);

  /** Makes a tagger that passes tagged lines to `write`. */
  constructor(tag: string, write: (bytes: Uint8Array) => void) {
    this.#tag = encoder.encode(tag);
    this.#write = write;
  }

  /** Takes bytes, and writes all lines that they complete by one call. */
  push(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#rest = concatenate([this.#rest, bytes]);
      return;
    }
    const lines = concatenate([this.#rest, bytes.subarray(0, end)]);
    this.#rest = bytes.slice(end);
    const tagged: Uint8Array[] = [];
    for (let from = 0; from < lines.length;) {
      const next = lines.indexOf(NEWLINE, from) + 1;
      tagged.push(this.#tag, lines.subarray(from, next));
      from = next;
    }
    this.#write(concatenate(tagged));
  }

  /** Writes the incomplete line, if there is one, with a line break. */
  flush(): void {
    if (this.#rest.length > 0) this.push(Uint8Array.of(NEWLINE));
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const taggers: LineTagger[] = [];

/** Tags the output of a worker, if the program has asked for it. */
export const taggedOutput: Output = {
  begin(): void {
    if (Atomics.load(i32, TAG_OUTPUT) === 0) return;
    const tag = `[${currentIdentity().name}] `;
    const stdout = tagStream("stdout", tag);
    const stderr = tagStream("stderr", tag);
    tagConsole((text, toStderr) => (toStderr ? stderr : stdout).push(encoder.encode(text)));
  },
  flush(): void {
    for (const tagger of taggers) tagger.flush();
  },
};

/** Redirects the output to `Deno.stdout` or `Deno.stderr` to a tagger. */
function tagStream(stream: Stream, tag: string): LineTagger {
  const tagger = new LineTagger(tag, (bytes) => writeBytes(stream, bytes));
  taggers.push(tagger);
  const writeSync = (bytes: Uint8Array): number => {
    tagger.push(bytes);
    return bytes.length;
  };
  Object.defineProperties(Deno[stream], {
    writeSync: { value: writeSync, configurable: true },
    write: { value: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)), configurable: true },
    writable: {
      value: new WritableStream<Uint8Array>({ write: (bytes) => void writeSync(bytes) }),
      configurable: true,
    },
  });
  return tagger;
}

type Print = (text: string, toStderr: boolean) => void;

/** Redirects the output of `console` to `print`. */
function tagConsole(print: Print): void {
  for (const [name, method] of Object.entries(consoleWith(print))) {
    // `clear()` prints no line.
    if (typeof method === "function" && name in console && name !== "clear") {
      (console as unknown as Record<string, unknown>)[name] = method;
    }
  }
}

/** The level from which Deno's `console` prints to stderr. */
const WARN = 2;

type DenoConsole = new (print: (text: string, level: number) => void) => object;

/** Returns Deno's class of consoles, which is not public; `null` if it cannot be found. */
export function denoConsole(): DenoConsole | null {
  const { internal } = Deno as unknown as { internal: symbol };
  return (Deno as unknown as Record<symbol, { Console?: DenoConsole } | undefined>)[internal]
    ?.Console ?? null;
}

/** Makes a console that prints to `print`: Deno's class or, without that, a minimal replacement. */
export function consoleWith(
  print: Print,
  Console: DenoConsole | null = denoConsole(),
): object {
  if (Console !== null) return new Console((text, level) => print(text, level >= WARN));
  const printing = (toStderr: boolean) => (...parts: unknown[]) =>
    print(`${textOf(parts)}\n`, toStderr);
  const [log, error] = [printing(false), printing(true)];
  return { debug: log, info: log, log, warn: error, error };
}
