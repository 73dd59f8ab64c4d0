/**
 * The message port between the main thread and a worker: it carries SharedArrayBuffers, and
 * memories and modules of WebAssembly, which only a port can.
 *
 * @module
 */

import { keepBuffer, type PostableBuffer } from "../codec/buffers.ts";

/** What goes over a port: a buffer and the address by which messages name it. */
export interface Announcement {
  address: number;
  buffer: PostableBuffer;
}

type ReceiveMessageOnPort = (port: MessagePort) => { message: Announcement } | undefined;
let receiveMessageOnPort: ReceiveMessageOnPort | undefined;

/**
 * The next announcement on a port, without giving up the thread.
 *
 * Only `node:worker_threads` can do that. It takes several milliseconds to load, so it is loaded
 * when a blocked thread needs it and not before.
 */
export function nextAnnouncement(port: MessagePort): Announcement | undefined {
  receiveMessageOnPort ??= process.getBuiltinModule("node:worker_threads")
    .receiveMessageOnPort as unknown as ReceiveMessageOnPort;
  return receiveMessageOnPort(port)?.message;
}

/** Takes in all that has come over a port, without giving up the thread. */
export function receiveAnnouncements(
  port: MessagePort,
  take: (announcement: Announcement) => void,
): void {
  for (let next = nextAnnouncement(port); next !== undefined; next = nextAnnouncement(port)) {
    take(next);
  }
}

/** What a worker asks the main thread for, through the channel of requests. */
export type HostRequest =
  /** Create the worker of a record. */
  | { kind: "start"; record: number }
  /** Send a buffer again to the worker of a record. */
  | { kind: "resend"; record: number; address: number };

/** Takes an announcement in. */
export function keepAnnounced({ address, buffer }: Announcement): void {
  keepBuffer(address, buffer);
}
