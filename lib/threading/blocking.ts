/**
 * The warning about blocking calls: while the isolate is blocked, none of its threads runs.
 *
 * @module
 */

import { installHooks } from "../heap/hooks.ts";
import { aliveThreads, MAIN_NAME, running } from "./running.ts";
import type { Thread } from "./thread.ts";

/** Shorter waits are not worth a warning: a worker of a pool blocks for 2 ms between tasks. */
const NOTICEABLE_MS = 10;

/** Stands for the main thread in `warned`. */
const MAIN = {};
/** The threads that a warning has named. */
const warned = new WeakSet<object>();

/** Makes blocking calls print a warning to stderr, once for each thread that blocks. */
export function warnAboutBlocking(): void {
  installHooks({ beforeBlock });
}

function beforeBlock(leftMs: number): void {
  const thread = running();
  if (leftMs < NOTICEABLE_MS || aliveThreads.size === 0 || warned.has(thread ?? MAIN)) return;
  warned.add(thread ?? MAIN);
  const others = [undefined, ...aliveThreads].filter((it) => it !== thread).map(nameOf);
  console.warn(
    `Thread ${nameOf(thread)} makes a blocking call (…Sync), and while it waits no other thread ` +
      `of this process runs: ${listNames(others)}. Await the form without Sync, such as ` +
      `queue.get() for queue.getSync() (this warning is printed once for each thread)`,
  );
}

function nameOf(thread: Thread | undefined): string {
  return thread?.name ?? MAIN_NAME;
}

/** Lists a few of the names, and the number of the others. */
function listNames(names: string[]): string {
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
