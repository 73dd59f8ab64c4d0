/**
 * The part of a soak test that kills, stops and continues processes from outside. It reads `/proc`, as Linux has.
 *
 * @module
 */

import type { Random } from "../stress/random.ts";
import type { Tally } from "./tally.ts";

/** Sends signals to random processes that this program, or one of them, has started. */
export async function signalProcesses(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    await sleep(random.int(10, 1500));
    const found = descendantsOf(Deno.pid);
    if (found.length === 0) continue;
    const pid = random.pick(found);
    const way = random.pick(["SIGKILL", "SIGSTOP, SIGCONT", "SIGSTOP, SIGKILL"]);
    for (const signal of way.split(", ") as Deno.Signal[]) {
      if (!send(pid, signal)) break;
      if (signal === way.slice(-signal.length)) tally.fault(`${way} from outside`);
      else await sleep(random.int(1, 1000));
    }
  }
  await tally.watch("the end of all processes of the operating system", async () => {
    while (descendantsOf(Deno.pid).length > 0) await sleep(100);
  });
}

/** Waits for a time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sends a signal to a process. Returns false if it has ended. */
export function send(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

/** Returns the ids of the processes with Deno that descend from one. */
export function descendantsOf(ancestor: number): number[] {
  const found = [ancestor];
  const parents = [...Deno.readDirSync("/proc")].flatMap(({ name }) => parentOf(Number(name)));
  for (const parent of found) { // it grows
    found.push(...parents.filter(([, of]) => of === parent).map(([pid]) => pid));
  }
  return found.slice(1);
}

/** Returns the id of a process and that of its parent; nothing if it does not run Deno. */
function parentOf(pid: number): [pid: number, parent: number][] {
  try {
    const [before, after] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
    const [state, parent] = after.split(" ");
    return before.includes("(deno") && state !== "Z" ? [[pid, Number(parent)]] : [];
  } catch {
    return []; // it has ended, or is no process
  }
}
