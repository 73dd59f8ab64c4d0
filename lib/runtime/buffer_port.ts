/**
 * The message port between the main isolate and a worker. It carries SharedArrayBuffers, and memories
 * and modules of WebAssembly, which cannot cross through the shared heap.
 *
 * @module
 */

import type { ObjectAddress } from "../objects/shared_object.ts";
import type { IsolateAddress } from "../heap/isolate_record.ts";
import type { PostableBuffer } from "../heap/hooks.ts";
import { keepBuffer } from "../codec/buffers.ts";

/** A message of a port: a buffer, and the address by which messages in the shared heap name it. */
export interface Announcement {
  address: ObjectAddress;
  buffer: PostableBuffer;
}

type ReceiveMessageOnPort = (port: MessagePort) => { message: Announcement } | undefined;
let receiveMessageOnPort: ReceiveMessageOnPort | undefined;

/**
 * Returns the next announcement on a port, without yielding to the event loop.
 *
 * Only `node:worker_threads` can do that. It takes several milliseconds to load, so it is not loaded
 * before a blocked isolate needs it.
 */
export function nextAnnouncement(port: MessagePort): Announcement | undefined {
  receiveMessageOnPort ??= process.getBuiltinModule("node:worker_threads")
    .receiveMessageOnPort as unknown as ReceiveMessageOnPort;
  return receiveMessageOnPort(port)?.message;
}

/** Takes all announcements that have arrived at a port, without yielding to the event loop. */
export function receiveAnnouncements(
  port: MessagePort,
  take: (announcement: Announcement) => void,
): void {
  for (let next = nextAnnouncement(port); next !== undefined; next = nextAnnouncement(port)) {
    take(next);
  }
}

/** Who starts, for the report of a start that takes long. */
export interface Starting {
  name: string;
  /** How long it may take, in milliseconds. */
  timeoutMs: number;
}

/** What a worker requests from the main isolate, through the channel of requests. */
export type HostRequest =
  /** Create the worker of a record. */
  | { kind: "start"; record: IsolateAddress; starting: Starting | undefined }
  /** Send a buffer again to the worker of a record. */
  | { kind: "resend"; record: IsolateAddress; address: ObjectAddress };

/** Keeps the buffer of an announcement. */
export function keepAnnouncement({ address, buffer }: Announcement): void {
  keepBuffer(address, buffer);
}
