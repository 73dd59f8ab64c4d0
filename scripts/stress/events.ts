/**
 * Events: lanes meet at one event after the other; the last to arrive sets it. A lane that is not woken
 * hangs; a lane that is woken too early is a violation.
 *
 * @module
 */

import { Event, task } from "@sauropod/multiprocessing";
import { concurrently, drawLanes, type Lane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import {
  ABORT_REASON,
  type Board,
  countOperation,
  makeBoard,
  setActivity,
  sharedWords,
  spendTime,
  spendTimeSync,
  totalOperations,
  Violation,
  withAbort,
} from "./round.ts";

interface Shared {
  board: Board;
  events: Event[];
  /** Number of lanes that have arrived, by event. */
  arrived: Int32Array<SharedArrayBuffer>;
  lanes: number;
}

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, { lane, seed, blocking }: Lane): Promise<void> {
  const { board, events, arrived, lanes } = shared;
  const random = new Random(seed);
  for (const [at, event] of events.entries()) {
    if (Atomics.add(arrived, at, 1) === lanes - 1) event.set();
    else await waitFor(event, random, blocking, board, lane);
    if (Atomics.load(arrived, at) !== lanes) throw new Violation(`event ${at} was not set yet`);
    countOperation(board, lane);
    if (blocking) spendTimeSync(random);
    else await spendTime(random);
  }
  setActivity(board, lane, "ended");
}

async function waitFor(
  event: Event,
  random: Random,
  blocking: boolean,
  board: Board,
  lane: number,
): Promise<void> {
  for (let isSet = false; !isSet;) {
    const way = random.int(0, 5);
    const timeoutMs = random.int(0, 3);
    setActivity(board, lane, blocking && way < 4 ? "waitSync" : "wait");
    if (way === 0) isSet = await event.wait({ timeoutMs });
    else if (way === 1) {
      try {
        isSet = await withAbort(random, (signal) => event.wait({ signal }));
      } catch (error) {
        if (error !== ABORT_REASON) throw error;
      }
    } else if (way === 2 && blocking) isSet = event.waitSync({ timeoutMs });
    else if (way < 4 && blocking) isSet = event.waitSync();
    else isSet = await event.wait();
  }
}

/** Runs one round; returns the number of operations. */
export async function eventRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours, lanes } = drawLanes(random, workers, random.int(0, 2));
  const events = Array.from({ length: random.int(10, 100) }, () => new Event());
  const board = makeBoard(lanes);
  const shared: Shared = { board, events, arrived: sharedWords(events.length), lanes };
  await runGroups(runLanes, shared, groups, random, () => runLanes(shared, ours));
  return totalOperations(board);
}
