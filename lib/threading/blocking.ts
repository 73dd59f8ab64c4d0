/**
 * Says that a blocking call holds up threads: a thread that is blocked by one runs none of them.
 *
 * @module
 */

import { installHooks } from "../heap/hooks.ts";
import { alive, MAIN_NAME, running } from "./running.ts";
import type { Thread } from "./thread.ts";

/** Waits that are over sooner hold nobody up: a worker of a pool blocks for 2 ms between tasks. */
const NOTICEABLE_MS = 10;

const MAIN = {};
/** The threads of which it has been said. */
const told = new WeakSet<object>();

/** From now on, says so on stderr, once for each thread that blocks. */
export function watchBlocking(): void {
  installHooks({ beforeBlock });
}

function beforeBlock(leftMs: number): void {
  const thread = running();
  if (leftMs < NOTICEABLE_MS || alive.size === 0 || told.has(thread ?? MAIN)) return;
  told.add(thread ?? MAIN);
  const others = [undefined, ...alive].filter((it) => it !== thread).map(nameOf);
  console.warn(
    `Thread ${nameOf(thread)} makes a blocking call (…Sync), and while it waits no other thread ` +
      `of this process runs: ${listed(others)}. Await the form without Sync, such as ` +
      `queue.get() for queue.getSync() (said once for each thread)`,
  );
}

function nameOf(thread: Thread | undefined): string {
  return thread?.name ?? MAIN_NAME;
}

/** A few of the names, and how many there are besides. */
function listed(names: string[]): string {
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
