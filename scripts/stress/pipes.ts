/**
 * Pipes: messages come back unchanged and in order; when one side dies, the other gets an error.
 *
 * @module
 */

import {
  BrokenPipeError,
  type Connection,
  EOFError,
  Pipe,
  type Process,
  Queue,
  task,
} from "@sauropod/multiprocessing";
import { makeProcess, serveEndRequests } from "./groups.ts";
import { Random } from "./random.ts";
import {
  type Board,
  countOperation,
  type Death,
  deaths,
  endWorker,
  isTimeoutOrAbort,
  joinAll,
  makeBoard,
  type Member,
  setActivity,
  spendTime,
  spendTimeSync,
  totalOperations,
  Violation,
  withAbort,
  withWatchdog,
} from "./round.ts";

interface Side {
  board: Board;
  lane: number;
  seed: number;
  connection: Connection<string>;
  blocking: boolean;
  times: number;
  death: Death | undefined;
  /** Whether the other side may die. */
  mayBreak: boolean;
  endRequests: Queue<number>;
}

const ask = task(import.meta, async (side: Side) => {
  const { board, lane, seed, connection, blocking, times, mayBreak } = side;
  const random = new Random(seed);
  const sent: string[] = [];
  try {
    for (let at = 0; at < times || sent.length > 0;) {
      if (at < times && (sent.length === 0 || !random.oneIn(3))) {
        const message = `${at++}:${"y".repeat(random.pick([0, 10, 100, 3000]))}`;
        if (random.oneIn(2)) connection.sendSync(message);
        else await connection.send(message);
        sent.push(message);
      } else {
        const answer = await receive(side, random);
        if (answer === undefined) continue;
        const expected = sent.shift();
        if (answer !== expected) {
          throw new Violation(`got ${answer.slice(0, 20)}, expected ${expected?.slice(0, 20)}`);
        }
        countOperation(board, lane);
      }
      if (blocking) spendTimeSync(random);
      else await spendTime(random);
    }
  } catch (error) {
    if (!mayBreak || !(error instanceof EOFError || error instanceof BrokenPipeError)) throw error;
  }
  connection.close();
  setActivity(board, lane, "ended");
});

const answer = task(import.meta, async (side: Side) => {
  const { board, lane, seed, connection, times, death, endRequests } = side;
  const random = new Random(seed);
  const last = death === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0;;) {
    if (at === last) await endWorker(death!, random, endRequests, lane);
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
      connection.sendSync(message);
    } catch (error) {
      if (!(error instanceof BrokenPipeError)) throw error;
      break;
    }
    countOperation(board, lane);
  }
  setActivity(board, lane, "ended");
});

/** Receives the next message; returns `undefined` if the wait times out or is aborted. */
async function receive(
  { board, lane, connection, blocking }: Side,
  random: Random,
): Promise<string | undefined> {
  const way = random.int(0, 6);
  const timeoutMs = random.int(0, 3);
  setActivity(board, lane, blocking && way < 4 ? "recvSync" : "recv");
  try {
    if (way === 0) return await connection.poll({ timeoutMs }) ? connection.recvSync() : undefined;
    if (way === 1 && blocking) return connection.recvSync({ timeoutMs });
    if (way < 4 && blocking) return connection.recvSync();
    if (way === 4) return await connection.recv({ timeoutMs });
    if (way === 5) return await withAbort(random, (signal) => connection.recv({ signal }));
    return await connection.recv();
  } catch (error) {
    if (isTimeoutOrAbort(error)) return;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function pipeRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const pairs = Math.ceil(workers / 2);
  const board = makeBoard(pairs * 2);
  const endRequests = new Queue<number>();
  const members: Member[] = [];
  const mortals = new Map<number, Process>();
  const inMain: Side[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const [here, there] = Pipe<string>();
    const death = random.perhaps(2, deaths);
    const common = {
      board,
      times: random.int(10, 150),
      death,
      mayBreak: death !== undefined,
      endRequests,
    };
    const answers: Side = {
      ...common,
      lane: pair * 2,
      connection: there,
      seed: random.fork(),
      blocking: random.oneIn(2),
    };
    const asks: Side = { ...answers, lane: pair * 2 + 1, connection: here, seed: random.fork() };
    const process = makeProcess(answer, answers);
    members.push({ process, mayDie: death !== undefined });
    mortals.set(answers.lane, process);
    if (random.oneIn(2)) {
      inMain.push({ ...asks, blocking: false });
    } else {
      const asking = makeProcess(ask, asks);
      members.push({ process: asking, mayDie: false });
    }
  }
  const requestsServed = serveEndRequests(endRequests, mortals, random);
  for (const { process } of members) process.start();
  await withWatchdog(Promise.all(inMain.map((side) => ask(side))), board, "the main isolate");
  await joinAll(members, board);
  endRequests.close();
  await requestsServed;
  return totalOperations(board);
}
