/**
 * A worker's side: it joins the program at its birth, runs what it was ordered to and publishes how
 * that ended.
 *
 * @module
 */

import { ANNOUNCEMENTS, START_QUEUE, START_REQUEST } from "./words.ts";
import { TerminatedError } from "../errors.ts";
import { i32 } from "../heap/views.ts";
import {
  adoptIsolate,
  Control,
  enterState,
  IsolateState,
  isolateWord,
  mainIsolate,
  postControl,
  stopRequested,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { awaitOn, setOnStop, type Steps } from "../parking/wait.ts";
import { countPendingPuts, pendingPutsDone } from "../channels/pending_puts.ts";
import { keepBuffer, setBufferTransport } from "../codec/buffers.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import { importFunction } from "../codec/functions.ts";
import { freeMessage } from "../codec/message.ts";
import { runFinalizers } from "./finalize.ts";
import { type Birth, request } from "./host.ts";
import {
  acknowledgeEnd,
  beforeEnd,
  cancelStartRequest,
  endIsolate,
  ExitCode,
  publishError,
} from "./lifecycle.ts";
import { type Announcement, keepAnnounced, receiveAnnouncements } from "./buffer_port.ts";
import { DebugLevel, debugLog } from "./debug_log.ts";
import { currentIdentity, readStartRequest } from "./start_request.ts";
import { separateRandom } from "./seeded_random.ts";

/** Runs one kind of order. */
export interface Runner {
  /** Runs it; the worker ends when it returns or throws. */
  run(payload: unknown): Promise<void>;
  /** Says what error ended the worker, where nobody else would. */
  report?(error: unknown): void;
}

/** Everything that a worker can be ordered to run, by name. */
export type Runners = Readonly<Record<string, Runner>>;

/** What is done about the output of a worker. */
export interface Output {
  /** The worker knows its name, and nothing of the user's has run. */
  begin(): void;
  /** Nothing more will be printed: what was held back has to go out. */
  flush(): void;
}

/**
 * Makes this isolate a worker: to be called while its module is evaluated, before any await, since
 * messages that come earlier are lost.
 */
export function startWorker(runners: Runners, output: Output): void {
  flush = output.flush;
  addEventListener("message", (event) => {
    runWorker((event as MessageEvent<Birth>).data, runners, output);
  }, { once: true });
}

async function runWorker(
  { heap, record, port, buffers, preload, firstDraw }: Birth,
  runners: Runners,
  output: Output,
): Promise<void> {
  adoptIsolate(heap, record);
  separateRandom(firstDraw, i32[record + isolateWord.PID]);
  for (const [address, buffer] of buffers) keepBuffer(address, buffer);
  port.onmessage = ({ data }) => keepAnnounced(data);
  setBufferTransport({
    announce(address, buffer) {
      port.postMessage({ address, buffer } satisfies Announcement);
      Atomics.add(i32, ANNOUNCEMENTS, 1);
      postControl(mainIsolate(), Control.SERVICE);
    },
    receive: () => receiveAnnouncements(port, keepAnnounced),
    requestAgain: (address) => request({ kind: "resend", record, address }),
  });
  noticeExit();
  noticeErrors();
  setOnStop(() => finish(ExitCode.TERMINATED));
  enterState(IsolateState.IDLE);
  for (const module of preload) await preloadModule(module);
  let exitCode: number = ExitCode.RETURNED;
  try {
    const message = await awaitOn(receivingOrder());
    const decoder = new Decoder();
    runner = runners[readStartRequest(message, decoder)];
    output.begin();
    const payload = await readPayload(message, decoder);
    enterState(IsolateState.RUNNING);
    debugLog(DebugLevel.INFO, "child process calling run()");
    await runner.run(payload);
  } catch (error) {
    exitCode = noteFailure(error);
  }
  if (!stopRequested()) await drain();
  finish(exitCode);
}

/** How long the work of a worker may be done, and its puts wait, before it says so. */
const PATIENCE_MS = 5000;

/**
 * Waits for what goes on when the order has ended: its threads, and what was put into full queues
 * and not awaited, as Python flushes its queues. Then for a turn of the event loop, in which the
 * errors come to light that nobody caught.
 */
async function drain(): Promise<void> {
  await beforeEnd();
  const waiting = countPendingPuts();
  if (waiting > 0) {
    const { name } = currentIdentity();
    const timer = setTimeout(() => {
      console.warn(
        `${name} has done its work and waits for room in a queue for what it put there and did not ` +
          `await (${waiting} items). Get them before you join it`,
      );
    }, PATIENCE_MS);
    await pendingPutsDone();
    clearTimeout(timer);
  }
  await turn();
}

/** Ends in another turn of the event loop. A timer would do, but the first of a worker takes 5 ms. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

async function preloadModule(module: string): Promise<void> {
  try {
    await import(module);
  } catch (error) {
    console.error(`Cannot preload ${module}:`, error);
  }
}

/** Reads the payload of an order, importing the modules that it needs. */
async function readPayload(message: number, decoder: Decoder): Promise<unknown> {
  for (;;) {
    try {
      const payload = decoder.value();
      if (
        Atomics.compareExchange(i32, thisIsolate + START_REQUEST, message, 0) !==
          message
      ) {
        throw new TerminatedError("Cannot begin: this worker was told to end"); // its order is lost
      }
      decoder.finish();
      freeMessage(message);
      return payload;
    } catch (error) {
      if (!(error instanceof NeedsImport)) throw error;
      await importFunction(error.address);
      readStartRequest(message, decoder);
    }
  }
}

function* receivingOrder(): Steps<number> {
  const word = thisIsolate + START_REQUEST;
  for (;;) {
    const message = Atomics.load(i32, word);
    if (message > 0) return message; // stays there until it has been read
    yield { queue: thisIsolate + START_QUEUE, word, expected: message };
  }
}

let close: () => void;
let flush: () => void;

/** Publishes the ends that Deno tells nobody about: `Deno.exit`, `process.exit`, `self.close`. */
function noticeExit(): void {
  addEventListener("unload", () => {
    publish(Deno.exitCode);
  });
  close = globalThis.close.bind(globalThis);
  globalThis.close = () => finish(ExitCode.RETURNED);
}

/** Catches what nobody caught, before the runtime prints it and ends the isolate. */
function noticeErrors(): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    uncaught((event as ErrorEvent).error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    uncaught(event.reason);
  });
}

let onUncaught: ((error: unknown) => void) | undefined;

/** Says what happens to errors that nobody caught; without it they end the worker. */
export function setOnUncaught(report: (error: unknown) => void): void {
  onUncaught = report;
}

function uncaught(error: unknown): void {
  if (error instanceof TerminatedError && stopRequested()) finish(ExitCode.TERMINATED);
  else if (onUncaught !== undefined) onUncaught(error);
  else finish(noteFailure(error));
}

let runner: Runner | undefined;

/** Keeps and says what error ends this worker, unless it has been ended. Returns its exit code. */
function noteFailure(error: unknown): number {
  if (error instanceof TerminatedError && stopRequested()) return ExitCode.TERMINATED;
  if (!exitCodeKnown()) {
    publishError(error);
    try {
      runner?.report?.(error);
    } catch {
      // Its stderr is closed, say. Who asks for the error has it all the same.
    }
  }
  return ExitCode.FAILED;
}

function exitCodeKnown(): boolean {
  return (Atomics.load(i32, thisIsolate + isolateWord.STATE) & 0xff) === IsolateState.ENDED;
}

/** Ends this worker. */
function finish(exitCode: number): void {
  publish(exitCode);
  close();
}

/** Publishes the end of this worker, after what those who wait for it must find done. */
function publish(exitCode: number): void {
  if (!exitCodeKnown()) {
    runFinalizers();
    debugLog(DebugLevel.INFO, `process exiting with exit code ${exitCode}`);
  }
  flush();
  endIsolate(thisIsolate, exitCode);
  cancelStartRequest(thisIsolate);
  acknowledgeEnd();
}
