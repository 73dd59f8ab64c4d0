/**
 * Writing to stdout and stderr, past whatever has been put in between.
 *
 * One `writeSync` is one system call under a lock of the whole program, which Deno's `console` uses
 * too. So a text that is written at once is never mixed with that of another worker, however long it
 * is, be it to a pipe, a file or a terminal. Each stream has a lock of its own: if both go to one
 * pipe, a text of stdout that is longer than the pipe takes whole (4 KiB on Linux) can be mixed with
 * one of stderr.
 *
 * @module
 */

/** A stream of the program. */
export type Stream = "stdout" | "stderr";

const encoder = new TextEncoder();
const writers = {
  stdout: Deno.stdout.writeSync.bind(Deno.stdout),
  stderr: Deno.stderr.writeSync.bind(Deno.stderr),
};

/** Writes a text at once. */
export function writeWhole(stream: Stream, text: string): void {
  writeBytes(stream, encoder.encode(text));
}

/** Writes bytes at once. */
export function writeBytes(stream: Stream, bytes: Uint8Array): void {
  try {
    while (bytes.length > 0) bytes = bytes.subarray(writers[stream](bytes));
  } catch {
    // The stream is closed: there is nobody to tell, and no reason to end the worker.
  }
}
