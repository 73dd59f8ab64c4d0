/**
 * What a caller says of a chunk, to the node that will run it.
 *
 * @module
 */

import type { Definition, DefinitionAddress } from "../codec/definition.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import { functionNameAt } from "../codec/functions.ts";
import type { TaskPolicy } from "../pool/calls/task_policy.ts";
import type { CallMode } from "../pool/chunks/chunk.ts";
import { type KeptMessage, type PackedMessage, packKept } from "./messages.ts";
import type { Header } from "./protocol.ts";

/** The call that a chunk is a part of. */
export interface RemoteCall {
  readonly target: DefinitionAddress;
  readonly mode: CallMode;
  readonly policy: TaskPolicy | undefined;
}

/**
 * Packs a function and some of its items. The message is to be freed when it has been sent.
 *
 * @param name what paths in errors begin with
 * @param named gets the texts of the definitions that the chunk names
 * @throws {DataCloneError} if an item cannot cross to another machine
 */
export function packChunk(
  target: DefinitionAddress,
  payload: readonly unknown[],
  from: number,
  to: number,
  name: string,
  named: Set<string>,
): KeptMessage {
  const encoder = borrowEncoder();
  try {
    encoder.definition(target);
    encoder.destination = "machine";
    encoder.items(payload, from, to, name);
    return packKept(encoder, named);
  } finally {
    returnEncoder(encoder);
  }
}

/**
 * Returns the header of a chunk.
 *
 * @param attempt how often its caller has sent it before
 * @param program the name of the packed program that its functions belong to, if nodes cannot load them
 */
export function headerOf(
  { target, mode, policy }: RemoteCall,
  attempt: number,
  { streamBytes, definitions }: PackedMessage,
  program: string | undefined,
): Header {
  const { retries = 0, timeoutMs = Infinity } = policy ?? {};
  return {
    mode,
    attempt,
    retries: Math.max(0, retries - attempt),
    lost: 0,
    timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
    task: functionNameAt(target),
    streamBytes,
    definitions: definitions satisfies readonly Definition[],
    program,
  };
}
