/**
 * The main isolate of a process of the operating system. It is a program of its own, with a heap of its
 * own, in which one worker runs what the agent sends. It runs none of the user's code, so that it always
 * answers, and ends the process when the agent has ended, whatever the worker does.
 *
 * @module
 */

import { pushBlock, receiveInto, storeReceived } from "../channels/channel.ts";
import { closeChannel, Closed, messagesIn } from "../channels/channel_state.ts";
import { becomingReadable } from "../channels/channel_waiting.ts";
import { Decoder } from "../codec/decoder.ts";
import { discardMessage } from "../codec/message.ts";
import {
  Control,
  ensureIsolate,
  hasEnded,
  isolateWord,
  postControl,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { awaitOn } from "../parking/wait.ts";
import { waitForCleanUp } from "../runtime/host.ts";
import { ExitCode, takeErrorMessage, waitingForEnd } from "../runtime/lifecycle.ts";
import { nameIn, startWithRequest } from "../runtime/start_request.ts";
import type { WireMessage } from "../wire/messages.ts";
import { Connection, FrameType } from "./connection.ts";
import { KnownObjects, RelayedCalls } from "./relayed_calls.ts";
import { ITEM, ITEM_AFTER, makeRelay, type Relay, SIGNAL } from "./relay.ts";

/** Where the connection to the agent is. */
const AGENT_FD = 3;

/** Runs this process. It ends with the process. */
export async function serveAgent(): Promise<never> {
  const { Socket } = await import("node:net");
  const socket = new Socket({ fd: AGENT_FD });
  socket.on("error", () => {}); // reading ends with it
  const objects = new KnownObjects((number, named) => {
    void connection.tell(FrameType.RELEASE, number, named);
  });
  const connection = new Connection(socket, objects, true);
  ensureIsolate();
  i32[thisIsolate + isolateWord.PID] = Deno.ppid;
  const relay = makeRelay();
  const items = new Items(connection);
  const calls = new RelayedCalls(connection, relay.calls);
  void calls.relay();
  let record = 0;
  await connection.send(FrameType.READY);
  for await (const { type, number, detail, message } of connection.receive()) {
    switch (type) {
      case FrameType.OBJECT:
        objects.add(number, detail);
        break;
      case FrameType.RELEASE:
        objects.remove(number);
        break;
      case FrameType.REPLY:
        calls.answer(number, connection.store(message!));
        break;
      case FrameType.START:
        record = start(connection, message!, number);
        void relayAll(connection, relay, record);
        break;
      case FrameType.INBOX: {
        Atomics.store(i32, SIGNAL, 0);
        items.watch();
        const stored = connection.store(message!);
        if (!pushBlock(relay.inbox.at, stored)) discardMessage(stored); // the worker has ended
        break;
      }
      case FrameType.SIGNAL:
        Atomics.store(i32, SIGNAL, number);
        postControl(record, Control.SERVICE);
        break;
      case FrameType.CLOSE:
        closeChannel(relay.inbox.at, Closed.SENDERS_GONE);
    }
  }
  Deno.exit(ExitCode.FAILED); // the agent is gone
}

/** How often the agent is told which item runs, in milliseconds. */
const ITEM_MS = 5;
/** How long the same item runs before it is looked at less often, in looks. */
const MANY_LOOKS = 1000;

/** Tells the agent which item of its work the worker does, so that it knows if the process dies. */
class Items {
  readonly #connection: Connection;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = 0;
  #looks = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Begins to look: the worker has been given something to do. */
  watch(): void {
    i32[ITEM] = 0;
    i32[ITEM_AFTER] = 0;
    this.#told = 0;
    this.#looks = 0;
    this.#timer ??= setTimeout(() => this.#look(), ITEM_MS);
  }

  #look(): void {
    const item = i32[ITEM];
    if (item !== this.#told) {
      this.#told = item;
      this.#looks = 0;
      void this.#connection.tell(FrameType.ITEM, item, i32[ITEM_AFTER]);
    }
    const often = ++this.#looks < MANY_LOOKS;
    this.#timer = setTimeout(() => this.#look(), often ? ITEM_MS : ITEM_MS * 20);
  }
}

/** Starts the worker. Returns its record. */
function start(connection: Connection, message: WireMessage, startTimeoutMs: number): number {
  const request = connection.store(message);
  return startWithRequest(request, {
    name: nameIn(request),
    daemon: false,
    startTimeoutMs: startTimeoutMs === 0 ? Infinity : startTimeoutMs,
  }, Deno.pid);
}

/** Sends what the worker puts into its outbox, and then how it has ended. Ends the process. */
async function relayAll(
  connection: Connection,
  { outbox, calls }: Relay,
  record: number,
): Promise<never> {
  const ended = awaitOn(waitingForEnd(record)).then(() =>
    closeChannel(outbox.at, Closed.SENDERS_GONE)
  );
  const decoder = new Decoder();
  for (;;) {
    const block = receiveInto(outbox.at, decoder);
    if (block !== undefined) {
      const message = block || storeReceived(decoder);
      const sent = connection.send(FrameType.OUTBOX, 0, message);
      discardMessage(message);
      await sent;
    } else if (hasEnded(record)) {
      break;
    } else {
      await awaitOn(becomingReadable(outbox.at));
    }
  }
  await ended;
  await waitForCleanUp(record);
  while (messagesIn(calls.at) > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const exitCode = await awaitOn(waitingForEnd(record)) ?? ExitCode.FAILED;
  await connection.send(FrameType.ENDED, exitCode, takeErrorMessage(record));
  await connection.close();
  Deno.exit(exitCode & 0xff);
}
