// The declarations of lib/memory/shared_buffer.ts

/** Options of an array on shared memory. */
export interface MemoryOptions {
  /**
   * Whether processes of the operating system (`startMethod: "process"`) share the array too. The program
   * needs Linux and `--allow-ffi`, without a list, and so does a process that the array is sent to.
   *
   * - Each array takes whole pages of 64 KiB, which its `buffer` shows, and a file descriptor. It has at most
   *   4 GiB.
   * - `Atomics.add` and its kind work between processes. `Atomics.wait` and `Atomics.notify` do not: use an
   *   `Event`, a `Lock` or a queue.
   *
   * @default {false}
   */
  processes?: boolean | undefined;
}

export {};
