/**
 * Start requests: what a worker is to run, and its identity.
 *
 * @module
 */

import { addChannelRef, dropChannelRef } from "../channels/channel_handle.ts";
import type { ChannelAddress } from "../channels/channel_state.ts";
import {
  EXIT_CHANNEL,
  EXIT_MESSAGE,
  IS_PROCESS,
  LEAVES,
  START_QUEUE,
  START_REQUEST,
} from "./words.ts";
import { allocateUrgent } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { adoptIdentity, currentIdentity } from "../heap/identity.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  hasEnded,
  isMainIsolate,
  type IsolateAddress,
  isolateWord,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { wakeAll } from "../parking/wait_queue.ts";
import { type Envelope, envelopeOf } from "../channels/envelope.ts";
import { Decoder } from "../codec/decoder.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import {
  discardMessage,
  freeMessage,
  type MessageAddress,
  readMessage,
  storeMessage,
} from "../codec/message.ts";
import { isImporting } from "../codec/functions.ts";
import { type Launch, launchOf, type LaunchOptions } from "./launch.ts";
import { requestWorker, setWorkerReferenced, watchWorker } from "./host.ts";
import { completeEnd } from "./lifecycle.ts";
import { getStartMethod, inheritStartMethod, type StartMethod } from "./start_method.ts";

export { currentIdentity };

/** How a worker is started, and what it runs. */
export interface StartOptions {
  runner: string;
  name: string;
  daemon: boolean;
  payload: unknown;
  /** What the caller calls the payload, for the path in errors; may be empty. */
  payloadName: string;
  /** Creates the exit message, which is sent to `channel` when the worker ends. */
  exitMessage?:
    | ((record: IsolateAddress) => { channel: ChannelAddress; message: MessageAddress })
    | undefined;
  /**
   * How the worker is started: `"forkserver"` takes a worker from the warm reserve, if there is one;
   * `"process"` makes it the agent of a process of the operating system, which gets the start request. It is
   * also the default in the new worker.
   *
   * @default {"spawn"; the default in the new worker is that of its creator}
   */
  startMethod?: StartMethod | undefined;
  /**
   * How long it may take to start, in milliseconds.
   *
   * @default {Infinity}
   */
  startTimeoutMs?: number | undefined;
  /** How a process of the operating system is launched. */
  launch?: LaunchOptions | undefined;
  /**
   * What the agent of a process of the operating system runs, and what it is given.
   *
   * @default {the agent of a `Process`}
   */
  agent?: { runner: string; payload: unknown } | undefined;
}

/** What an agent is started with. */
export interface AgentRequest {
  /** The start request of its process. */
  readonly request: Envelope;
  readonly launch: Launch;
  /** How long the process may take to start, in milliseconds; 0: any time. */
  readonly startTimeoutMs: number;
  /** What the agent is given by what starts it. */
  readonly payload: unknown;
}

/**
 * Starts a worker with a start request.
 *
 * @returns the isolate record of the worker
 * @throws {DataCloneError} if the payload cannot cross
 * @throws {Error} if this worker is importing a module, or workers cannot be started
 * @throws {RangeError} if workers are nested too deep
 * @throws {MemoryError} if the shared heap is full
 */
export function startIsolate(options: StartOptions): number {
  ensureIsolate();
  refuseWhileImporting();
  refuseTooDeep();
  return startWithRequest(
    options.startMethod === "process" ? storeAgentRequest(options) : storeStartRequest(options),
    options,
  );
}

/**
 * Starts a worker with a start request that is stored already.
 *
 * @param request the message, which it takes over
 * @param pid the number of the process, if the worker is that of a process: what it returns leaves the program
 * @returns the isolate record of the worker
 */
export function startWithRequest(
  request: MessageAddress,
  options: Omit<StartOptions, "runner" | "payload" | "payloadName">,
  pid?: number,
): number {
  const starting = { name: options.name, timeoutMs: options.startTimeoutMs ?? Infinity };
  let record = 0;
  try {
    record = (options.startMethod === "forkserver" ? takeWarmWorker() : undefined) ??
      createIsolateRecord(thisIsolate);
    const exit = options.exitMessage?.(record);
    i32[record + isolateWord.PARENT] = thisIsolate;
    i32[record + isolateWord.DAEMON] = options.daemon ? 1 : 0;
    if (pid !== undefined) {
      i32[record + isolateWord.PID] = pid;
      i32[record + LEAVES] = 1;
      i32[IS_PROCESS] = 1;
    }
    if (exit !== undefined) {
      addChannelRef(exit.channel); // the worker's own handle may be collected before its end
      i32[record + EXIT_CHANNEL] = exit.channel;
      i32[record + EXIT_MESSAGE] = exit.message;
    }
    Atomics.store(i32, record + START_REQUEST, request);
    if (takenFromReserve.delete(record)) {
      setWorkerReferenced(record, !options.daemon);
      wakeAll(record + START_QUEUE);
      watchWorker(record, starting);
      completeEnd(record);
    } else {
      requestWorker(record, starting);
    }
  } catch (error) {
    discardMessage(request);
    if (record !== 0) undoStart(record);
    throw error;
  }
  return record;
}

/** Stores the start request of an agent, with that of its process in it. */
function storeAgentRequest(options: StartOptions): number {
  const launch = launchOf(options.launch ?? {});
  const { startTimeoutMs = Infinity, agent = { runner: "agent", payload: undefined } } = options;
  const request: AgentRequest = {
    request: envelopeOf(storeStartRequest(options, true)),
    launch,
    startTimeoutMs: startTimeoutMs === Infinity ? 0 : Math.ceil(startTimeoutMs),
    payload: agent.payload,
  };
  return storeStartRequest({ ...options, runner: agent.runner, payload: request, payloadName: "" });
}

/** Returns the name in a start request, which it leaves as it is. */
export function nameIn(request: MessageAddress): string {
  const decoder = new Decoder();
  readMessage(decoder, request);
  const [, name] = [decoder.value(), decoder.value()];
  decoder.leave();
  return name as string;
}

/** Gives back the record of a worker that could not be given its start request. */
function undoStart(record: IsolateAddress): void {
  if (takenFromReserve.delete(record)) {
    reserve.unshift(record);
    return;
  }
  if (i32[record + EXIT_MESSAGE] !== 0) {
    freeMessage(i32[record + EXIT_MESSAGE]);
    dropChannelRef(i32[record + EXIT_CHANNEL]);
  }
  freeIsolateRecord(record);
}

/**
 * Stores a start request as a message: the identity, and then the payload, which may need imports.
 *
 * @param isForProcess whether a process of the operating system is to read it
 */
function storeStartRequest(options: StartOptions, isForProcess = false): number {
  const { runner, name, daemon, payload, payloadName, startMethod = getStartMethod() } = options;
  const encoder = borrowEncoder();
  try {
    const { name: parentName, depth } = currentIdentity();
    for (const part of [runner, name, parentName, daemon, startMethod, depth + 1]) {
      encoder.value(part, "name");
    }
    if (isForProcess) encoder.destination = "process";
    encoder.value(payload, payloadName);
    encoder.finish();
    return storeMessage(encoder, allocateUrgent);
  } finally {
    returnEncoder(encoder);
  }
}

/**
 * Reads a start request up to its payload, and gives this worker the identity that it describes.
 *
 * @returns the name of the runner
 */
export function readStartRequest(message: MessageAddress, decoder: Decoder): string {
  readMessage(decoder, message);
  const [runner, name, parentName, daemon, startMethod, depth] = [0, 1, 2, 3, 4, 5].map(() =>
    decoder.value()
  );
  inheritStartMethod(startMethod as StartMethod);
  adoptIdentity({
    name: name as string,
    parentName: parentName as string,
    daemon: daemon as boolean,
    parent: i32[thisIsolate + isolateWord.PARENT],
    depth: depth as number,
  });
  return runner as string;
}

/**
 * Rejects starting a worker while a module is imported: the worker would import the module too, and
 * start another, without end. The main isolate may: it imports a module for a message, and only once.
 */
function refuseWhileImporting(): void {
  if (!isImporting() || isMainIsolate()) return;
  throw new Error(
    "Cannot start a process while its module is being imported by a worker. Put what the program does " +
      "behind: if (import.meta.main) { … }. In a module that is not the program, put it into a function",
  );
}

/**
 * How deep processes and pools may be nested. Each level has a worker at least, of some 15 MB; deeper is
 * most likely a recursion without end. joblib's `loky` has the same limit.
 */
const MAX_DEPTH = 10;

function refuseTooDeep(): void {
  const depth = currentIdentity().depth + 1;
  if (depth <= MAX_DEPTH) return;
  throw new RangeError(
    `Cannot start a worker: processes and pools would be nested ${depth} deep, and the limit is ` +
      `${MAX_DEPTH}. Call the function itself from some level on`,
  );
}

// The warm reserve: workers that have started and wait for a start request.

/** How many workers the reserve has. */
export const RESERVE_SIZE = 2;
const reserve: number[] = [];
const takenFromReserve = new Set<number>();

/** Takes a worker from the reserve, and refills the reserve. */
function takeWarmWorker(): number | undefined {
  if (!isMainIsolate()) return undefined;
  let record = reserve.shift();
  while (record !== undefined && hasEnded(record)) record = reserve.shift();
  fillReserve();
  if (record !== undefined) takenFromReserve.add(record);
  return record;
}

/** Starts workers for the reserve, one per turn of the event loop. */
export function fillReserve(): void {
  if (reserve.length >= RESERVE_SIZE || !isMainIsolate()) return;
  setTimeout(() => {
    if (reserve.length >= RESERVE_SIZE) return;
    ensureIsolate();
    const record = createIsolateRecord(thisIsolate);
    i32[record + isolateWord.DAEMON] = 1;
    try {
      requestWorker(record);
    } catch {
      freeIsolateRecord(record);
      return; // a start without the reserve reports the error
    }
    reserve.push(record);
    if (reserve.length < RESERVE_SIZE) fillReserve();
  }, 0);
}
