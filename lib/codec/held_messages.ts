/**
 * The messages that this isolate holds while it waits: items of pending puts, and messages that need a
 * module to be imported. If the isolate ends meanwhile, they are discarded.
 *
 * @module
 */

import { stopError } from "../parking/control.ts";
import { Decoder } from "./decoder.ts";
import {
  discardMessage,
  dropReferences,
  freeMessage,
  type MessageAddress,
  readMessage,
} from "./message.ts";

const held = new Set<MessageAddress>();

/** Notes that this isolate holds a message, and begins to wait. */
export function holdMessage(message: MessageAddress): void {
  held.add(message);
}

/**
 * Notes that this isolate does not hold a message any more.
 *
 * @returns false if it was discarded, because this isolate has ended
 */
export function takeHeldMessage(message: MessageAddress): boolean {
  return held.delete(message);
}

/** Discards all messages that this worker holds: it has ended. */
export function discardHeldMessages(): void {
  for (const message of held) discardMessage(message, "drop");
  held.clear();
}

/** How a message is read. */
export interface MessageReading<T> {
  /** Reads the message from its beginning; called again after each import. */
  read(decoder: Decoder): T;
  /** Makes a result from a message that cannot be read, and the error that says why. If omitted, that is thrown. */
  recover?(error: unknown, decoder: Decoder): T;
  /** As in {@linkcode discardMessage}. */
  lentHandles?: "reclaim" | "drop" | undefined;
}

/**
 * Reads a message and frees it, importing the modules that it needs. If it cannot be read, it is discarded.
 *
 * @throws {TerminatedError} if this isolate ended during an import
 */
export async function importMessage<T>(
  message: MessageAddress,
  { read, recover, lentHandles }: MessageReading<T>,
): Promise<T> {
  const decoder = new Decoder();
  holdMessage(message);
  try {
    return await decoder.importing(() => {
      if (!held.has(message)) throw stopError();
      readMessage(decoder, message);
      const result = read(decoder);
      takeHeldMessage(message);
      decoder.finish();
      freeMessage(message);
      return result;
    });
  } catch (error) {
    if (!takeHeldMessage(message)) throw error;
    try {
      if (recover === undefined) throw error;
      return recover(error, decoder);
    } finally {
      dropReferences(decoder, lentHandles);
      freeMessage(message);
    }
  }
}

/** As {@linkcode importMessage}, for a message that is one value. */
export function importValue(
  message: MessageAddress,
  lentHandles?: "reclaim" | "drop",
): Promise<unknown> {
  return importMessage(message, { read: (decoder) => decoder.value(), lentHandles });
}
