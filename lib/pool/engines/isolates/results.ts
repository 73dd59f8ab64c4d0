/**
 * The results of a pool's workers: taken from their channel and read, if need be once a module is
 * imported.
 *
 * @module
 */

import { TaskLookupError } from "../../../errors.ts";
import { endReceive, keepInline, receiveInto } from "../../../channels/channel.ts";
import { Channel } from "../../../channels/channel_handle.ts";
import { Decoder, NeedsImport } from "../../../codec/decoder.ts";
import { definitionAt } from "../../../codec/definition.ts";
import { importFunction } from "../../../codec/functions.ts";
import { discardMessage, readMessage } from "../../../codec/message.ts";
import type { Job } from "../../calls/jobs.ts";
import { ChunkStatus } from "../../runner/protocol.ts";

/** What became of a chunk. */
export interface Result {
  /** The number of its job. */
  id: number;
  /** Which of the job's chunks it is. */
  chunk: number;
  /** A value of {@linkcode ChunkStatus}. */
  status: number;
  /** What goes with it. */
  payload: unknown;
}

/** Takes results from a channel. */
export class Results {
  /** Where workers push them. */
  readonly channel: Channel = new Channel();
  readonly #decoder = new Decoder();
  readonly #jobs: ReadonlyMap<number, Job>;
  readonly #settle: (result: Result) => void;

  /** Reads results as their jobs want them, and hands them to `settle`. */
  constructor(jobs: ReadonlyMap<number, Job>, settle: (result: Result) => void) {
    this.#jobs = jobs;
    this.#settle = settle;
  }

  /**
   * Takes all that have come.
   *
   * @param blocking whether those that need a module cannot wait until it is imported
   */
  take(blocking = false): void {
    const decoder = this.#decoder;
    for (;;) {
      const block = receiveInto(this.channel.at, decoder);
      if (block === undefined) return;
      const result = headerOf(decoder);
      try {
        result.payload = this.#payloadOf(result, decoder);
      } catch (error) {
        if (error instanceof NeedsImport && !blocking) {
          this.#takeLater(block || keepInline(), error, result);
          continue;
        }
        decoder.skip();
        endReceive(decoder, block);
        this.#settle(unreadable(result, error));
        continue;
      }
      endReceive(decoder, block);
      this.#settle(result);
    }
  }

  /** Takes one that needs a module that this isolate has not imported. */
  async #takeLater(block: number, needs: NeedsImport, result: Result): Promise<void> {
    const decoder = new Decoder();
    for (;;) {
      try {
        await importFunction(needs.address);
        readMessage(decoder, block);
        headerOf(decoder);
        result.payload = this.#payloadOf(result, decoder);
        endReceive(decoder, block);
        return this.#settle(result);
      } catch (error) {
        if (!(error instanceof NeedsImport)) {
          discardMessage(block);
          return this.#settle(unreadable(result, error));
        }
        needs = error;
      }
    }
  }

  #payloadOf({ id, chunk, status }: Result, decoder: Decoder): unknown {
    const job = status === ChunkStatus.DONE ? this.#jobs.get(id) : undefined;
    return job === undefined ? decoder.value() : job.read(chunk, decoder);
  }
}

function headerOf(decoder: Decoder): Result {
  const id = decoder.number();
  const chunk = decoder.number();
  const status = decoder.number();
  return { id, chunk, status, payload: undefined };
}

function unreadable(result: Result, error: unknown): Result {
  return { ...result, status: ChunkStatus.UNREADABLE, payload: reasonOf(error) };
}

function reasonOf(error: unknown): unknown {
  if (!(error instanceof NeedsImport)) return error;
  const definition = definitionAt(error.address);
  return new TaskLookupError(
    `Cannot read result: it has ${definition.name}, whose module is not imported here, and a ` +
      `blocking call cannot import it. Import the module first, or do not block`,
  );
}
