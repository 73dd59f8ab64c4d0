/**
 * What workers print, each line with the name of its worker.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `tagOutput` | 1 if workers that start from now on tag their lines | `tagOutput` |
 *
 * In a worker of a program that asked for it, and in no other, the methods of `console` are replaced
 * by those of another `Console` of Deno, which prints to a {@linkcode LineTagger}; so are the ways to
 * write of `Deno.stdout` and `Deno.stderr`. There is no way around that: Deno gives a worker the
 * streams of the program, and knows no stream of its own. It is done before any module of the user's
 * is imported.
 *
 * @module
 */

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
 * Has each line that a worker prints begin with the worker's name: `[Process-1] line`.
 *
 * - It counts for the workers that start from then on, whichever process calls it.
 * - It applies to `console`, `Deno.stdout`, `Deno.stderr`, and `process.stdout` where that is not a
 *   terminal. What subprocesses print is not touched.
 * - A line goes out whole, when it is complete. The last one of a worker goes out at its end, with a
 *   line break: when it returns, fails, exits, or is terminated while it waits.
 * - What is logged is not tagged: it has the name already.
 *
 * Python has no such thing: there one writes the name into each line.
 *
 * @param on whether to tag
 *
 * @example Who printed what
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
  ensureIsolate();
  Atomics.store(i32, TAG_OUTPUT, on ? 1 : 0);
}

const NEWLINE = 10;
const encoder = new TextEncoder();

/** Collects what is written to a stream, and passes on complete lines, each with a tag before it. */
export class LineTagger {
  readonly #tag: Uint8Array;
  readonly #write: (bytes: Uint8Array) => void;
  /** The line that is not complete. */
  #rest: Uint8Array = new Uint8Array(0);

  /** Tags what is passed on to `write`. */
  constructor(tag: string, write: (bytes: Uint8Array) => void) {
    this.#tag = encoder.encode(tag);
    this.#write = write;
  }

  /** Takes bytes; passes on the lines that are complete with them, in one piece. */
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

  /** Passes on what is left, as a line. */
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

/** What a worker does about its output. */
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

/** Has what is written to `Deno.stdout` or `Deno.stderr` go through a tagger. */
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

/** Has what `console` prints go to `print`. */
function tagConsole(print: Print): void {
  for (const [name, method] of Object.entries(consoleWith(print))) {
    // What clears the screen is no line.
    if (typeof method === "function" && name in console && name !== "clear") {
      (console as unknown as Record<string, unknown>)[name] = method;
    }
  }
}

/** Level from which on Deno's `console` prints to stderr. */
const WARN = 2;

type DenoConsole = new (print: (text: string, level: number) => void) => object;

/** Deno's own class of consoles, which has no public name; `null` if it cannot be found. */
export function denoConsole(): DenoConsole | null {
  const { internal } = Deno as unknown as { internal: symbol };
  return (Deno as unknown as Record<symbol, { Console?: DenoConsole } | undefined>)[internal]
    ?.Console ?? null;
}

/** A console that prints so: as Deno's does, or as much of it as can be done without. */
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
