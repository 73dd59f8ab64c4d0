/**
 * Calls of a process on objects of the program.
 *
 *     isolate of the process ── Request ─► calls: channel ─► main isolate ── CALL frame ─► agent
 *     isolate ◄── Answer ── replies: channel, one an isolate ◄── main isolate ◄── REPLY frame ─┘
 *
 * Requests and answers hold what is for the other side in envelopes: the main isolate reads none of the
 * user's values. An aborted call waits for its answer too: it may have taken an item by then.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { push, receive } from "../channels/channel.ts";
import { Channel } from "../channels/channel_handle.ts";
import { becomingReadable } from "../channels/channel_waiting.ts";
import { type Envelope, envelopeOf } from "../channels/envelope.ts";
import { putElsewhere } from "../channels/pending_puts.ts";
import { readReceived } from "../channels/read_received.ts";
import { Decoder, NeedsImport } from "../codec/decoder.ts";
import { borrowEncoder, encode, returnEncoder } from "../codec/encoder.ts";
import { importMessage } from "../codec/held_messages.ts";
import { discardMessage, freeMessage, readMessage, storeMessage } from "../codec/message.ts";
import { TaskLookupError } from "../errors.ts";
import { awaitOn, blockOn, type Steps } from "../parking/wait.ts";
import { RLockGuard } from "../sync/rlock.ts";
import type { Access } from "./remote_classes.ts";
import { relayOfWorker } from "./relay.ts";

/** A use of an object of the program. */
export interface RemoteUse {
  /** The number of the object. */
  readonly object: number;
  readonly access: Access;
  readonly name: string;
  readonly args: readonly unknown[];
  /** Whether the isolate blocks meanwhile: its code is the owner of what it acquires. */
  readonly isBlocking?: boolean;
  /** What the call is in messages of errors; by default its name. */
  readonly label?: string;
  /** What aborts the call, if it is not in an argument. */
  readonly signal?: AbortSignal | undefined;
  /** Which argument had a signal, whose place is taken by one of the agent. */
  readonly signalAt?: number;
}

/** What the main isolate of a process is sent for a call. */
export interface Request {
  /** Where the answer is to be sent. */
  readonly replies: Channel;
  /** Number of the call among those of this isolate. */
  readonly call: number;
  /** What the agent reads; `undefined` to abort the call. */
  readonly use: Envelope | undefined;
}

/** What an isolate is sent for a call that has ended. */
export interface Answer {
  readonly call: number;
  readonly result: Envelope;
}

/** What a call has returned or thrown. */
export const Outcome = { RETURNED: 0, THREW: 1, GUARD: 2, LIST: 3, SELF: 4 } as const;

/** The guard of something that was acquired; `token` is that of its owner, 0 if it has none. */
export class Guard {
  constructor(readonly token: number) {}
}

/** What an iterator gave, all at once. */
export class List {
  constructor(readonly items: readonly unknown[]) {}
}

/** The object itself, which a method returns so that calls can be chained. */
export class Self {}

let replies: Channel | undefined;
let lastCall = 0;
let isReceiving = false;
/** What takes the result of each call that has not ended. */
const pending = new Map<number, (result: Envelope) => void>();

/** Returns how many calls have no answer so far. */
export function countPendingCalls(): number {
  return pending.size;
}

/** The methods that put something, whether or not their promise is awaited. */
const PUTS = new Set(["put", "send", "sendBytes"]);

/** Carries out a use, while this isolate goes on. */
export function callRemote(use: RemoteUse): Promise<unknown> {
  const result = callAwaited(use);
  return PUTS.has(use.name) ? putElsewhere(result) : result;
}

async function callAwaited(use: RemoteUse): Promise<unknown> {
  const { signal, message } = prepare(use);
  signal?.throwIfAborted();
  const call = send(message);
  const abort = () => sendRequest(call, undefined);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const result = await new Promise<Envelope>((resolve) => {
      pending.set(call, resolve);
      void receiveReplies();
    });
    return await importMessage(result.take(), { read: readOutcome });
  } catch (error) {
    throw signal?.aborted && isAbort(error) ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Carries out a use, and blocks this isolate meanwhile. */
export function callRemoteSync(use: RemoteUse): unknown {
  const begun = beginRemote(use);
  blockOn(begun.steps);
  return begun.result();
}

/** A call that has begun, in an isolate that blocks. */
export interface BegunCall {
  /** Steps that end with the call. If they are abandoned, the call is aborted. */
  readonly steps: Steps<boolean>;
  /** Returns what the call has returned, or throws what it threw, when the steps have ended. */
  result(): unknown;
}

/** Begins to carry out a use, for which this isolate blocks: the first of the steps sends it. */
export function beginRemote(use: RemoteUse): BegunCall {
  const { signal, message } = prepare(use);
  signal?.throwIfAborted();
  let result: Envelope | undefined;
  function* steps(): Steps<boolean> {
    const call = send(message);
    pending.set(call, (envelope) => result = envelope);
    try {
      while (result === undefined) {
        if (!takeReply()) yield* becomingReadable(replies!.at);
      }
      return true;
    } finally {
      if (result === undefined) {
        sendRequest(call, undefined);
        void receiveReplies(); // its answer is of no use, and does not stay
      }
    }
  }
  return { steps: steps(), result: () => readResult(use.name, result!) };
}

function readResult(name: string, result: Envelope): unknown {
  const block = result.take();
  const decoder = new Decoder();
  readMessage(decoder, block);
  try {
    const outcome = readOutcome(decoder);
    decoder.finish();
    freeMessage(block);
    return outcome;
  } catch (error) {
    discardMessage(block);
    if (!(error instanceof NeedsImport)) throw error;
    throw new TaskLookupError(
      `Cannot read result of ${name}(): it needs a module that is not imported here, and a ` +
        "blocking call cannot import it. Import the module first, or do not block",
    );
  }
}

/** Name of the error with which the agent answers a call that was aborted. */
export const ABORTED = "AbortedCall";

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === ABORTED;
}

/** Encodes a use for the agent. Its signal stays here, and guards are named by their tokens. */
function prepare(use: RemoteUse): { signal: AbortSignal | undefined; message: Envelope } {
  let { signal } = use;
  let signalAt: number | undefined;
  const args = use.args.map((arg, at) => {
    if (!isOptionsObject(arg) || Object.getPrototypeOf(arg) !== Object.prototype) return arg;
    const options: Record<string, unknown> = { ...arg };
    if (options.signal instanceof AbortSignal) {
      signal = options.signal;
      signalAt = at;
      delete options.signal;
    }
    if (options.owner instanceof RLockGuard) options.owner = RLockGuard.tokenOf(options.owner);
    return options;
  });
  const encoder = borrowEncoder();
  try {
    encoder.destination = "program";
    const { object, access, name, isBlocking, label = `${name}()` } = use;
    encoder.value({ object, access, name, args, isBlocking, signalAt }, label);
    encoder.finish();
    return { signal, message: envelopeOf(storeMessage(encoder)) };
  } finally {
    returnEncoder(encoder);
  }
}

function send(use: Envelope): number {
  replies ??= new Channel();
  const call = ++lastCall;
  sendRequest(call, use);
  return call;
}

function sendRequest(call: number, use: Envelope | undefined): void {
  const request: Request = { replies: replies!, call, use };
  const encoder = encode(request, "request");
  try {
    push(relayOfWorker().calls.at, encoder);
  } finally {
    returnEncoder(encoder);
  }
}

function readOutcome(decoder: Decoder): unknown {
  const outcome = decoder.number();
  const value = decoder.value();
  switch (outcome) {
    case Outcome.THREW:
      throw value;
    case Outcome.GUARD:
      return new Guard(value as number);
    case Outcome.LIST:
      return new List(value as unknown[]);
    case Outcome.SELF:
      return new Self();
    default:
      return value;
  }
}

/** Takes a reply out of the channel, if there is one. Returns whether there was. */
function takeReply(): boolean {
  const received = receive(replies!.at);
  if (received === undefined) return false;
  const { call, result } = readReceived(received) as Answer;
  pending.get(call)?.(result);
  pending.delete(call);
  return true;
}

/** Receives replies while calls wait for them. */
async function receiveReplies(): Promise<void> {
  if (isReceiving) return;
  isReceiving = true;
  try {
    while (pending.size > 0) if (!takeReply()) await awaitOn(becomingReadable(replies!.at));
  } finally {
    isReceiving = false;
  }
}
