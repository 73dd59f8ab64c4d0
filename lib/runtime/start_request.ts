/**
 * What a worker is ordered to run, and who it is.
 *
 * @module
 */

import { EXIT_CHANNEL, EXIT_MESSAGE, START_QUEUE, START_REQUEST } from "./words.ts";
import { i32 } from "../heap/views.ts";
import { adoptIdentity, currentIdentity } from "../heap/identity.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  hasEnded,
  isMainIsolate,
  isolateWord,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { wakeAll } from "../parking/wait_queue.ts";
import type { Decoder } from "../codec/decoder.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import { discardMessage, readMessage, storeMessage } from "../codec/message.ts";
import { isImporting } from "../codec/functions.ts";
import { requestWorker, setWorkerReferenced } from "./host.ts";
import { getStartMethod, inheritStartMethod, type StartMethod } from "./start_method.ts";

export { currentIdentity };

/** How a worker is started. */
export interface StartOptions {
  runner: string;
  name: string;
  daemon: boolean;
  payload: unknown;
  /** What the caller calls the payload, for the path when it cannot cross; empty for nothing. */
  payloadName: string;
  /** Makes the message that says that the worker has ended, and names the channel for it. */
  exitMessage?: (record: number) => { channel: number; message: number };
  /**
   * How it is started: `"forkserver"` takes a worker that is warm already, if there is one. In the
   * worker it is the default.
   *
   * @default {"spawn", and the worker's own default is that of its creator}
   */
  startMethod?: StartMethod;
}

/**
 * Starts a worker with an order.
 *
 * @returns its record
 * @throws {DataCloneError} if the payload cannot cross
 * @throws {Error} if this worker is importing a module, or workers cannot be started
 */
export function startIsolate(options: StartOptions): number {
  ensureIsolate();
  refuseWhileImporting();
  const order = storeStartRequest(options);
  const record = (options.startMethod === "forkserver" ? takeWarm() : undefined) ??
    createIsolateRecord(thisIsolate);
  i32[record + isolateWord.PARENT] = thisIsolate;
  i32[record + isolateWord.DAEMON] = options.daemon ? 1 : 0;
  const will = options.exitMessage?.(record);
  i32[record + EXIT_MESSAGE] = will?.message ?? 0;
  i32[record + EXIT_CHANNEL] = will?.channel ?? 0;
  Atomics.store(i32, record + START_REQUEST, order);
  if (warmed.delete(record)) {
    setWorkerReferenced(record, !options.daemon);
    wakeAll(record + START_QUEUE);
  } else {
    try {
      requestWorker(record);
    } catch (error) {
      Atomics.store(i32, record + START_REQUEST, 0);
      discardMessage(order);
      throw error;
    }
  }
  return record;
}

/** The order as a message: who the worker is, and then, since it may need imports, the payload. */
function storeStartRequest(options: StartOptions): number {
  const { runner, name, daemon, payload, payloadName, startMethod = getStartMethod() } = options;
  const encoder = borrowEncoder();
  try {
    for (const part of [runner, name, currentIdentity().name, daemon, startMethod]) {
      encoder.value(part, "name");
    }
    encoder.value(payload, payloadName);
    encoder.finish();
    return storeMessage(encoder);
  } finally {
    returnEncoder(encoder);
  }
}

/**
 * Reads an order up to its payload, and makes this worker the one that it describes.
 *
 * @returns the name of the runner
 */
export function readStartRequest(message: number, decoder: Decoder): string {
  readMessage(decoder, message);
  const [runner, name, parentName, daemon, startMethod] = [0, 1, 2, 3, 4].map(() =>
    decoder.value()
  );
  inheritStartMethod(startMethod as StartMethod);
  adoptIdentity({
    name: name as string,
    parentName: parentName as string,
    daemon: daemon as boolean,
    parent: i32[thisIsolate + isolateWord.PARENT],
  });
  return runner as string;
}

/**
 * A module that starts workers while it is imported would start them again in each of them, without
 * end. The main thread may: it imports what a message needs while the program goes on, and once.
 */
function refuseWhileImporting(): void {
  if (!isImporting() || isMainIsolate()) return;
  throw new Error(
    "Cannot start a process while its module is being imported by a worker. " +
      "Put what the program does behind: if (import.meta.main) { … }",
  );
}

// The warm reserve: workers that have started and wait for an order.

const WARM_RESERVE = 2;
const warm: number[] = [];
const warmed = new Set<number>();

/** Takes a worker from the reserve, and has the reserve filled again. */
function takeWarm(): number | undefined {
  if (!isMainIsolate()) return undefined;
  let record = warm.shift();
  while (record !== undefined && hasEnded(record)) record = warm.shift();
  fillReserve();
  if (record !== undefined) warmed.add(record);
  return record;
}

/** Starts workers for the reserve, one a turn of the event loop. */
export function fillReserve(): void {
  if (warm.length >= WARM_RESERVE || !isMainIsolate()) return;
  setTimeout(() => {
    if (warm.length >= WARM_RESERVE) return;
    ensureIsolate();
    const record = createIsolateRecord(thisIsolate);
    i32[record + isolateWord.DAEMON] = 1;
    requestWorker(record);
    warm.push(record);
    if (warm.length < WARM_RESERVE) fillReserve();
  }, 0);
}
