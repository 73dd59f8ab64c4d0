/**
 * Writing to stdout and stderr directly, even if a program or `tagOutput()` has replaced their
 * methods.
 *
 * One `writeSync` is one system call under a lock of the whole program, which Deno's `console` uses
 * as well. So a text written by one call never mixes with the output of another worker, whatever
 * its length, and whether it goes to a pipe, a file or a terminal. Each stream has its own lock: if
 * both go to the same pipe, a text on stdout that exceeds the size of an atomic write (4 KiB on
 * Linux) can mix with one on stderr.
 *
 * @module
 */

/** An output stream of the program. */
export type Stream = "stdout" | "stderr";

const encoder = new TextEncoder();
const writers = {
  stdout: Deno.stdout.writeSync.bind(Deno.stdout),
  stderr: Deno.stderr.writeSync.bind(Deno.stderr),
};

/** Writes a text in one call. */
export function writeWhole(stream: Stream, text: string): void {
  writeBytes(stream, encoder.encode(text));
}

/** Writes bytes in one call, unless the system accepts only a part of them. */
export function writeBytes(stream: Stream, bytes: Uint8Array): void {
  try {
    while (bytes.length > 0) bytes = bytes.subarray(writers[stream](bytes));
  } catch {
    // The stream is closed. The error cannot be reported and is no reason to end the worker.
  }
}
