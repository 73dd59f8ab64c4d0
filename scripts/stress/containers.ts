/**
 * Maps and lists: no change is lost or made twice, and containers stay consistent when workers die.
 *
 * Tokens move between maps and lists; each is in one place, or was held by a lane that died. Counters
 * are incremented by `update`. Maps are made, nested, used and dropped all the time.
 *
 * @module
 */

import { SharedList, SharedMap, task } from "@sauropod/multiprocessing";
import {
  concurrently,
  drawGroups,
  makeProcess,
  mortalLanes,
  startGroups,
  terminateSoon,
} from "./groups.ts";
import { Random } from "./random.ts";
import {
  type Board,
  countOperation,
  exitOrThrow,
  joinAll,
  makeBoard,
  setActivity,
  sharedWords,
  spendTime,
  spendTimeSync,
  sum,
  totalOperations,
  Violation,
  withWatchdog,
} from "./round.ts";

type Token = [number: number, filling: string];
type Inner = SharedMap<string, number | SharedList<Inner>>;

interface Shared {
  board: Board;
  /** Tokens by number. */
  maps: SharedMap<number, Token>[];
  lists: SharedList<Token>[];
  counters: SharedMap<string, number>;
  totals: SharedList<number>;
  /** Number of increments of counters and totals by each lane. */
  increments: Int32Array<SharedArrayBuffer>;
  nest: SharedMap<number, Inner>;
  tokens: number;
  times: number;
}

interface Lane {
  lane: number;
  seed: number;
  /** Number of operations after which the worker exits or throws; -1: never. */
  dieAfter: number;
}

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, { lane, seed, dieAfter }: Lane): Promise<void> {
  const random = new Random(seed);
  for (let at = 0; at < shared.times; at++) {
    if (at === dieAfter) exitOrThrow(random);
    random.pick([moveToken, moveToken, increment, useNest, checkSnapshot])(shared, random, lane);
    countOperation(shared.board, lane);
    if (random.oneIn(3)) await spendTime(random);
    else spendTimeSync(random);
  }
  setActivity(shared.board, lane, "ended");
}

/** Moves a token from one container to another. */
function moveToken({ maps, lists, tokens }: Shared, random: Random): void {
  const token = takeToken(random.pick(maps), random.pick(lists), tokens, random);
  if (token === undefined) return;
  const [number, filling] = token;
  if (filling !== fillingOf(number)) throw new Violation(`token ${number} has other contents`);
  const [map, list] = [random.pick(maps), random.pick(lists)];
  switch (random.int(0, 7)) {
    case 0:
      return void map.set(number, token);
    case 1:
      return map.update([[number, token]]);
    case 2:
      return void map.update(number, () => token);
    case 3:
      if (map.setdefault(number, token)[0] === number) return;
      throw new Violation(`another token has the place of ${number}`);
    case 4:
      return list.insert(random.int(-20, 20), token);
    case 5:
      return list.setSlice(3, 3, [token]);
    case 6:
      return void list.push(token);
    default:
      return list.append(token);
  }
}

function takeToken(
  map: SharedMap<number, Token>,
  list: SharedList<Token>,
  tokens: number,
  random: Random,
): Token | undefined {
  try {
    switch (random.int(0, 5)) {
      case 0:
        return map.popitem()[1];
      case 1:
        return list.pop();
      case 2:
        return list.pop(random.int(-20, 20));
      case 3: {
        const token = list.at(random.int(-20, 20));
        if (token === undefined) return;
        list.remove(token);
        return token as Token;
      }
      default:
        return map.pop(random.int(0, tokens - 1), undefined);
    }
  } catch (error) {
    if (error instanceof RangeError) return; // it is empty, or another lane took the token
    throw error;
  }
}

/** Returns the contents of a token: some are small, some large. */
function fillingOf(number: number): string {
  return "x".repeat([0, 5, 60, 1000][number % 4]);
}

function increment({ counters, totals, increments }: Shared, random: Random, lane: number): void {
  if (random.oneIn(2)) counters.update(`counter ${random.int(0, 3)}`, (it = 0) => it + 1);
  else totals.update(random.int(-3, 2), (it) => it + 1);
  increments[lane]++;
}

/** Makes maps in maps, reads from them and drops them, while other lanes do the same. */
function useNest({ nest }: Shared, random: Random): void {
  const key = random.int(0, 5);
  const inner = nest.get(key);
  const what = random.int(0, 3);
  if (inner === undefined || what === 0) {
    const fresh: Inner = new SharedMap<string, number | SharedList<Inner>>({ key });
    if (inner !== undefined && random.oneIn(2)) fresh.set("older", new SharedList([inner]));
    nest.set(key, fresh);
  } else if (what === 1) {
    nest.delete(key);
  } else {
    if (inner.get("key") !== key) throw new Violation(`key ${key} has the map of another key`);
    const older = inner.get("older") as SharedList<Inner> | undefined;
    const oldest = older?.at(0);
    if (oldest !== undefined && oldest.get("key") !== key) {
      throw new Violation(`key ${key} has the list of another key`);
    }
    if (random.oneIn(2)) inner.delete("older");
    else nest.update(key, (it) => it ?? inner);
  }
}

/** Checks a snapshot of a container. */
function checkSnapshot({ maps, lists }: Shared, random: Random): void {
  if (random.oneIn(2)) {
    const map = random.pick(maps);
    for (const [key, [number]] of map) {
      if (key !== number) throw new Violation(`key ${key} has token ${number}`);
    }
  } else {
    const list = random.pick(lists);
    const what = random.int(0, 3);
    if (what === 0) list.sort(([a], [b]) => a - b);
    else if (what === 1) list.reverse();
    const numbers = list.copy().map(([number]) => number);
    if (new Set(numbers).size !== numbers.length) throw new Violation("a token is in a list twice");
  }
}

/** Runs one round; returns the number of operations. */
export async function containerRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(50, 400);
  const tokens = random.int(4, 60);
  let lanes = 0;
  const groups = drawGroups(
    random,
    workers,
    { times, ends: 4, terminated: 4 },
    ({ dieAfter }): Lane => ({ lane: lanes++, seed: random.fork(), dieAfter }),
  );
  const ours: Lane[] = random.oneIn(2)
    ? [{ lane: lanes++, seed: random.fork(), dieAfter: -1 }]
    : [];
  const shared: Shared = {
    board: makeBoard(lanes),
    maps: Array.from({ length: random.int(1, 2) }, () => new SharedMap<number, Token>()),
    lists: Array.from({ length: random.int(1, 2) }, () => new SharedList<Token>()),
    counters: new SharedMap<string, number>(),
    totals: new SharedList([0, 0, 0]),
    increments: sharedWords(lanes),
    nest: new SharedMap<number, Inner>(),
    tokens,
    times,
  };
  for (let number = 0; number < tokens; number++) {
    random.pick(shared.maps).set(number, [number, fillingOf(number)]);
  }
  const members = startGroups(groups, (lanes) => makeProcess(runLanes, shared, lanes));
  using _ = terminateSoon(members, random);
  await withWatchdog(runLanes(shared, ours), shared.board, "the main isolate");
  await joinAll(members, shared.board);
  checkAll(shared, mortalLanes(groups).length);
  return totalOperations(shared.board);
}

/** Checks that all tokens and increments exist, except one for each of `mortal` lanes. */
function checkAll(shared: Shared, mortal: number): void {
  const { maps, lists, counters, totals, increments, tokens } = shared;
  const places = sharedWords(tokens);
  for (const map of maps) {
    const keys = [...map.keys()];
    if (map.size !== keys.length) throw new Violation(`${map.size} entries, ${keys.length} keys`);
    for (const key of keys) {
      if (!map.has(key)) throw new Violation(`key ${key} is in the order but not in a bucket`);
      places[key]++;
    }
  }
  for (const list of lists) {
    for (const [number] of list) places[number]++;
    if (list.length !== list.copy().length) {
      throw new Violation("length and copy() of a list differ");
    }
  }
  const twice = places.findIndex((times) => times > 1);
  if (twice >= 0) throw new Violation(`token ${twice} is in ${places[twice]} places`);
  const lost = places.filter((times) => times === 0).length;
  if (lost > mortal) throw new Violation(`lost ${lost} tokens (${mortal} may be)`);
  const counted = sum([...counters.values(), ...totals]);
  const incremented = sum(increments);
  if (counted < incremented || counted > incremented + mortal) {
    throw new Violation(`counted ${counted} of ${incremented} increments (${mortal} more may be)`);
  }
}
