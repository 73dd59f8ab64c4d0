/**
 * The engine of a pool whose tasks run on other machines: it sends chunks to a stream from which nodes take them,
 * and receives results from another one.
 *
 * A chunk is stored by the server before a node has it, and its result before the server forgets the chunk. So
 * what was accepted is not lost when a caller, a node or the server ends. It may be delivered twice: the first
 * result of a chunk is taken, and any other is ignored.
 *
 * @module
 */

import { calleeAddress, functionNameAt } from "../codec/functions.ts";
import type { Definition, DefinitionAddress } from "../codec/definition.ts";
import { borrowEncoder, returnEncoder } from "../codec/encoder.ts";
import { importMessage } from "../codec/held_messages.ts";
import type { AnyFunction } from "../codec/task.ts";
import type { Job } from "../pool/calls/job.ts";
import { type CallMode, checkFailure, ChunkStatus, type Failure } from "../pool/chunks/chunk.ts";
import { BaseEngine, settleChunk, terminatedError } from "../pool/engines/base_engine.ts";
import type { Engine, EngineOptions } from "../pool/engines/engine.ts";
import { SentDefinitions } from "../wire/definitions.ts";
import { type Link, streamBytesIn } from "./link.ts";
import { pack, type PackedMessage, unpack } from "./messages.ts";
import { corrupt, count, isForeign } from "./protocol.ts";

/** How many chunks are on the way to the server at a time. */
const MAX_SENDING = 256;

/** A chunk that was sent, or is about to be. */
interface SentChunk {
  readonly job: Job<DefinitionAddress>;
  readonly jobId: string;
  readonly index: number;
  readonly mode: CallMode;
  readonly attempt: number;
  /** What is sent; `undefined` once it was. */
  packed: PackedMessage | undefined;
}

/** What the engine needs of the cluster that it belongs to. */
export interface ClusterAccess {
  /** Resolves when the connection is there. */
  readonly link: Promise<Link>;
  /** The name under which results wait for this engine. */
  readonly owner: string;
  /** Returns the slots of the nodes that have answered last. */
  slots(): number;
  /** Returns the hash of the packed program that a module belongs to; `undefined` if nodes have it. */
  programOf(definitions: readonly Definition[]): Promise<string> | undefined;
}

/** Sends the chunks of a pool to a cluster. */
export class ClusterEngine extends BaseEngine implements Engine<DefinitionAddress> {
  readonly #access: ClusterAccess;
  /** Chunks without a result, by job and index. */
  readonly #chunks = new Map<string, SentChunk>();
  readonly #jobIds = new WeakMap<Job<DefinitionAddress>, string>();
  /** Jobs of which a chunk has been given to the server. */
  readonly #begun = new WeakSet<Job<DefinitionAddress>>();
  readonly #waiting: SentChunk[] = [];
  /** What is sending chunks. */
  readonly #senders = new Set<Promise<void>>();
  #lastJob = 0;
  /** Texts of the definitions that were sent: results may name these functions, and no others. */
  readonly #named = new Set<string>();
  readonly #sent = new SentDefinitions(() => {}, this.#named);
  #receiving: Promise<void> | undefined;
  #stopReceiving: (() => void) | undefined;
  #hasEnded = false;

  constructor(options: EngineOptions, access: ClusterAccess) {
    super();
    this.#access = access;
    if (options.initializer !== undefined) {
      throw new TypeError(
        "Cannot make pool: initializer has no effect on a cluster, whose nodes serve many pools. " +
          "Initialize at the top level of the module of the task",
      );
    }
  }

  /** Number of slots, from which pools compute the size of chunks. */
  get slots(): number {
    return this.#access.slots();
  }

  // Submission

  targetOf(fn: AnyFunction): DefinitionAddress {
    return calleeAddress(fn, "fn");
  }

  send(
    job: Job<DefinitionAddress>,
    mode: CallMode,
    payload: readonly unknown[],
    name: string,
  ): void {
    job.keepSource({ mode, payload, name, chunkSize: payload.length });
    const packed = this.#pack(job, payload, 0, payload.length, name);
    this.#register(job);
    this.#enqueue(job, 0, mode, packed);
  }

  sendMany(
    job: Job<DefinitionAddress>,
    mode: CallMode,
    items: readonly unknown[],
    chunkSize: number,
  ): void {
    job.keepSource({ mode, payload: items, name: "items", chunkSize });
    this.#register(job);
    try {
      for (let index = 0, from = 0; from < items.length; index++, from += chunkSize) {
        const to = Math.min(from + chunkSize, items.length);
        this.#enqueue(job, index, mode, this.#pack(job, items, from, to, "items"));
      }
    } catch (error) {
      job.fail(error);
      throw error;
    }
  }

  #register(job: Job<DefinitionAddress>): void {
    this.#jobIds.set(job, String(++this.#lastJob));
    job.onSettled(() => this.#onSettled(job));
  }

  #pack(
    job: Job<DefinitionAddress>,
    payload: readonly unknown[],
    from: number,
    to: number,
    name: string,
  ): PackedMessage {
    const encoder = borrowEncoder();
    try {
      encoder.definition(job.target);
      encoder.destination = "machine";
      encoder.items(payload, from, to, name);
      return pack(encoder, this.#named);
    } finally {
      returnEncoder(encoder);
    }
  }

  #enqueue(
    job: Job<DefinitionAddress>,
    index: number,
    mode: CallMode,
    packed: PackedMessage,
  ): void {
    const jobId = this.#jobIds.get(job)!;
    const chunk = { job, jobId, index, mode, attempt: job.attemptsBefore(index), packed };
    this.#chunks.set(keyOf(jobId, index), chunk);
    this.countSent(job);
    this.#waiting.push(chunk);
    this.#receiving ??= this.#receive().catch((error) => this.#break(error));
    if (this.#senders.size >= MAX_SENDING) return;
    const sender = this.#sendWaiting().finally(() => this.#senders.delete(sender));
    this.#senders.add(sender);
  }

  async #sendWaiting(): Promise<void> {
    try {
      for (let chunk; (chunk = this.#waiting.shift()) !== undefined;) {
        if (!chunk.job.settled) await this.#sendChunk(chunk);
      }
    } catch (error) {
      this.#break(error);
    }
  }

  async #sendChunk(chunk: SentChunk): Promise<void> {
    const { job, jobId, index, mode, attempt } = chunk;
    const { streamBytes, definitions, parts } = chunk.packed!;
    this.#begun.add(job);
    const { owner, link: connecting } = this.#access;
    let program: string | undefined;
    try {
      program = await this.#access.programOf(definitions);
    } catch (error) {
      return job.fail(error);
    }
    const link = await connecting;
    const { retries = 0, timeoutMs = Infinity } = job.policy ?? {};
    const task = functionNameAt(job.target);
    const header = {
      mode,
      attempt,
      retries: Math.max(0, retries - attempt),
      lost: 0,
      timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
      task,
      streamBytes,
      definitions,
      program,
    };
    const subject = link.names.subject("task", owner, jobId, String(index));
    const id = `${owner}.${jobId}.${index}.${attempt}`;
    await link.send(subject, id, header, parts, () => !job.settled);
    chunk.packed = undefined;
  }

  hasBegun(job: Job<DefinitionAddress>): boolean {
    return this.#begun.has(job);
  }

  /** Succeeds only before the chunks are given to the server: nobody knows when a node begins one. */
  withdraw(job: Job<DefinitionAddress>): boolean {
    return !job.settled && !this.#begun.has(job);
  }

  waitSync(): boolean {
    throw new Deno.errors.NotSupported(
      "Cannot block on a cluster: a blocked isolate receives no results. Await the call without Sync",
    );
  }

  // Results

  /** Receives results until the engine has ended. */
  async #receive(): Promise<void> {
    const { owner, link: connecting } = this.#access;
    const link = await connecting;
    const consumer = await link.results(owner);
    if (this.#hasEnded) return;
    const messages = await consumer.consume({ max_messages: 1000 });
    this.#stopReceiving = () => void messages.close();
    if (this.#hasEnded) this.#stopReceiving();
    for await (const message of messages) {
      try {
        await this.#onResult(link, message.subject, message.data);
      } catch (error) {
        if (!isForeign(error)) throw error;
        console.error("A result was refused:", error);
      }
      message.ack();
    }
  }

  async #onResult(link: Link, subject: string, bytes: Uint8Array): Promise<void> {
    const { header, message } = await link.open(subject, bytes);
    const [jobId, index] = subject.split(".").slice(-2);
    const key = keyOf(jobId, Number(index));
    const chunk = this.#chunks.get(key);
    if (chunk === undefined || count(header, "attempt") !== chunk.attempt) return; // taken before
    const { job } = chunk;
    let status: ChunkStatus = ChunkStatus.FAILED;
    let payload: unknown;
    try {
      const stored = unpack(
        streamBytesIn(header),
        header.definitions,
        message,
        (definition) => this.#sent.mayName(definition),
      );
      await importMessage(stored, {
        read: (decoder) => {
          status = statusOf(decoder.number());
          if (status === ChunkStatus.DONE) payload = job.readResult(chunk.index, decoder);
          else if (status === ChunkStatus.FAILED) payload = checkFailure(decoder.value());
        },
      });
    } catch (error) {
      return this.#returned(key, chunk, () => job.fail(error));
    }
    if (status === ChunkStatus.FAILED) {
      const { error } = payload as Failure;
      // The nodes have run it again after deaths.
      for (let lost = count(header, "lost", 1e6); lost > 0; lost--) {
        if (!job.takeRetry(chunk.index, error, true)) break;
      }
      if (header.died !== true && job.takeRetry(chunk.index, error, false)) {
        return this.#resend(key, chunk);
      }
    }
    this.#returned(key, chunk, () => settleChunk(job, chunk.index, status, payload));
  }

  #resend(key: string, { job, index, mode }: SentChunk): void {
    this.#chunks.delete(key);
    this.countReturned(job);
    const { payload, name, chunkSize } = job.source;
    const from = index * chunkSize;
    const to = Math.min(from + chunkSize, payload.length);
    this.#enqueue(job, index, mode, this.#pack(job, payload, from, to, name));
  }

  /** Forgets a chunk whose result is there. */
  #returned(key: string, { job }: SentChunk, settle: () => void): void {
    this.#chunks.delete(key);
    this.countReturned(job);
    settle();
    if (job.chunksOut === 0) job.onReturned?.();
    this.notifyChange();
  }

  /** Cancels the chunks of a job that are out. */
  #onSettled(job: Job<DefinitionAddress>): void {
    if (job.chunksOut === 0) return;
    const jobId = this.#jobIds.get(job)!;
    for (const [key, chunk] of this.#chunks) {
      if (chunk.job === job) this.#returned(key, chunk, () => {});
    }
    if (this.#begun.has(job)) void this.#cancel(jobId);
  }

  async #cancel(jobId?: string): Promise<void> {
    try {
      const { owner, link: connecting } = this.#access;
      const link = await connecting;
      if (link.connection.isClosed()) return;
      await link.cancel(owner, jobId);
    } catch {
      // The nodes run it in vain.
    }
  }

  // End

  #break(error: unknown): void {
    if (this.terminated) return;
    this.broken ??= error as Error;
    this.#failAll(this.broken);
  }

  #failAll(error: Error): void {
    for (const { job } of [...this.#chunks.values()]) job.fail(error);
    this.notifyChange();
  }

  close(): void {
    this.closed = true;
  }

  terminate(): void {
    if (this.terminated) return;
    this.terminated = true;
    this.close();
    this.#failAll(terminatedError());
    void this.#cancel();
  }

  async drain(): Promise<void> {
    while (this.chunksOut > 0) await this.change();
  }

  /** Closes the connection. */
  async join(): Promise<void> {
    this.#hasEnded = true;
    this.#stopReceiving?.();
    await this.#receiving;
    await Promise.all(this.#senders);
    const link = await this.#access.link.catch(() => undefined);
    await link?.close();
  }
}

function keyOf(jobId: string, index: number): string {
  return `${jobId}.${index}`;
}

function statusOf(value: number): ChunkStatus {
  if (value === ChunkStatus.DONE || value === ChunkStatus.FAILED) return value;
  if (value === ChunkStatus.SKIPPED) return value;
  throw corrupt(`its status is ${value}`);
}
