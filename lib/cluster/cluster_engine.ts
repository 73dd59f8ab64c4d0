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

import { calleeAddress } from "../codec/functions.ts";
import type { Definition, DefinitionAddress } from "../codec/definition.ts";
import { importMessage } from "../codec/held_messages.ts";
import type { AnyFunction } from "../codec/task.ts";
import type { Job } from "../pool/calls/job.ts";
import { type CallMode, checkFailure, ChunkStatus, type Failure } from "../pool/chunks/chunk.ts";
import { BaseEngine, settleChunk, terminatedError } from "../pool/engines/base_engine.ts";
import type { Engine } from "../pool/engines/engine.ts";
import { Fifo } from "../parking/fifo.ts";
import { settledWithin } from "../sync/settled.ts";
import { SentDefinitions } from "../wire/definitions.ts";
import { type Link, streamBytesIn } from "./link.ts";
import { SentConstants } from "./constants.ts";
import { Results } from "./results.ts";
import { headerOf, packChunk, type SentChunkMessage } from "./sent_chunk.ts";
import type { SharedLink } from "./shared_link.ts";
import { unpack } from "./messages.ts";
import { corrupt, count, type Header, text } from "./protocol.ts";

/** How many chunks are on the way to the server at a time. */
const MAX_SENDING = 256;
/** How often the nodes are counted while chunks are out, in milliseconds. */
const COUNT_MS = 5000;
/** How long servers that cannot be reached are told what spares them work, in milliseconds. */
const TELL_MS = 10_000;

/** A chunk that was sent, or is about to be. */
interface SentChunk {
  readonly job: Job<DefinitionAddress>;
  readonly jobId: string;
  readonly index: number;
  readonly mode: CallMode;
  readonly attempt: number;
  /** What is sent; `undefined` once that has begun. */
  packed: SentChunkMessage | undefined;
  /** The object that it has become, if it was long. */
  object: string | undefined;
}

/** What the engine needs of the cluster that it belongs to. */
export interface ClusterAccess {
  readonly link: SharedLink;
  /** Returns the slots of the nodes that have answered last. */
  slots(): number;
  /** Asks the nodes for their slots, and returns how many take chunks. */
  count(): Promise<number>;
  /** What to say when there is no node. */
  readonly adviceForNoNode: string;
  /** Returns the hash of the packed program that a module belongs to; `undefined` if nodes have it. */
  programOf(link: Link, definitions: readonly Definition[]): Promise<string> | undefined;
}

/** Sends the chunks of a pool to a cluster. */
export class ClusterEngine extends BaseEngine implements Engine<DefinitionAddress> {
  readonly #access: ClusterAccess;
  /** The name under which results wait for this engine. */
  readonly #owner = crypto.randomUUID().replaceAll("-", "");
  /** Chunks without a result, by job and index. */
  readonly #chunks = new Map<string, SentChunk>();
  readonly #jobIds = new WeakMap<Job<DefinitionAddress>, string>();
  /** Jobs of which a chunk has been given to the server. */
  readonly #begun = new WeakSet<Job<DefinitionAddress>>();
  readonly #waiting = new Fifo<SentChunk>();
  /** How many chunks are being sent. */
  #sending = 0;
  /** What has not ended of them. */
  readonly #senders = new Set<Promise<void>>();
  /** What has been asked and not answered. */
  readonly #asking = new Set<Promise<void>>();
  #lastJob = 0;
  readonly #constants = new SentConstants();
  /** Texts of the definitions that were sent: results may name these functions, and no others. */
  readonly #named = new Set<string>();
  readonly #sent = new SentDefinitions(() => {}, this.#named);
  /** The connection, while chunks are out. */
  #link: Promise<Link> | undefined;
  #hasCounted = false;
  #hasWarned = false;
  #counting: ReturnType<typeof setInterval> | undefined;
  /** The connection on which results are received. */
  #receivesOn: Link | undefined;
  /** Resolves when they are. */
  #receiving: Promise<void> | undefined;
  #stopReceiving: (() => Promise<void>) | undefined;

  constructor(access: ClusterAccess) {
    super();
    this.#access = access;
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
    { target }: Job<DefinitionAddress>,
    payload: readonly unknown[],
    from: number,
    to: number,
    name: string,
  ): SentChunkMessage {
    return packChunk(target, payload, from, to, name, this.#named, this.#constants);
  }

  #enqueue(
    job: Job<DefinitionAddress>,
    index: number,
    mode: CallMode,
    packed: SentChunkMessage,
  ): void {
    const jobId = this.#jobIds.get(job)!;
    const attempt = job.attemptsBefore(index);
    const chunk: SentChunk = { job, jobId, index, mode, attempt, packed, object: undefined };
    this.#chunks.set(keyOf(jobId, index), chunk);
    if (this.chunksOut === 0) this.#connect();
    this.countSent(job);
    this.#waiting.push(chunk);
    this.#startSender();
  }

  #startSender(): void {
    if (this.#sending < MAX_SENDING) keepIn(this.#senders, this.#sendWaiting());
  }

  /** Takes the connection: a chunk is out. */
  #connect(): void {
    this.#link = this.#openLink();
    this.#link.catch(() => {}); // who sends a chunk fails with it
    const count = () => keepIn(this.#asking, this.#count());
    if (!this.#hasCounted) count();
    this.#counting = setInterval(count, COUNT_MS);
  }

  /** Counts the nodes, and says once that there is none. */
  async #count(): Promise<void> {
    const isFirst = !this.#hasCounted;
    this.#hasCounted = true;
    const counting = this.#link!.then(() => this.#access.count()); // a count does not keep it open
    const slots = await counting.catch(() => undefined);
    if (slots !== 0 || isFirst || this.#hasWarned || this.chunksOut === 0) return;
    this.#hasWarned = true;
    console.warn(`A pool waits: ${this.#access.adviceForNoNode}`);
  }

  /** Leaves the connection: all chunks are back. */
  #disconnect(): void {
    this.#link = undefined;
    this.#waiting.clear();
    clearInterval(this.#counting);
    this.#access.link.release();
  }

  async #openLink(): Promise<Link> {
    const link = await this.#access.link.acquire();
    if (this.#receivesOn !== link) {
      this.#receivesOn = link;
      this.#receiving = this.#receive(link);
      this.#receiving.catch(() => this.#receivesOn = undefined);
    }
    await this.#receiving;
    return link;
  }

  async #sendWaiting(): Promise<void> {
    const connected = this.#link!;
    this.#sending++;
    try {
      const link = await connected;
      while (this.#link === connected && this.#waiting.length > 0) {
        const chunk = this.#waiting.shift()!;
        if (chunk.job.settled) continue;
        const packed = chunk.packed!;
        chunk.packed = undefined;
        await this.#sendChunk(link, chunk, packed).catch((error) => chunk.job.fail(error));
        packed.free();
      }
    } catch (error) {
      if (this.#link === connected) this.#failAll(error);
    } finally {
      this.#sending--;
      if (this.#waiting.length > 0) this.#startSender(); // they came when all senders had the link before
    }
  }

  async #sendChunk(link: Link, chunk: SentChunk, packed: SentChunkMessage): Promise<void> {
    const { job, jobId, index, mode, attempt } = chunk;
    this.#begun.add(job);
    const program = await this.#access.programOf(link, packed.definitions);
    const { target, policy } = job;
    const header = await headerOf(link, { target, mode, policy }, attempt, packed, program);
    const subject = link.names.subject("task", this.#owner, jobId, String(index));
    const id = `${this.#owner}.${jobId}.${index}.${attempt}`;
    await link.send(subject, id, header, packed.parts, {
      isWanted: () => !job.settled,
      onStored: (name) => chunk.object = name,
    });
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

  /** Receives results on a connection, until that is closed. */
  async #receive(link: Link): Promise<void> {
    const results = await Results.receive(
      link,
      this.#owner,
      ({ subject, data }) => this.#onResult(link, subject, data),
    );
    this.#stopReceiving = async () => {
      if (this.#receivesOn === link) this.#receivesOn = undefined;
      await results.stop();
    };
    link.beforeClose(this.#stopReceiving);
  }

  async #onResult(link: Link, subject: string, bytes: Uint8Array): Promise<void> {
    const opened = link.open(subject, bytes);
    const { header } = opened;
    const [jobId, index] = subject.split(".").slice(-2);
    const key = keyOf(jobId, Number(index));
    const chunk = this.#chunks.get(key); // none if its result was taken before, or nobody waits for it
    try {
      if (chunk !== undefined && count(header, "attempt") === chunk.attempt) {
        await this.#takeResult(key, chunk, header, await link.contentsOf(opened));
      }
      if (header.object !== undefined) link.drop(text(header, "object"));
    } catch (error) {
      if (chunk === undefined || this.#chunks.get(key) !== chunk) throw error;
      this.#returned(key, chunk, () => chunk.job.fail(error));
    }
  }

  async #takeResult(
    key: string,
    chunk: SentChunk,
    header: Header,
    parts: readonly Uint8Array[],
  ): Promise<void> {
    const { job } = chunk;
    let status: ChunkStatus = ChunkStatus.FAILED;
    let payload: unknown;
    const stored = unpack(
      streamBytesIn(header),
      header.definitions,
      parts,
      (definition) => this.#sent.mayName(definition),
    );
    await importMessage(stored, {
      read: (decoder) => {
        status = statusOf(decoder.number());
        if (status === ChunkStatus.DONE) payload = job.readResult(chunk.index, decoder);
        else if (status === ChunkStatus.FAILED) payload = checkFailure(decoder.value());
      },
    });
    if (this.#chunks.get(key) !== chunk) return; // its job has settled meanwhile
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

  #resend(key: string, chunk: SentChunk): void {
    const { job, index, mode } = chunk;
    const { payload, name, chunkSize } = job.source;
    const from = index * chunkSize;
    const to = Math.min(from + chunkSize, payload.length);
    const packed = this.#pack(job, payload, from, to, name); // fails if an item has changed: the call fails then
    this.#takeBack(key, chunk);
    this.#enqueue(job, index, mode, packed);
  }

  #takeBack(key: string, chunk: SentChunk): void {
    const { job, packed, object } = chunk;
    this.#chunks.delete(key);
    chunk.packed = undefined; // it was not sent
    packed?.free();
    this.countReturned(job);
    if (object !== undefined) this.#tell((link) => link.drop(object));
    if (this.chunksOut === 0) this.#disconnect();
  }

  /** Forgets a chunk whose result is there. */
  #returned(key: string, chunk: SentChunk, settle: () => void): void {
    const { job } = chunk;
    this.#takeBack(key, chunk);
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
    if (this.#begun.has(job)) this.#cancel(jobId);
  }

  /** Tells the servers what spares them work, if they can be reached. */
  #tell(tell: (link: Link) => void | Promise<void>): void {
    keepIn(this.#asking, this.#tellWithin(tell));
  }

  async #tellWithin(tell: (link: Link) => void | Promise<void>): Promise<void> {
    const { link } = this.#access;
    await settledWithin(link.acquire().then(tell), { timeoutMs: TELL_MS });
    link.release();
  }

  #cancel(jobId: string): void {
    this.#tell((link) => link.cancel(this.#owner, jobId));
  }

  // End

  #failAll(error: unknown): void {
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
  }

  async drain(): Promise<void> {
    while (this.chunksOut > 0) await this.change();
  }

  /** Waits until everything is said that can be, and closes the connection unless others use it. */
  async join(): Promise<void> {
    const telling = Promise.all([...this.#senders, ...this.#asking]);
    const isSaid = await settledWithin(telling, { timeoutMs: TELL_MS });
    if (isSaid && this.#stopReceiving !== undefined) {
      await this.#tellWithin(async (link) => { // otherwise the server forgets it after a while
        if (this.#receivesOn !== undefined) await this.#stopReceiving!();
        await link.forget(this.#owner);
      });
    }
    await this.#access.link.close();
    this.#constants[Symbol.dispose]();
  }
}

/** Keeps a promise in a set until it has settled. */
function keepIn(set: Set<Promise<void>>, promise: Promise<void>): void {
  set.add(promise);
  void promise.finally(() => set.delete(promise));
}

function keyOf(jobId: string, index: number): string {
  return `${jobId}.${index}`;
}

function statusOf(value: number): ChunkStatus {
  if (value === ChunkStatus.DONE || value === ChunkStatus.FAILED) return value;
  if (value === ChunkStatus.SKIPPED) return value;
  throw corrupt(`its status is ${value}`);
}
