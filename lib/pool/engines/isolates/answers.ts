/**
 * What a worker sends to its engine. A result that cannot cross, or for which there is no room, is replaced by an
 * error that says so. If there is no room even for that, the worker ends, and so does the call.
 *
 * @module
 */

import { describeThrown, isErrorOf } from "../../../arguments/describe.ts";
import {
  DataCloneError,
  MaybeEncodingError,
  MemoryError,
  TerminatedError,
} from "../../../errors.ts";
import { destinationOfResults } from "../../../runtime/lifecycle.ts";
import { stopRequested, thisIsolate } from "../../../heap/isolate_record.ts";
import type { Channel } from "../../../channels/channel_handle.ts";
import { borrowEncoder, type Encoder, returnEncoder } from "../../../codec/encoder.ts";
import { noRoomFor } from "../../../codec/message.ts";
import { Thrown } from "../../../codec/thrown.ts";
import type { Destination } from "../../../objects/shared_object.ts";
import {
  CallMode,
  ChunkStatus,
  continuesAfterError,
  type Failure,
  type PartialResults,
} from "../../chunks/chunk.ts";
import type { RunningChunk } from "../../chunks/run_chunk.ts";
import { ResultStatus } from "./protocol.ts";
import { pushResult, type SentChunk } from "./result_room.ts";

/** The chunk that a result is of. */
export type AnsweredChunk = Pick<RunningChunk, "mode" | "failure">;

/** Where results go. */
export interface Outlet {
  /** Where they are read. */
  readonly destination: Destination;
  /** Writes what is in front of a result. */
  begin(encoder: Encoder, status: ResultStatus): void;
  /** Takes the result that was written. */
  take(encoder: Encoder, status: ResultStatus): void;
}

/**
 * Sends a result, and waits while there is no room for it. One that cannot cross, or for which no room is made,
 * is replaced by an error that says so.
 *
 * @throws {MemoryError} if there is no room for the error either
 * @throws {TerminatedError} if this worker is terminated while it waits
 */
export function send(
  results: Channel,
  jobNumber: number,
  index: number,
  status: ResultStatus,
  payload: unknown,
  chunk?: AnsweredChunk & SentChunk,
): void {
  const outlet: Outlet = {
    destination: destinationOfResults(),
    begin(encoder, status) {
      encoder.number(thisIsolate);
      encoder.number(jobNumber);
      encoder.number(index);
      encoder.number(status);
    },
    take: (encoder, status) => pushResult(results.at, encoder, status, chunk),
  };
  answer(outlet, status, payload, chunk);
}

/**
 * Gives a result to an outlet. One that cannot cross is replaced by an error that says so.
 *
 * @throws what the outlet throws
 */
export function answer(
  outlet: Outlet,
  status: ResultStatus,
  payload: unknown,
  chunk?: AnsweredChunk,
): void {
  const encoder = borrowEncoder();
  try {
    outlet.begin(encoder, status);
    encoder.destination = outlet.destination;
    encoder.value(payload, "result");
    outlet.take(encoder, status);
  } catch (error) {
    const isTerminated = isErrorOf(error, TerminatedError) && stopRequested();
    if (chunk === undefined || isTerminated) throw error;
    const replace = (status: ChunkStatus, payload: unknown) => answer(outlet, status, payload);
    if (isErrorOf(error, MemoryError)) {
      const isFailure = status === ChunkStatus.FAILED;
      const smaller = isFailure ? noRoomFor(((payload as Failure).error as Thrown).value) : error;
      return replace(ChunkStatus.FAILED, chunk.failure(smaller, 0));
    }
    const { destination } = outlet;
    try {
      if (status !== ChunkStatus.DONE || !continuesAfterError(chunk.mode)) throw error;
      replace(status, withoutUnsendable(payload as PartialResults, chunk, destination));
    } catch (error) {
      const failure = status === ChunkStatus.DONE
        ? failureOf(payload, error, chunk, destination)
        : chunk.failure(unsendable(error), 0);
      replace(ChunkStatus.FAILED, failure);
    }
  } finally {
    returnEncoder(encoder);
  }
}

/** Sends the error of the initializer. */
export function sendInitializerError(results: Channel, error: unknown): void {
  try {
    send(results, 0, 0, ResultStatus.INITIALIZER_FAILED, new Thrown(error));
  } catch (reason) {
    if (!isErrorOf(reason, MemoryError)) throw reason;
    send(results, 0, 0, ResultStatus.INITIALIZER_FAILED, noRoomFor(error));
  }
}

/** Returns the error that is sent instead of a result that cannot cross. What was thrown always crosses. */
function unsendable(error: unknown): MaybeEncodingError {
  const why = isErrorOf(error, DataCloneError)
    ? error.message.replace(/^Cannot send /, "")
    : `result: ${describeThrown(error)}`;
  return new MaybeEncodingError(`Cannot send back ${why}`, { cause: error });
}

/** Returns the failure that is sent instead of the results of a chunk: that of the first that cannot cross. */
function failureOf(
  payload: unknown,
  error: unknown,
  chunk: AnsweredChunk,
  destination: Destination,
): Failure {
  if (chunk.mode !== CallMode.APPLY) {
    const results = Array.isArray(payload) ? payload : (payload as PartialResults).results;
    for (const [index, result] of results.entries()) {
      const failed = whyUnsendable(result, destination);
      if (failed !== undefined) return chunk.failure(unsendable(failed.error), index);
    }
  }
  return chunk.failure(unsendable(error), 0);
}

/** Returns the outcomes of the items of an iteration, with an error in place of each that cannot cross. */
function withoutUnsendable(
  outcomes: PartialResults,
  chunk: AnsweredChunk,
  destination: Destination,
): PartialResults {
  const failures = [...outcomes.failures];
  const results = outcomes.results.map((result, index) => {
    const failed = whyUnsendable(result, destination);
    if (failed === undefined) return result;
    failures.push(chunk.failure(unsendable(failed.error), index));
    return undefined;
  });
  return { ...outcomes, results, failures };
}

/** Returns why a value cannot cross; `undefined` if it can. */
function whyUnsendable(
  value: unknown,
  destination: Destination,
): { error: unknown } | undefined {
  const encoder = borrowEncoder();
  encoder.destination = destination;
  try {
    encoder.value(value, "result");
    return undefined;
  } catch (error) {
    return { error };
  } finally {
    returnEncoder(encoder);
  }
}
