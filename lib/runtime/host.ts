/**
 * The main thread's side of workers: it alone creates them, passes buffers between them and clears
 * up after them. A worker that wants to start another asks it (a Worker started by a Worker needs
 * half a second).
 *
 * @module
 */

import { ABANDONED_WORKERS, ANNOUNCEMENTS, ERROR, REQUESTS, START_REQUEST } from "./words.ts";
import { i32 } from "../heap/views.ts";
import { dropAllHeldRefs } from "../objects/shared_object.ts";
import {
  Control,
  ensureIsolate,
  hasEnded,
  isMainIsolate,
  isolateWord,
  LIVE_WORKERS,
  mainIsolate,
  postControl,
  unlistIsolate,
} from "../heap/isolate_record.ts";
import { holdLoop, releaseLoop, setOthers, updateKeepAlive } from "../parking/keep_alive.ts";
import { awaitOn, setService } from "../parking/wait.ts";
import { freeNodesOf, removeWaitersOf } from "../parking/wait_queue.ts";
import { pushBlock, receive } from "../channels/channel.ts";
import { createChannel } from "../channels/channel_handle.ts";
import {
  confirmPosted,
  keptBuffer,
  keptBuffers,
  type PostableBuffer,
  setBufferTransport,
} from "../codec/buffers.ts";
import { storeValue } from "../codec/message.ts";
import {
  cancelStartRequest,
  endIsolate,
  ExitCode,
  freeStartRequest,
  stopIsolate,
  waitingForEnd,
  waitingForQuiescence,
} from "./lifecycle.ts";
import {
  type Announcement,
  type HostRequest,
  keepAnnounced,
  receiveAnnouncements,
} from "./buffer_port.ts";
import { firstDraw } from "./seeded_random.ts";
import { DebugLevel, debugLog } from "./debug_log.ts";
import { workerEntry } from "./module_urls.ts";
import { forkserverPreload } from "./start_method.ts";

/** What a worker is given at its birth. */
export interface Birth {
  heap: SharedArrayBuffer;
  record: number;
  port: MessagePort;
  buffers: [address: number, buffer: PostableBuffer][];
  /** Modules to import before there is an order. */
  preload: readonly string[];
  /** What the main thread drew first: see {@linkcode separateRandom}. */
  firstDraw: readonly number[];
}

interface Hosted {
  worker: Worker;
  port: MessagePort;
}

/** How long a worker that was terminated has for stopping by itself, in milliseconds. */
const GRACE_MS = 250;
/** The same for one that was killed: enough to notice whether it only waits. */
const KILL_GRACE_MS = 20;
/** How long a thread that has stopped may still run its last microtasks, in milliseconds. */
const SETTLING_MS = 100;

const hosted = new Map<number, Hosted>();
/** Threads whose memory can be used again some time after they stopped. */
const settling: { record: number; since: number }[] = [];
/** The clearing up after each worker, from its start on: a joiner may see its end before the host. */
const clearing = new Map<number, Promise<void>>();

/** The records of the workers that the main thread has not cleared up after. */
export function hostedWorkers(): number[] {
  return [...hosted.keys()];
}

/** Waits until everything is cleared up after the workers that have ended. */
export async function clearedUp(): Promise<void> {
  await Promise.all([...clearing.keys()].filter(hasEnded).map(clearedUpAfter));
}

/** Waits until everything is cleared up after a worker that has ended. */
export async function clearedUpAfter(record: number): Promise<void> {
  const cleared = clearing.get(record);
  if (cleared === undefined) return;
  holdLoop(); // the host's own waits do not keep the program alive
  try {
    await cleared;
  } finally {
    releaseLoop();
  }
}

/**
 * Creates the worker for a record, or asks the main thread to.
 *
 * @throws {Error} if this program may not read the package's worker module
 */
export function requestWorker(record: number): void {
  Atomics.add(i32, LIVE_WORKERS, 1);
  if (isMainIsolate()) {
    becomeHost();
    createWorker(record);
  } else {
    request({ kind: "start", record });
  }
}

/** Asks the main thread for something, whether it blocks or not. */
export function request(wanted: HostRequest): void {
  pushBlock(i32[REQUESTS], storeValue(wanted, "request"));
  postControl(mainIsolate(), Control.SERVICE);
}

/** Prepares this isolate for starting workers. */
function becomeHost(): void {
  ensureIsolate();
  if (i32[REQUESTS] !== 0) return;
  i32[REQUESTS] = createChannel();
  setService(serve);
  setOthers(() => hosted.size > 0);
  setBufferTransport({ announce, receive: takeBuffers, requestAgain: takeBuffers });
}

/** Does what workers have asked for; called in every wait of the main thread, blocking or not. */
function serve(): void {
  takeBuffers();
  const requests = i32[REQUESTS];
  for (let next = receive(requests); next?.kind === "value"; next = receive(requests)) {
    const wanted = next.value as HostRequest;
    if (wanted.kind === "resend") resend(wanted.record, wanted.address);
    else if (isOrphan(wanted.record)) endIsolate(wanted.record, ExitCode.TERMINATED);
    else if (!hasEnded(wanted.record)) createRequested(wanted.record);
  }
}

/** Whether it is a daemon whose parent has ended. */
function isOrphan(record: number): boolean {
  return i32[record + isolateWord.DAEMON] !== 0 && hasEnded(i32[record + isolateWord.PARENT]);
}

function createRequested(record: number): void {
  try {
    createWorker(record);
  } catch (error) {
    failToStart(record, error);
    cancelStartRequest(record);
  }
}

function createWorker(record: number): void {
  reclaim();
  const { port1: port, port2: itsPort } = new MessageChannel();
  let worker: Worker;
  try {
    checkReadable();
    worker = new Worker(workerEntry, {
      type: "module",
      name: `worker-${i32[record + isolateWord.PID]}`,
    });
  } catch (error) {
    port.close();
    failToStart(record, error);
    throw error;
  }
  hosted.set(record, { worker, port });
  updateKeepAlive();
  // No `onmessage`: what the event loop takes from the port is out of reach while this thread blocks.
  worker.onerror = (event) => {
    event.preventDefault(); // an error of a worker never ends the program
    failToStart(record, new Error(`Cannot start worker: ${event.message}`));
    cancelStartRequest(record);
  };
  const birth: Birth = {
    heap: i32.buffer,
    record,
    port: itsPort,
    buffers: keptBuffers(),
    preload: i32[record + START_REQUEST] === 0 ? forkserverPreload() : [],
    firstDraw: firstDraw(),
  };
  worker.postMessage(birth, [itsPort]);
  if (i32[record + isolateWord.DAEMON] !== 0) setReferenced(worker, false);
  const cleared = clearUpAfter(record, worker, port);
  clearing.set(record, cleared.finally(() => clearing.delete(record)));
}

/** Says at the call why no worker can start, rather than in an event that a blocked thread misses. */
function checkReadable(): void {
  if (workerEntry.protocol !== "file:") return;
  const { state } = Deno.permissions.querySync({ name: "read", path: workerEntry });
  if (state === "denied" || (state === "prompt" && !Deno.stdin.isTerminal())) {
    throw new Deno.errors.NotCapable(
      `Cannot start worker: this program may not read ${workerEntry.pathname}. Run it with --allow-read`,
    );
  }
}

function failToStart(record: number, error: unknown): void {
  if (endIsolate(record, ExitCode.FAILED)) {
    Atomics.store(i32, record + ERROR, storeValue(error, "error"));
  }
}

/** Ends the Worker once its thread has ended, and counts one that does not stop. */
async function clearUpAfter(record: number, worker: Worker, port: MessagePort): Promise<void> {
  const exitCode = await awaitOn(waitingForEnd(record), undefined, false);
  debugLog(
    DebugLevel.DEBUG,
    `process ${i32[record + isolateWord.PID]} ended: exit code ${exitCode}`,
  );
  const timeoutMs = exitCode === ExitCode.KILLED ? KILL_GRACE_MS : GRACE_MS;
  setReferenced(worker, false);
  const silent = await awaitOn(waitingForQuiescence(record), { timeoutMs }, true);
  takeBuffers();
  port.close();
  worker.terminate();
  hosted.delete(record);
  updateKeepAlive();
  endDaemonsOf(record);
  if (silent) {
    settling.push({ record, since: performance.now() });
  } else {
    if (Atomics.add(i32, ABANDONED_WORKERS, 1) === 0) {
      console.warn(
        "A worker that was told to end goes on computing: Deno cannot interrupt it. It does not " +
          "keep the program alive (said once; abandonedWorkers() counts them)",
      );
    }
  }
}

/** Ends the daemons that a worker started, its pools' workers among them: it has ended. */
function endDaemonsOf(parent: number): void {
  for (const record of hosted.keys()) {
    if (i32[record + isolateWord.PARENT] !== parent || hasEnded(record)) continue;
    if (isOrphan(record)) stopIsolate(record, ExitCode.TERMINATED);
  }
}

/** Frees what threads held that stopped a while ago. */
function reclaim(): void {
  while (settling.length > 0 && performance.now() - settling[0].since > SETTLING_MS) {
    const { record } = settling.shift()!;
    unlistIsolate(record);
    removeWaitersOf(record); // it may have gone on, and waited, after it was declared ended
    dropAllHeldRefs(record);
    freeStartRequest(record);
    freeNodesOf(record);
  }
}

/** Number of workers that were ended while they computed, and may compute still. */
export function abandonedWorkers(): number {
  return i32[ABANDONED_WORKERS];
}

// Buffers

function announce(address: number, buffer: PostableBuffer, except = 0): void {
  for (const [record, { port }] of hosted) {
    if (record !== except) port.postMessage({ address, buffer } satisfies Announcement);
  }
  confirmPosted(address);
}

/** Takes in the buffers that workers announced, and passes them on to the others. */
function takeBuffers(): void {
  if (i32[ANNOUNCEMENTS] === taken) return; // so that the port's functions are not loaded
  taken = Atomics.load(i32, ANNOUNCEMENTS);
  for (const [record, { port }] of hosted) {
    receiveAnnouncements(port, (announcement) => {
      keepAnnounced(announcement);
      announce(announcement.address, announcement.buffer, record);
    });
  }
}

/** Number of the workers' announcements when the ports were last emptied. */
let taken = 0;

function resend(record: number, address: number): void {
  const buffer = keptBuffer(address);
  if (buffer === undefined) return;
  hosted.get(record)?.port.postMessage({ address, buffer } satisfies Announcement);
  confirmPosted(address);
}

// Keeping the program alive

// Deno has no public way to let a Worker not keep the program alive; node:worker_threads uses this.
const referenceSymbol = Object.getOwnPropertySymbols(Worker.prototype)
  .find((symbol) => !symbol.description);

/** Says whether a worker keeps the program alive. */
function setReferenced(worker: Worker, referenced: boolean): void {
  if (referenceSymbol === undefined) return;
  (worker as unknown as Record<symbol, (on: boolean) => void>)[referenceSymbol](referenced);
}

/** Changes whether a running worker keeps the program alive. */
export function setWorkerReferenced(record: number, alive: boolean): void {
  const it = hosted.get(record);
  if (it !== undefined) setReferenced(it.worker, alive);
}
