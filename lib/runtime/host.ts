/**
 * The main isolate's side of workers: it alone creates them, passes buffers between them and cleans up
 * after them. A worker that starts another one sends it a request, because a Worker that is created by a
 * Worker needs half a second to start.
 *
 * @module
 */

import { ABANDONED_WORKERS, ANNOUNCEMENTS, REQUESTS, START_REQUEST } from "./words.ts";
import { allocateUrgent, makePermanent } from "../heap/allocator.ts";
import { installHooks, type PostableBuffer } from "../heap/hooks.ts";
import { i32 } from "../heap/views.ts";
import { dropAllHeldRefs, type ObjectAddress, objectWord } from "../objects/shared_object.ts";
import {
  Control,
  ensureIsolate,
  hasEnded,
  isMainIsolate,
  type IsolateAddress,
  isolateWord,
  keepIsolateRecord,
  LIVE_WORKERS,
  mainIsolate,
  postControl,
  unlistIsolate,
} from "../heap/isolate_record.ts";
import { holdLoop, releaseLoop, updateKeepAlive } from "../parking/keep_alive.ts";
import { arm, awaitOn, callLater } from "../parking/wait.ts";
import { removeLateWaitersOf } from "../parking/wait_queue.ts";
import { freeNodesOf } from "../parking/waiter_node.ts";
import { freeIfEmpty, push, receive } from "../channels/channel.ts";
import { createChannel } from "../channels/channel_handle.ts";
import { confirmPosted, keptBuffer, keptBuffers } from "../codec/buffers.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import {
  acknowledgeEnd,
  ExitCode,
  failToStart,
  freeStartRequest,
  stopIsolate,
  waitingForEnd,
  waitingForQuiescence,
} from "./lifecycle.ts";
import {
  type Announcement,
  type HostRequest,
  keepAnnouncement,
  receiveAnnouncements,
  type Starting,
} from "./buffer_port.ts";
import { endWatch, type StartWatch, watchStart } from "./start_watch.ts";
import { firstDraw } from "./seeded_random.ts";
import { DebugLevel, debugLog } from "./debug_log.ts";
import { setReferenced } from "./keep_referenced.ts";
import { mainModule } from "./main_module.ts";
import { ownModules, workerEntry } from "./module_urls.ts";
import "./shared_types.ts";
import { forkserverPreload } from "./start_method.ts";
import { freeUnreadErrors } from "./unread_errors.ts";

/** What a worker receives at its birth. */
export interface Birth {
  heap: SharedArrayBuffer;
  record: IsolateAddress;
  port: MessagePort;
  buffers: [address: number, buffer: PostableBuffer][];
  /** Modules to import before there is a start request. */
  preload: readonly string[];
  /** The main module of the program. */
  mainModule: string;
  /** The first secure random numbers of the main isolate: see `seeded_random.ts`. */
  firstDraw: readonly number[];
}

interface HostedWorker {
  worker: Worker;
  port: MessagePort;
  watch: StartWatch | undefined;
}

/**
 * Grace period: for how long joiners wait until a worker that has ended stops, in milliseconds. One that
 * waits stops at once; after that time, a worker counts as computing until it stops.
 */
const GRACE_MS = 250;
/** Grace period after `kill()`, in milliseconds. */
const KILL_GRACE_MS = 20;
/**
 * Grace period of a worker that is not born, in milliseconds: it takes what was posted to it, and ends by itself. Deno
 * keeps the memory of a shared buffer that was posted to a worker which never takes it, here the whole heap.
 */
const BIRTH_GRACE_MS = 1000;
/**
 * Time after the grace period before a warning says that a worker still computes, in milliseconds: on a
 * machine under load, a worker may need some time to stop.
 */
const WARN_AFTER_MS = 1000;
/**
 * Time between an isolate's acknowledgement and the reuse of its memory, in milliseconds: its last
 * microtasks may still run.
 */
const SETTLING_MS = 100;

const hosted = new Map<number, HostedWorker>();
/** Isolates that have stopped, whose memory is not reclaimed yet. */
const settling: { record: IsolateAddress; since: number }[] = [];
/**
 * Clean-up of each worker by record. The entry exists from the start of the worker, because a joiner may
 * see its end before this isolate does.
 */
const cleanUps = new Map<number, Promise<void>>();
/** Number of the workers' announcements when the ports were last read. */
let lastAnnouncements = 0;

/** Returns the records of the workers that the main isolate has not cleaned up after. */
export function hostedWorkers(): number[] {
  return [...hosted.keys()];
}

/** Waits for the clean-ups of all workers that have ended. */
export async function waitForAllCleanUps(): Promise<void> {
  await Promise.all([...cleanUps.keys()].filter(hasEnded).map(waitForCleanUp));
}

/** Waits until what the workers held that have ended, and were cleaned up after, has been freed. */
export async function waitForReclaim(): Promise<void> {
  while (settling.length > 0) {
    const leftMs = SETTLING_MS - (performance.now() - settling[0].since);
    await new Promise((resolve) => setTimeout(resolve, Math.max(Math.ceil(leftMs), 0)));
    reclaim();
  }
}

/** Waits for the clean-up of a worker that has ended. */
export async function waitForCleanUp(record: IsolateAddress): Promise<void> {
  const cleanedUp = cleanUps.get(record);
  if (cleanedUp === undefined) return;
  holdLoop(); // the host's own wait does not keep the program alive
  try {
    await cleanedUp;
  } finally {
    releaseLoop();
  }
}

/**
 * Creates the worker of a record, or requests it from the main isolate. If that fails, no other isolate knows
 * of the record.
 *
 * @param starting `undefined` if it has no start request yet: it is watched from then on, by `watchWorker`
 * @throws {Error} if this program may not read the package's worker module
 * @throws {MemoryError} if the shared heap is full
 */
export function requestWorker(record: IsolateAddress, starting?: Starting): void {
  Atomics.add(i32, LIVE_WORKERS, 1);
  try {
    if (isMainIsolate()) {
      becomeHost();
      createWorker(record, starting);
    } else {
      sendRequest({ kind: "start", record, starting });
    }
  } catch (error) {
    Atomics.sub(i32, LIVE_WORKERS, 1);
    throw error;
  }
  keepIsolateRecord(record);
}

/** Watches a worker that now has a start request. */
export function watchWorker(record: IsolateAddress, { name, timeoutMs }: Starting): void {
  const worker = hosted.get(record);
  if (worker !== undefined) worker.watch = watchStart(record, name, timeoutMs);
}

/**
 * Sends a request to the main isolate, which serves it even while it blocks.
 *
 * @throws {MemoryError} if the shared heap is full
 */
export function sendRequest(request: HostRequest): void {
  const encoder = encode(request, "request");
  try {
    push(i32[REQUESTS], encoder, allocateUrgent);
  } finally {
    returnEncoder(encoder);
  }
  postControl(mainIsolate(), Control.SERVICE);
}

/** Prepares the main isolate for starting workers. */
function becomeHost(): void {
  ensureIsolate();
  if (i32[REQUESTS] !== 0) return;
  i32[REQUESTS] = createChannel(allocateUrgent);
  makePermanent(i32[REQUESTS] - objectWord.FIRST);
  installHooks({
    serveRequests: serve,
    makeRoom: reclaim,
    hasPeers: () => hosted.size > 0,
    announceBuffer: announce,
    receiveBuffers,
    requestBuffer: receiveBuffers, // the main isolate finds every announced buffer in its ports
  });
  arm();
}

/** Serves the requests of workers. Called in every wait of the main isolate, blocking or not. */
function serve(): void {
  receiveBuffers();
  reclaim();
  const requests = i32[REQUESTS];
  let next = receive(requests);
  if (next === undefined) return;
  for (; next?.kind === "value"; next = receive(requests)) {
    const request = next.value as HostRequest;
    if (request.kind === "resend") resend(request.record, request.address);
    else createRequested(request);
  }
  freeIfEmpty(requests);
}

/** Whether a worker is a daemon whose parent has ended. */
function isOrphan(record: IsolateAddress): boolean {
  return i32[record + isolateWord.DAEMON] !== 0 && hasEnded(i32[record + isolateWord.PARENT]);
}

function createRequested({ record, starting }: HostRequest & { kind: "start" }): void {
  if (isOrphan(record)) stopIsolate(record, ExitCode.TERMINATED);
  try {
    if (!hasEnded(record)) return createWorker(record, starting);
  } catch (error) {
    failToStart(record, error);
  }
  reclaimLater(record); // it never ran
}

function createWorker(record: IsolateAddress, starting: Starting | undefined): void {
  reclaim();
  const { port1: port, port2: workerPort } = new MessageChannel();
  let worker: Worker;
  try {
    checkReadable();
    worker = new Worker(workerEntry, {
      type: "module",
      name: `worker-${i32[record + isolateWord.PID]}`,
    });
  } catch (error) {
    port.close();
    throw error;
  }
  hosted.set(record, { worker, port, watch: undefined });
  if (starting !== undefined) watchWorker(record, starting);
  updateKeepAlive();
  // No `onmessage`: messages that the event loop takes are out of reach while this isolate blocks.
  worker.onerror = (event) => {
    event.preventDefault(); // an error of a worker does not end the program
    acknowledgeEnd(record); // Deno has ended its isolate
    failToStart(record, new Error(`Cannot start worker: ${event.message}`));
  };
  const birth: Birth = {
    heap: i32.buffer,
    record,
    port: workerPort,
    buffers: keptBuffers(),
    preload: i32[record + START_REQUEST] === 0 ? forkserverPreload() : [],
    mainModule: mainModule(),
    firstDraw: firstDraw(),
  };
  worker.postMessage(birth, [workerPort]);
  if (i32[record + isolateWord.DAEMON] !== 0) setReferenced(worker, false);
  const cleanedUp = cleanUp(record, worker, port);
  cleanUps.set(record, cleanedUp.finally(() => cleanUps.delete(record)));
}

/**
 * Throws if the modules of a worker cannot be read. Checked in advance, because a blocked isolate does not
 * receive the error event.
 */
function checkReadable(): void {
  for (const path of [workerEntry, new URL(ownModules)]) {
    if (path.protocol !== "file:") return;
    const { state } = Deno.permissions.querySync({ name: "read", path });
    if (state === "denied" || (state === "prompt" && !Deno.stdin.isTerminal())) {
      throw new Deno.errors.NotCapable(
        `Cannot start worker: this program may not read ${path.pathname}. Run it with --allow-read`,
      );
    }
  }
}

/** Releases a worker once its isolate has ended, after the grace period at the latest. */
async function cleanUp(record: IsolateAddress, worker: Worker, port: MessagePort): Promise<void> {
  const exitCode = await awaitOn(waitingForEnd(record), undefined, false);
  debugLog(
    DebugLevel.DEBUG,
    `worker ${i32[record + isolateWord.PID]} ended: exit code ${exitCode}`,
  );
  endWatch(hosted.get(record)!.watch);
  setReferenced(worker, false);
  const quiescent = (timeoutMs: number) =>
    awaitOn(waitingForQuiescence(record), { timeoutMs }, true);
  let isQuiescent = await quiescent(exitCode === ExitCode.KILLED ? KILL_GRACE_MS : GRACE_MS);
  if (!isQuiescent && !isBorn(record)) isQuiescent = await quiescent(BIRTH_GRACE_MS);
  receiveBuffers();
  port.close();
  if (!isQuiescent && !isBorn(record)) {
    worker.terminate(); // it will not be born now, unless it was meanwhile
    isQuiescent = !isBorn(record);
  }
  hosted.delete(record);
  updateKeepAlive();
  endDaemonsOf(record);
  if (isQuiescent) settle(record, worker);
  else void settleLater(record, worker);
}

/** Whether the worker runs code that acknowledges its end. */
function isBorn(record: IsolateAddress): boolean {
  return Atomics.load(i32, record + isolateWord.BORN) !== 0;
}

/** Releases a worker whose JavaScript has stopped; what it held is freed some time later. */
function settle(record: IsolateAddress, worker: Worker): void {
  worker.terminate();
  reclaimLater(record);
}

function reclaimLater(record: IsolateAddress): void {
  settling.push({ record, since: performance.now() });
  callLater(SETTLING_MS + 1, reclaim);
}

/**
 * Counts a worker that computes after its end, until it stops: at its next operation of the package, or
 * when its event loop is free. (`Worker.terminate()` would not end it earlier, but keep its event loop from
 * reporting that it has stopped.)
 */
async function settleLater(record: IsolateAddress, worker: Worker): Promise<void> {
  Atomics.add(i32, ABANDONED_WORKERS, 1);
  let computes = true;
  callLater(WARN_AFTER_MS, () => computes && warnOfComputing());
  await awaitOn(waitingForQuiescence(record), undefined, false);
  computes = false;
  Atomics.sub(i32, ABANDONED_WORKERS, 1);
  settle(record, worker);
}

let hasWarned = false;

function warnOfComputing(): void {
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    "A terminated worker is still computing: Deno cannot interrupt it. It does not keep the " +
      "program alive (this warning is printed once; abandonedWorkers() counts such workers)",
  );
}

/** Ends the daemons of a worker that has ended, including the workers of its pools. */
function endDaemonsOf(parent: IsolateAddress): void {
  for (const record of hosted.keys()) {
    if (i32[record + isolateWord.PARENT] !== parent || hasEnded(record)) continue;
    if (isOrphan(record)) stopIsolate(record, ExitCode.TERMINATED);
  }
}

/**
 * Frees what isolates held that stopped at least `SETTLING_MS` ago.
 *
 * @returns whether there were any
 */
function reclaim(): boolean {
  let found = false;
  while (settling.length > 0 && performance.now() - settling[0].since >= SETTLING_MS) {
    found = true;
    const { record } = settling.shift()!;
    unlistIsolate(record);
    removeLateWaitersOf(record);
    dropAllHeldRefs(record);
    freeStartRequest(record);
    freeNodesOf(record);
    freeUnreadErrors(record);
  }
  return found;
}

/** Returns the number of workers that were told to end and still compute. */
export function abandonedWorkers(): number {
  return i32[ABANDONED_WORKERS] ?? 0; // there is no heap before the first shared object
}

// Buffers

function announce(address: ObjectAddress, buffer: PostableBuffer, except = 0): void {
  for (const [record, { port }] of hosted) {
    if (record === except || hasEnded(record)) continue; // Deno keeps what nobody takes out of a port
    port.postMessage({ address, buffer } satisfies Announcement);
  }
  confirmPosted(address);
}

/** Receives the buffers that workers announced, and passes them on to the other workers. */
function receiveBuffers(): void {
  if (i32[ANNOUNCEMENTS] === lastAnnouncements) return; // avoids loading the functions of the port
  lastAnnouncements = Atomics.load(i32, ANNOUNCEMENTS);
  for (const [record, { port }] of hosted) {
    receiveAnnouncements(port, (announcement) => {
      keepAnnouncement(announcement);
      announce(announcement.address, announcement.buffer, record);
    });
  }
}

function resend(record: IsolateAddress, address: ObjectAddress): void {
  const buffer = keptBuffer(address);
  if (buffer === undefined) return;
  hosted.get(record)?.port.postMessage({ address, buffer } satisfies Announcement);
  confirmPosted(address);
}

// Keeping the program alive

/** Sets whether the worker of a record keeps the program alive. */
export function setWorkerReferenced(record: IsolateAddress, referenced: boolean): void {
  const entry = hosted.get(record);
  if (entry !== undefined) setReferenced(entry.worker, referenced);
}
