/**
 * The main isolate of a process of the operating system. It is a program of its own, with a heap of its
 * own, in which one worker runs what the agent sends. It runs none of the user's code, so that it always
 * answers, and ends the process when the agent has ended, whatever the worker does.
 *
 * @module
 */

import { pushBlock } from "../channels/channel.ts";
import { closeChannel, Closed } from "../channels/channel_state.ts";
import { discardMessage } from "../codec/message.ts";
import {
  Control,
  ensureIsolate,
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
import { Connection, descriptorIn, FrameType, socketAt, storeChunk } from "./connection.ts";
import { KnownObjects, RelayedCalls } from "./relayed_calls.ts";
import { isLastBegun, ITEM, ITEM_AFTER, makeRelay, recallChunks, signalChunk } from "./relay.ts";

/** The file descriptor of the connection to the agent. */
const AGENT_FD = 3;

/** Runs this process. It ends with the process. */
export async function serveAgent(): Promise<never> {
  const socket = await socketAt(AGENT_FD);
  const objects = new KnownObjects((number, named) => {
    connection.tell(FrameType.RELEASE, number, named);
  });
  const trust = { anyFunction: true, named: new Set<string>() };
  const connection = new Connection(socket, objects, trust);
  ensureIsolate();
  i32[thisIsolate + isolateWord.PID] = Deno.ppid;
  const relay = makeRelay();
  const calls = new RelayedCalls(connection, relay.calls);
  void calls.relay();
  let record = 0;
  connection.send(FrameType.READY);
  await connection.receive((frame) => {
    const { type, number, detail, message } = frame;
    switch (type) {
      case FrameType.OBJECT:
        objects.add(number, detail);
        break;
      case FrameType.BUFFER:
        objects.addBuffer(number, descriptorIn(frame));
        break;
      case FrameType.RELEASE:
        objects.remove(number);
        break;
      case FrameType.REPLY:
        calls.answer(number, connection.store(message!));
        break;
      case FrameType.START:
        record = start(connection, message!, number);
        void reportEnd(connection, calls, record);
        break;
      case FrameType.CHUNK: {
        const stored = storeChunk(connection, message!, number);
        if (!pushBlock(relay.inbox.at, stored)) discardMessage(stored); // the worker has ended
        break;
      }
      case FrameType.SIGNAL:
        signalChunk(number, detail);
        postControl(record, Control.SERVICE);
        break;
      case FrameType.RECALL:
        connection.tell(FrameType.RECALLED, recallChunks(number), 0);
        break;
      case FrameType.LOOK:
        if (isLastBegun(number)) connection.tell(FrameType.ITEM, i32[ITEM], i32[ITEM_AFTER]);
        break;
      case FrameType.CLOSE:
        closeChannel(relay.inbox.at, Closed.SENDERS_GONE);
    }
  });
  Deno.exit(ExitCode.FAILED); // the agent is gone
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

/** Waits for the end of the worker, and reports it. Ends the process. */
async function reportEnd(
  connection: Connection,
  calls: RelayedCalls,
  record: number,
): Promise<never> {
  const exitCode = await awaitOn(waitingForEnd(record)) ?? ExitCode.FAILED;
  await waitForCleanUp(record);
  calls.relayRest();
  await connection.send(FrameType.ENDED, exitCode, takeErrorMessage(record));
  await connection.close();
  Deno.exit(exitCode & 0xff);
}
