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
import type { SentConstant, SentConstants } from "./constants.ts";
import type { Link } from "./link.ts";
import { type KeptMessage, packKept } from "./messages.ts";
import type { Header } from "./protocol.ts";

/** The call that a chunk is a part of. */
export interface RemoteCall {
  readonly target: DefinitionAddress;
  readonly mode: CallMode;
  readonly policy: TaskPolicy | undefined;
}

/** A chunk that was packed, and the constants that it names. */
export interface SentChunkMessage extends KeptMessage {
  readonly constants: readonly SentConstant[];
}

/**
 * Packs a function and some of its items. The message is to be freed when it has been sent.
 *
 * @param name what paths in errors begin with
 * @param named gets the texts of the definitions that the chunk names
 * @param constants those of the caller
 * @throws {DataCloneError} if an item cannot cross to another machine
 */
export function packChunk(
  target: DefinitionAddress,
  payload: readonly unknown[],
  from: number,
  to: number,
  name: string,
  named: Set<string>,
  constants: SentConstants,
): SentChunkMessage {
  const encoder = borrowEncoder();
  try {
    encoder.definition(target);
    encoder.destination = "machine with values";
    encoder.items(payload, from, to, name);
    const list: SentConstant[] = [];
    const packed = packKept(encoder, named, constants.numbersIn(list, named));
    return { ...packed, constants: list };
  } finally {
    returnEncoder(encoder);
  }
}

/**
 * Returns the header of a chunk, whose constants are stored then.
 *
 * @param attempt how often its caller has sent it before
 * @param program the name of the packed program that its functions belong to, if nodes cannot load them
 */
export async function headerOf(
  link: Link,
  { target, mode, policy }: RemoteCall,
  attempt: number,
  { streamBytes, definitions, constants }: SentChunkMessage,
  program: string | undefined,
): Promise<Header> {
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
    constants: constants.length === 0
      ? undefined
      : await Promise.all(constants.map((constant) => constant.headerFor(link))),
  };
}
