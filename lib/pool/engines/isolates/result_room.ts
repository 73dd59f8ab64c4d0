/**
 * Sending a result when the shared heap is full: the worker waits until there is room.
 *
 * Room is made when the isolate of the call takes results, which wakes the workers that wait, and when any
 * isolate frees memory, which they find out by trying again. The worker asks the main isolate to free what
 * ended workers held. It gives up when no room has been made for a while:
 *
 * | results that were sent | the isolate of the call | gives up after |
 * |---|---|---|
 * | all were taken: the heap is full of something else | | {@linkcode NOTHING_TO_TAKE_MS} |
 * | some wait to be taken | blocks, and waits for something else | {@linkcode BLOCKED_ELSEWHERE_MS} |
 * | some wait to be taken | computes, or is about to take them | never |
 *
 * When it gives up, a small result uses the headroom of the heap; in place of a larger one, a `MemoryError` does.
 * Errors of tasks, and reports that a chunk was skipped, use the headroom without waiting for room.
 *
 * @module
 */

import { MemoryError } from "../../../errors.ts";
import { type Allocate, allocate, allocateUrgent, fitsHeap } from "../../../heap/allocator.ts";
import {
  Control,
  type IsolateAddress,
  isolateWord,
  mainIsolate,
  postControl,
  thisIsolate,
} from "../../../heap/isolate_record.ts";
import { i32 } from "../../../heap/views.ts";
import { blockOn, type Steps } from "../../../parking/wait.ts";
import { nodesOf, NodeState, nodeWord, WaiterFlag } from "../../../parking/waiter_node.ts";
import { push } from "../../../channels/channel.ts";
import {
  type ChannelAddress,
  messagesIn,
  RECEIVED,
  RECEIVERS,
  SENDERS,
} from "../../../channels/channel_state.ts";
import type { Encoder } from "../../../codec/encoder.ts";
import type { MessageAddress } from "../../../codec/message.ts";
import { ChunkStatus } from "../../chunks/chunk.ts";
import type { ResultStatus } from "./protocol.ts";

/** How long a worker waits for room while no results wait to be taken, in milliseconds. */
const NOTHING_TO_TAKE_MS = 2000;
/** How long it waits while the isolate of the call blocks elsewhere, in milliseconds. */
const BLOCKED_ELSEWHERE_MS = 60_000;
/** The longest time between two attempts, in milliseconds. */
const MAX_PAUSE_MS = 50;
/** The largest result that uses the headroom, in bytes. */
const SMALL_BYTES = 4096;

/** The chunk that a result is of. */
export interface SentChunk {
  /** Whether nobody waits for the result any more. */
  isUnwanted(): boolean;
}

/**
 * Sends the result in the encoder, which is not finished yet.
 *
 * @param chunk the chunk whose result it is; if its job settles meanwhile, the result is not sent
 * @throws {MemoryError} if there is no room and none is made, or the job has settled
 * @throws {TerminatedError} if this worker is terminated
 */
export function pushResult(
  results: ChannelAddress,
  encoder: Encoder,
  status: ResultStatus,
  chunk?: SentChunk,
): void {
  const sendIt = (take: Allocate) => {
    encoder.finish();
    push(results, encoder, take);
  };
  const isUnwanted = () => chunk?.isUnwanted() ?? false;
  if (status === ChunkStatus.DONE) {
    whereThereIsRoom(results, () => encoder.totalBytes, sendIt, isUnwanted);
  } else {
    whereThereIsRoom(results, () => encoder.totalBytes, () => sendIt(allocateUrgent));
  }
}

/**
 * Stores a result that was made elsewhere, as {@linkcode pushResult} does.
 *
 * @throws as `pushResult`
 */
export function storeResult(
  results: ChannelAddress,
  bytes: number,
  store: (take: Allocate) => MessageAddress,
  isUnwanted: () => boolean,
): MessageAddress {
  return whereThereIsRoom(results, () => bytes, store, isUnwanted);
}

/** Calls `use` until there is room for what it stores, or none is made. */
function whereThereIsRoom<T>(
  results: ChannelAddress,
  bytes: () => number,
  use: (take: Allocate) => T,
  isUnwanted: () => boolean = () => false,
): T {
  let take: Allocate = allocate;
  let room: RoomForResult | undefined;
  for (;;) {
    try {
      return use(take);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      room ??= new RoomForResult(results);
      if (isUnwanted() || !fitsHeap(bytes())) throw noRoom(bytes(), error);
      if (room.wait()) continue;
      if (take === allocateUrgent || bytes() > SMALL_BYTES) throw noRoom(bytes(), error);
      take = allocateUrgent;
    }
  }
}

function noRoom(bytes: number, cause: MemoryError): MemoryError {
  return new MemoryError(
    `Cannot send back result: the shared heap has no room for its ${bytes} bytes, and none was made. ` +
      "Take results as they come, by imap(), receive what waits in queues, or return less",
    { cause },
  );
}

/** A worker's wait for room, in several sleeps. */
class RoomForResult {
  readonly #results: ChannelAddress;
  readonly #caller: IsolateAddress = i32[thisIsolate + isolateWord.PARENT];
  #received: number;
  #since = performance.now();
  #lastAttempt = this.#since;
  #pauseMs = 1;

  constructor(results: ChannelAddress) {
    postControl(mainIsolate(), Control.SERVICE); // it frees what ended workers held
    this.#results = results;
    this.#received = Atomics.load(i32, results + RECEIVED);
  }

  /**
   * Blocks until results have been taken, or it is time to try again anyway.
   *
   * @returns false if it is time to give up
   */
  wait(): boolean {
    const received = Atomics.load(i32, this.#results + RECEIVED);
    if (received !== this.#received) {
      this.#received = received;
      this.#since = performance.now();
      this.#pauseMs = 1;
    }
    const now = performance.now();
    if (now - this.#since > this.#patienceMs()) return false;
    // An attempt takes long if the heap has many free blocks: it joins those that lie side by side.
    const timeoutMs = Math.max(this.#pauseMs, now - this.#lastAttempt);
    blockOn(sleepingFor(this.#results, received), { timeoutMs });
    this.#lastAttempt = performance.now();
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
    return true;
  }

  #patienceMs(): number {
    if (messagesIn(this.#results) === 0) return NOTHING_TO_TAKE_MS;
    return isBlockedElsewhere(this.#caller, this.#results) ? BLOCKED_ELSEWHERE_MS : Infinity;
  }
}

function* sleepingFor(results: ChannelAddress, received: number): Steps<void> {
  yield { queue: results + SENDERS, word: results + RECEIVED, expected: received };
}

/** Whether the isolate blocks, and waits for something other than these results. */
function isBlockedElsewhere(isolate: IsolateAddress, results: ChannelAddress): boolean {
  for (const node of nodesOf(isolate)) {
    const isBlocked = Atomics.load(i32, node + nodeWord.STATE) === NodeState.QUEUED &&
      (i32[node + nodeWord.FLAGS] & WaiterFlag.ASYNC) === 0;
    if (isBlocked && i32[node + nodeWord.QUEUE] !== results + RECEIVERS) return true;
  }
  return false;
}
