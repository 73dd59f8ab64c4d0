/**
 * The results of a pool's workers: received from their channel and decoded, if necessary after a module
 * has been imported.
 *
 * @module
 */

import { TaskLookupError } from "../../../errors.ts";
import { SPINS } from "../../../heap/guard.ts";
import type { IsolateAddress } from "../../../heap/isolate_record.ts";
import { awaitOn, blockOn, callLater, SpinBudget } from "../../../parking/wait.ts";
import {
  endReceive,
  giveUpReceive,
  receiveInto,
  storeReceived,
} from "../../../channels/channel.ts";
import { messagesIn, wakeReceivers, wakeSenders } from "../../../channels/channel_state.ts";
import { becomingReadable, isReadableSoon } from "../../../channels/channel_waiting.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../../../codec/decoder.ts";
import { definitionAt } from "../../../codec/definition.ts";
import { importMessage } from "../../../codec/held_messages.ts";
import type { MessageAddress } from "../../../codec/message.ts";
import type { Job } from "../../calls/job.ts";
import { checkFailure } from "../../chunks/chunk.ts";
import { ResultStatus } from "./protocol.ts";

/** Result of a chunk, or an event of a worker. */
export interface Result {
  /** Isolate record of the worker that sent it. */
  readonly worker: IsolateAddress;
  jobNumber: number;
  /** Index of the chunk in its job. */
  chunk: number;
  status: ResultStatus;
  /** What goes with the status. */
  payload: unknown;
}

/**
 * How long results are received before the event loop gets a turn, in milliseconds: workers may send them as
 * fast as they are read, and timers and signals of the program must not wait until the last one.
 */
const TURN_MS = 50;
/** Number of short results between two looks at the clock. */
const RESULTS_PER_LOOK = 8;

/** What results are received for. */
export interface ResultReceiver {
  /** Jobs by number: they read their own results. */
  readonly jobs: ReadonlyMap<number, Job>;
  /**
   * Called with the header of each result, in the order in which they were sent. Returns whether the
   * result counts; it does not if its worker has ended.
   */
  accepts(result: Result): boolean;
  /** Returns whether a result is still to come. */
  expectsMore(): boolean;
  /** Called with each result. */
  settle(result: Result): void;
}

/** Receives results while there are any to come. */
export class Results {
  /** Where workers push them. */
  readonly channel: Channel = new Channel();
  /** A decoder that is not in use. */
  #decoder: Decoder | undefined;
  readonly #receiver: ResultReceiver;
  #listening = false;
  /** How long to look for a result before a sleep: waking the event loop takes half the time of a short task. */
  readonly #look = new SpinBudget(SPINS);

  /** Receives results for an engine. */
  constructor(receiver: ResultReceiver) {
    this.#receiver = receiver;
  }

  /** Receives results from a later microtask on, until no more are expected. */
  listen(): void {
    if (!this.#listening) void this.#listen();
  }

  async #listen(): Promise<void> {
    this.#listening = true;
    await null; // the caller may submit more calls in this turn
    let turnEnd = performance.now() + TURN_MS;
    while (this.#receiver.expectsMore()) {
      const sleeps = !this.#isReadableSoon();
      // Unsettled jobs keep the program alive. This wait must not: a cancelled chunk has no waiter.
      await awaitOn(this.#becomingReadable(), undefined, false);
      const now = performance.now();
      if (!sleeps && now >= turnEnd) await turn();
      if (sleeps || now >= turnEnd) turnEnd = performance.now() + TURN_MS;
      this.receive(false, turnEnd);
    }
    this.#listening = false;
  }

  /** Looks for the next result for up to 12 µs. Returns whether there is one. */
  #isReadableSoon(): boolean {
    if (messagesIn(this.channel.at) > 0) return true;
    const isReadable = isReadableSoon(this.channel.at, this.#look.next());
    this.#look.spun(isReadable);
    return isReadable;
  }

  /** Waits until a result has arrived, or no more are expected. */
  async wait(): Promise<void> {
    await awaitOn(this.#becomingReadable());
  }

  /**
   * Blocks the isolate until a result has arrived: returns false if `timeoutMs` passed first.
   *
   * @param isDone whether there is nothing to wait for any more; checked after each {@linkcode Results.wake}
   */
  waitSync(isDone: () => boolean, options: { timeoutMs: number } | undefined): boolean {
    return blockOn(becomingReadable(this.channel.at, isDone), options);
  }

  /** Makes all waits for a result check again whether there is something to wait for. */
  wake(): void {
    wakeReceivers(this.channel.at);
  }

  /** Ends `listen` if the last result came another way, or never will. */
  wakeIfDone(): void {
    if (this.#listening && !this.#receiver.expectsMore()) this.wake();
  }

  /**
   * Receives all results that have arrived.
   *
   * @param blocking whether the caller blocks, so that no module can be imported for a result
   * @param end when to stop at the latest, on the clock of `performance.now()`
   */
  receive(blocking = false, end = Infinity): void {
    // A reducer may wait for another result while it makes an object: that call uses another decoder.
    const decoder = this.#decoder ?? new Decoder();
    this.#decoder = undefined;
    try {
      this.#receiveWith(decoder, blocking, end);
    } finally {
      this.#decoder = decoder;
    }
  }

  #receiveWith(decoder: Decoder, blocking: boolean, end: number): void {
    for (let count = 1;; count++) {
      const block = receiveInto(this.channel.at, decoder);
      if (block === undefined) break;
      this.#receiveOne(decoder, block, blocking);
      if ((block !== 0 || count % RESULTS_PER_LOOK === 0) && performance.now() >= end) break;
    }
    wakeSenders(this.channel.at); // there may be room for results now
  }

  #receiveOne(decoder: Decoder, block: MessageAddress, blocking: boolean): void {
    const result = readHeader(decoder);
    if (!this.#receiver.accepts(result)) {
      decoder.skip();
      endReceive(decoder, block);
      return;
    }
    try {
      result.payload = this.#readPayload(result, decoder);
    } catch (error) {
      if (error instanceof NeedsImport && !blocking) {
        void this.#importAndSettle(block || storeReceived(decoder), result);
        return;
      }
      const unread = unreadable(result, error, decoder);
      giveUpReceive(decoder, block);
      this.#receiver.settle(unread);
      return;
    }
    endReceive(decoder, block);
    this.#receiver.settle(result);
  }

  /** Settles a result that needs a module that this isolate has not imported. */
  async #importAndSettle(block: MessageAddress, result: Result): Promise<void> {
    const read = await importMessage(block, {
      read: (decoder) => {
        readHeader(decoder);
        return { ...result, payload: this.#readPayload(result, decoder) };
      },
      recover: (error, decoder) => unreadable(result, error, decoder),
    });
    this.#receiver.settle(read);
  }

  #becomingReadable() {
    return becomingReadable(this.channel.at, () => !this.#receiver.expectsMore());
  }

  #readPayload({ jobNumber, chunk, status }: Result, decoder: Decoder): unknown {
    if (status === ResultStatus.FAILED) return checkFailure(decoder.value());
    const job = status === ResultStatus.DONE ? this.#receiver.jobs.get(jobNumber) : undefined;
    return job === undefined ? decoder.value() : job.readResult(chunk, decoder);
  }
}

/** Resolves in another turn of the event loop. Unlike a timer, it does not keep the program alive. */
function turn(): Promise<void> {
  return new Promise((resolve) => callLater(1, resolve));
}

function readHeader(decoder: Decoder): Result {
  const worker = decoder.number();
  const jobNumber = decoder.number();
  const chunk = decoder.number();
  const status = decoder.number() as ResultStatus;
  return { worker, jobNumber, chunk, status, payload: undefined };
}

/**
 * Returns the result to settle with for one that could not be read. What was thrown arrives nevertheless, as
 * an instance of the nearest class that is known here.
 */
function unreadable(result: Result, error: unknown, decoder: Decoder): Result {
  const { status } = result;
  if (status === ResultStatus.FAILED || status === ResultStatus.INITIALIZER_FAILED) {
    try {
      decoder.rewind();
      readHeader(decoder);
      const payload = decoder.valueWithoutImports();
      return {
        ...result,
        payload: status === ResultStatus.FAILED ? checkFailure(payload) : payload,
      };
    } catch {
      // It is damaged: the first error says so.
    }
  }
  return { ...result, status: ResultStatus.UNREADABLE, payload: explainUnreadable(error) };
}

function explainUnreadable(error: unknown): unknown {
  if (!(error instanceof NeedsImport)) return error;
  const { name } = definitionAt(error.address);
  return new TaskLookupError(
    `Cannot read result: it contains ${name}, whose module is not imported in this isolate, and a ` +
      `blocking call cannot import it. Import the module first, or do not block`,
  );
}
