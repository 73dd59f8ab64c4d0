/**
 * Pipes: what is sent comes back whole and in order; when one side dies, the other is told.
 *
 * @module
 */

import {
  BrokenPipeError,
  type Connection,
  EOFError,
  Pipe,
  Process,
  Queue,
  task,
} from "@sauropod/multiprocessing";
import { execute } from "./groups.ts";
import { Random } from "./random.ts";
import {
  type Board,
  count,
  type Fate,
  fates,
  gaveUp,
  guarded,
  joinAll,
  makeBoard,
  meet,
  type Member,
  moment,
  momentSync,
  now,
  soonAborted,
  total,
  Violation,
} from "./round.ts";

interface Side {
  board: Board;
  lane: number;
  seed: number;
  end: Connection<string>;
  blocking: boolean;
  times: number;
  fate: Fate | undefined;
  /** Whether the other side may die. */
  mayBreak: boolean;
  doomed: Queue<number>;
}

const ask = task(import.meta, async (side: Side) => {
  const { board, lane, seed, end, blocking, times, mayBreak } = side;
  const random = new Random(seed);
  const sent: string[] = [];
  try {
    for (let at = 0; at < times || sent.length > 0;) {
      if (at < times && (sent.length === 0 || !random.once(3))) {
        const message = `${at++}:${"y".repeat(random.pick([0, 10, 100, 3000]))}`;
        if (random.once(2)) end.sendSync(message);
        else await end.send(message);
        sent.push(message);
      } else {
        const answer = await receive(side, random);
        if (answer === undefined) continue;
        const expected = sent.shift();
        if (answer !== expected) {
          throw new Violation(`got ${answer.slice(0, 20)}, expected ${expected?.slice(0, 20)}`);
        }
        count(board, lane);
      }
      if (blocking) momentSync(random);
      else await moment(random);
    }
  } catch (error) {
    if (!mayBreak || !(error instanceof EOFError || error instanceof BrokenPipeError)) throw error;
  }
  end.close();
  now(board, lane, "ended");
});

const answer = task(import.meta, async (side: Side) => {
  const { board, lane, seed, end, times, fate, doomed } = side;
  const random = new Random(seed);
  const last = fate === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0;;) {
    if (at === last) await meet(fate!, random, doomed, lane);
    let message: string | undefined;
    try {
      message = await receive(side, random);
    } catch (error) {
      if (error instanceof EOFError) break;
      throw error;
    }
    if (message === undefined) continue;
    at++;
    try {
      end.sendSync(message);
    } catch (error) {
      if (!(error instanceof BrokenPipeError)) throw error;
      break;
    }
    count(board, lane);
  }
  now(board, lane, "ended");
});

/** Receives the next message, or gives up. */
async function receive(
  { board, lane, end, blocking }: Side,
  random: Random,
): Promise<string | undefined> {
  const way = random.int(0, 6);
  const timeoutMs = random.int(0, 3);
  now(board, lane, blocking && way < 4 ? "recvSync" : "recv");
  try {
    if (way === 0) return await end.poll({ timeoutMs }) ? end.recvSync() : undefined;
    if (way === 1 && blocking) return end.recvSync({ timeoutMs });
    if (way < 4 && blocking) return end.recvSync();
    if (way === 4) return await end.recv({ timeoutMs });
    if (way === 5) return await soonAborted(random, (signal) => end.recv({ signal }));
    return await end.recv();
  } catch (error) {
    if (gaveUp(error)) return;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function pipeRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const pairs = Math.ceil(workers / 2);
  const board = makeBoard(pairs * 2);
  const doomed = new Queue<number>();
  const members: Member[] = [];
  const mortals = new Map<number, Process>();
  const inMain: Side[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [here, there] = Pipe<string>();
    const fate = random.perhaps(2, fates);
    const common = {
      board,
      times: random.int(10, 150),
      fate,
      mayBreak: fate !== undefined,
      doomed,
    };
    const answers: Side = {
      ...common,
      lane: pair * 2,
      end: there,
      seed: random.fork(),
      blocking: random.once(2),
    };
    const asks: Side = { ...answers, lane: pair * 2 + 1, end: here, seed: random.fork() };
    const process = new Process({ target: answer, args: [answers] }) as unknown as Process;
    members.push({ process, doomed: fate !== undefined });
    mortals.set(answers.lane, process);
    if (random.once(2)) {
      inMain.push({ ...asks, blocking: false });
    } else {
      const asking = new Process({ target: ask, args: [asks] }) as unknown as Process;
      members.push({ process: asking, doomed: false });
    }
  }
  const executed = execute(doomed, mortals, random);
  for (const { process } of members) process.start();
  await guarded(Promise.all(inMain.map((side) => ask(side))), board, "the main thread");
  await joinAll(members, board);
  doomed.close();
  await executed;
  return total(board);
}
