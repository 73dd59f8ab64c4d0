/**
 * The worker's side: it joins the program at its birth, runs its start request and publishes its end.
 *
 * @module
 */

import { printError } from "../sync/callbacks.ts";
import { ANNOUNCEMENTS, IS_PROCESS, START_QUEUE, START_REQUEST } from "./words.ts";
import { isErrorOf } from "../arguments/describe.ts";
import { TerminatedError } from "../errors.ts";
import { hooks, installHooks } from "../heap/hooks.ts";
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
import { arm, awaitOn, type Steps } from "../parking/wait.ts";
import { countPendingPuts, pendingPutsDone } from "../channels/pending_puts.ts";
import { keepBuffer } from "../codec/buffers.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import { importFunction } from "../codec/functions.ts";
import { discardHeldMessages } from "../codec/held_messages.ts";
import { freeMessage, type MessageAddress } from "../codec/message.ts";
import { runFinalizers } from "./finalize.ts";
import { type Birth, sendRequest } from "./host.ts";
import {
  acknowledgeEnd,
  cancelStartRequest,
  endIsolate,
  ExitCode,
  publishError,
} from "./lifecycle.ts";
import { type Announcement, keepAnnouncement, receiveAnnouncements } from "./buffer_port.ts";
import { DebugLevel, debugLog } from "./debug_log.ts";
import { adoptMainModule } from "./main_module.ts";
import { enterPhase, Phase } from "./start_watch.ts";
import { currentIdentity, readStartRequest } from "./start_request.ts";
import { separateRandom } from "./seeded_random.ts";

/** Runs one kind of start request. */
export interface Runner {
  /**
   * Runs the payload. Enters `Phase.READY` when the worker's own work begins. The worker ends when it
   * returns or throws.
   *
   * @returns the exit code; by default 0
   */
  run(payload: unknown): Promise<number | void>;
  /** Called when the worker was told to end. The worker ends when it returns. */
  stop?(): Promise<void>;
  /** Reports the error that ended the worker, where no caller does. */
  report?(error: unknown): void;
}

/** All runners, by the name in the start request. */
export type Runners = Readonly<Record<string, Runner>>;

/** What captures the output of a worker. */
export interface Output {
  /** Called when the worker knows its name, before any code of the program runs. */
  begin(): void;
  /** Writes buffered output: nothing more will be printed. */
  flush(): void;
}

/**
 * Makes this isolate a worker. Call it while the entry module is evaluated, before any await: messages
 * that arrive before the listener exists are lost.
 */
export function startWorker(runners: Runners, output: Output): void {
  flush = output.flush;
  addEventListener("message", (event) => {
    runWorker((event as MessageEvent<Birth>).data, runners, output);
  }, { once: true });
}

/** What may be different in a process of the operating system. */
const DENO_ARGS_HINT =
  "A process does not have --config, --import-map and other arguments of the program: " +
  'give it those that it needs, as in denoArgs: ["--config=deno.json"]';

async function runWorker(
  { heap, record, port, buffers, preload, mainModule, firstDraw }: Birth,
  runners: Runners,
  output: Output,
): Promise<void> {
  adoptIsolate(heap, record);
  Atomics.store(i32, record + isolateWord.BORN, 1);
  adoptMainModule(mainModule);
  separateRandom(firstDraw, i32[record + isolateWord.PID]);
  for (const [address, buffer] of buffers) keepBuffer(address, buffer);
  port.onmessage = ({ data }) => keepAnnouncement(data);
  installHooks({
    announceBuffer(address, buffer) {
      port.postMessage({ address, buffer } satisfies Announcement);
      Atomics.add(i32, ANNOUNCEMENTS, 1);
      postControl(mainIsolate(), Control.SERVICE);
    },
    receiveBuffers: () => receiveAnnouncements(port, keepAnnouncement),
    requestBuffer: (address) => sendRequest({ kind: "resend", record, address }),
    hintForImport: () => i32[IS_PROCESS] === 1 ? DENO_ARGS_HINT : "",
    onStop: () => {
      const end = () => finish(ExitCode.TERMINATED);
      if (runner?.stop === undefined) end();
      else runner.stop().then(end, end);
    },
  });
  publishOnExit();
  catchUncaughtErrors();
  arm();
  enterState(IsolateState.IDLE);
  for (const module of preload) await preloadModule(module);
  let exitCode: number = ExitCode.RETURNED;
  try {
    const message = await awaitOn(receivingStartRequest());
    const decoder = new Decoder();
    runner = runners[readStartRequest(message, decoder)];
    output.begin();
    const payload = await readPayload(message, decoder);
    enterState(IsolateState.RUNNING);
    debugLog(DebugLevel.INFO, "child process calling run()");
    exitCode = await runner.run(payload) ?? exitCode;
  } catch (error) {
    exitCode = recordFailure(error);
  }
  if (!stopRequested()) await drain();
  finish(exitCode);
}

/** How long puts may be pending after the work is done before a warning is printed. */
const WARN_AFTER_MS = 5000;

/**
 * Waits for work that continues after the start request has been run: threads, and pending puts, as
 * Python flushes its queues. Then waits for a turn of the event loop, which reports uncaught errors.
 */
async function drain(): Promise<void> {
  await hooks.beforeEnd?.();
  const pending = countPendingPuts();
  if (pending > 0) {
    const { name } = currentIdentity();
    const timer = setTimeout(() => {
      console.warn(
        `${name} has done its work and waits for room in a queue for ${pending} items that it put ` +
          "without awaiting. Get them before you join it",
      );
    }, WARN_AFTER_MS);
    await pendingPutsDone();
    clearTimeout(timer);
  }
  await nextTurn();
}

/** Resolves in another turn of the event loop. The first timer of a worker would take 5 ms. */
function nextTurn(): Promise<void> {
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
    printError(`Cannot preload ${module}:`, error);
  }
}

/** Reads the payload of a start request, importing the modules that it needs. */
async function readPayload(message: MessageAddress, decoder: Decoder): Promise<unknown> {
  for (;;) {
    try {
      const payload = decoder.value();
      if (
        Atomics.compareExchange(i32, thisIsolate + START_REQUEST, message, 0) !==
          message
      ) {
        throw new TerminatedError("Cannot begin: this worker was told to end"); // and the request was cancelled
      }
      decoder.finish();
      freeMessage(message);
      return payload;
    } catch (error) {
      if (!(error instanceof NeedsImport)) throw error;
      enterPhase(Phase.IMPORTING, error.address);
      await importFunction(error.address);
      readStartRequest(message, decoder);
    }
  }
}

function* receivingStartRequest(): Steps<number> {
  const word = thisIsolate + START_REQUEST;
  for (;;) {
    const message = Atomics.load(i32, word);
    if (message > 0) return message; // it stays there until it has been read
    yield { queue: thisIsolate + START_QUEUE, word, expected: message };
  }
}

let close: () => void;
let flush: () => void;

/** Publishes ends that Deno does not report to the parent: `Deno.exit`, `process.exit`, `self.close`. */
function publishOnExit(): void {
  addEventListener("unload", () => {
    publish(Deno.exitCode);
  });
  close = globalThis.close.bind(globalThis);
  globalThis.close = () => finish(ExitCode.RETURNED);
}

/** Handles uncaught errors, before Deno prints them and ends the isolate. */
function catchUncaughtErrors(): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    uncaught((event as ErrorEvent).error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    uncaught(event.reason);
  });
}

function uncaught(error: unknown): void {
  if (isErrorOf(error, TerminatedError) && stopRequested()) finish(ExitCode.TERMINATED);
  else finish(recordFailure(error));
}

let runner: Runner | undefined;

/** Publishes and reports the error that ends this worker, unless it was terminated. Returns the exit code. */
function recordFailure(error: unknown): number {
  if (isErrorOf(error, TerminatedError) && stopRequested()) return ExitCode.TERMINATED;
  if (!isEndPublished()) {
    publishError(error);
    try {
      runner?.report?.(error);
    } catch {
      // For example, stderr is closed. The parent can still read the published error.
    }
  }
  return ExitCode.FAILED;
}

function isEndPublished(): boolean {
  return (Atomics.load(i32, thisIsolate + isolateWord.STATE) & 0xff) === IsolateState.ENDED;
}

/** Ends this worker. */
function finish(exitCode: number): void {
  publish(exitCode);
  close();
}

/** Publishes the end of this worker, after the work that waiters for its end rely on. */
function publish(exitCode: number): void {
  if (!isEndPublished()) {
    runFinalizers();
    debugLog(DebugLevel.INFO, `process exiting with exit code ${exitCode}`);
  }
  flush();
  endIsolate(thisIsolate, exitCode);
  cancelStartRequest(thisIsolate);
  discardHeldMessages();
  acknowledgeEnd(thisIsolate);
}
