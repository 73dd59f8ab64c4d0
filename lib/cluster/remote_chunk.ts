/**
 * What a process of a node does: it runs a chunk that came from another machine. The function and the items are
 * read here, and not in the node, which runs none of the user's code.
 *
 * @module
 */

import { explainScope } from "../codec/scope_hint.ts";
import { functionAt, functionNameAt } from "../codec/functions.ts";
import { type Decoder, NeedsImport } from "../codec/decoder.ts";
import type { Definition, DefinitionAddress } from "../codec/definition.ts";
import { importMessage } from "../codec/held_messages.ts";
import { Thrown } from "../codec/thrown.ts";
import { type CallMode, ChunkStatus, type Failure } from "../pool/chunks/chunk.ts";
import { runCalls, type RunningChunk } from "../pool/chunks/run_chunk.ts";
import { answer, type Outlet } from "../pool/engines/isolates/answers.ts";
import { currentTask } from "../pool/current_task.ts";
import { forgetConstants, readConstants, type RemoteConstant } from "./constants.ts";
import { pack, type PackedMessage, unpack } from "./messages.ts";

/** A chunk, as a node gives it to a process. */
export interface RemoteChunk {
  readonly mode: CallMode;
  readonly streamBytes: number;
  readonly definitions: readonly Definition[];
  readonly parts: readonly Uint8Array[];
  readonly constants: readonly RemoteConstant[];
  /** What runs it, for errors. */
  readonly worker: string;
}

/** The function and the items of a chunk. */
interface Read {
  readonly target: DefinitionAddress;
  readonly fn: (...args: unknown[]) => unknown;
  readonly payload: unknown[];
}

/** Runs a chunk. Returns its result: its status, and what goes with that. */
export async function runRemoteChunk(chunk: RemoteChunk): Promise<PackedMessage> {
  const { mode, worker } = chunk;
  let target: DefinitionAddress = 0;
  const failure = (error: unknown, index: number, args?: unknown): Failure => {
    if (target !== 0) explainScope(error, target, args);
    const by = { task: target === 0 ? "unknown" : functionNameAt(target), worker };
    return { error: new Thrown(error), index, by };
  };
  let read: Read;
  try {
    const constants = readConstants(chunk.constants);
    const message = unpack(chunk.streamBytes, chunk.definitions, chunk.parts, undefined, constants);
    forgetConstants();
    read = await importMessage(message, {
      read(decoder: Decoder): Read {
        target = decoder.definition();
        const found = functionAt(target);
        if (found === undefined) throw new NeedsImport(target);
        return { target, fn: found as Read["fn"], payload: decoder.value() as unknown[] };
      },
    });
  } catch (error) {
    return resultOf(ChunkStatus.FAILED, failure(error, 0));
  }
  return await new Promise<PackedMessage>((resolve, reject) => {
    const running: RunningChunk = {
      mode,
      beginsItem: () => currentTask()?.signal.aborted !== true,
      failure,
      finish: (status, payload) => resolve(resultOf(status, payload, running)),
    };
    Promise.resolve(runCalls(read.fn, read.payload, running)).catch(reject);
  });
}

/** Packs a result. */
export function resultOf(
  status: ChunkStatus,
  payload: unknown,
  chunk?: Pick<RunningChunk, "mode" | "failure">,
): PackedMessage {
  let packed!: PackedMessage;
  const outlet: Outlet = {
    destination: "machine",
    begin: (encoder, status) => encoder.number(status),
    take: (encoder) => packed = pack(encoder),
  };
  answer(outlet, status, payload, chunk);
  return packed;
}
