// The declarations of lib/runtime/launch.ts

/** Options of a process of the operating system. */
export interface LaunchOptions {
  /**
   * What the process may do, as for a `Worker`, and nothing else. It is never more than what the program may.
   * It can read the files of this package and the main module in any case. Other modules that its tasks need,
   * those that the main module imports among them, must be readable by it.
   *
   * @default {what the program may do without restriction}
   */
  permissions?: Deno.PermissionOptionsObject | undefined;
  /** Variables of its environment, in addition to those of the program. */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Its working directory.
   *
   * @default {that of the program}
   */
  cwd?: string | URL | undefined;
  /**
   * The limit of its JavaScript heap, in MiB. A process that needs more ends with exit code 133. Contents
   * of buffers do not count.
   *
   * @default {V8's}
   */
  maxOldSpaceMb?: number | undefined;
  /** Further arguments of `deno run`, such as `--config=other.json`: a program cannot learn its own. */
  denoArgs?: readonly string[] | undefined;
}

export {};
