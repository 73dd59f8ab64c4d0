/**
 * Jobs that outlive the program that submitted them. Their chunks are those of any call; their results are kept
 * by the server until the job is removed, in a stream that any caller can read:
 *
 * | subject | contents |
 * |---|---|
 * | `mp.NAME.kept.jobs.ID.about` | what the job is: `JobHeader`, the last one counts |
 * | `mp.NAME.kept.jobs.ID=RUN.CHUNK` | a result of a chunk, the first one counts |
 *
 * `RUN` is a random number: a node that was cut off may send results of a job that was removed, and whose id another
 * one has.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkFunction, wrongType } from "../arguments/values.ts";
import { calleeAddress, functionNameAt } from "../codec/functions.ts";
import type { Definition } from "../codec/definition.ts";
import { importMessage } from "../codec/held_messages.ts";
import type { Decoder } from "../codec/decoder.ts";
import type { AnyFunction } from "../codec/task.ts";
import { CancelledError, TimeoutError } from "../errors.ts";
import { explainFailure } from "../pool/calls/call_site.ts";
import { checkChunkSize, type Items, withLength } from "../pool/calls/chunks.ts";
import { type ProgressOptions, progressReport } from "../pool/calls/progress.ts";
import { taskPolicy } from "../pool/calls/task_policy.ts";
import type { Awaitable } from "../pool/options.ts";
import { CallMode, checkFailure, ChunkStatus } from "../pool/chunks/chunk.ts";
import { SentDefinitions } from "../wire/definitions.ts";
import type { ConsumerMessages, JsMsg } from "./nats.ts";
import { type Link, streamBytesIn } from "./link.ts";
import { unpack } from "./messages.ts";
import { SentConstants } from "./constants.ts";
import { inParallel } from "./answers.ts";
import { corrupt, count, isForeign, JOBS, text } from "./protocol.ts";
import { headerOf, packChunk } from "./sent_chunk.ts";
import type { SharedLink } from "./shared_link.ts";

/** Options of {@linkcode Cluster.submit}. */
export interface SubmitOptions {
  /**
   * By what the job is found: up to 64 letters, digits, `-` and `_`.
   *
   * @default {a random one}
   */
  id?: string | undefined;
  /**
   * Number of items that a node takes at a time. If one of them fails, none of the chunk has a result.
   *
   * @default {1}
   */
  chunkSize?: number | undefined;
  /**
   * The longest time that a task may run, in milliseconds from its start.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * How many times a task whose process or node was lost is run again.
   *
   * @default {1}
   */
  retries?: number | undefined;
}

const submitNames: OptionNames<SubmitOptions> = {
  id: true,
  chunkSize: true,
  timeoutMs: true,
  retries: true,
};

/** Options of {@linkcode ClusterJob.results}. */
export interface JobResultsOptions extends WaitOptions, ProgressOptions {}

const resultsNames: OptionNames<JobResultsOptions> = {
  timeoutMs: true,
  signal: true,
  onProgress: "function",
};

/** How far a job is. */
export interface JobStatus {
  /** Its id. */
  readonly id: string;
  /** The name of its function. */
  readonly task: string;
  /** Number of its items. */
  readonly total: number;
  /** Number of items that have a result, or an error in its place. */
  readonly done: number;
  /** Whether all items are with the server. If not, it was submitted by a program that ended too early. */
  readonly isSubmitted: boolean;
  /** Whether it was cancelled. */
  readonly isCancelled: boolean;
}

/** A result of a job, or the error in its place. */
export type JobResult<R> =
  | { readonly index: number; readonly value: R }
  | { readonly index: number; readonly error: unknown };

/** What is stored of a job. */
interface JobHeader {
  readonly run: string;
  readonly task: string;
  readonly total: number;
  readonly chunkSize: number;
  readonly isSubmitted: boolean;
  readonly isCancelled: boolean;
  /** Texts of the definitions that were sent: results may name these functions, and no others. */
  readonly named: readonly string[];
}

/** How many chunks are on the way to the server at a time. */
const MAX_SENDING = 64;
/** How often is looked whether a job goes on whose results are awaited, in milliseconds. */
const LOOK_MS = 2000;
/** The last part of the subject of what a job is. */
const ABOUT = "about";
const RETRIES = 1;
const NONE: ReadonlySet<number> = new Set();

/** What jobs need of the cluster that they belong to. */
export interface JobsAccess {
  readonly link: SharedLink;
  /** Returns the name of the packed program that a module belongs to; `undefined` if nodes have it. */
  programOf(link: Link, definitions: readonly Definition[]): Promise<string> | undefined;
}

/**
 * A job whose results are kept until it is removed, for this program and for later ones. Made by `submit()` of a
 * cluster, found by `attach()`.
 */
export class ClusterJob<R> {
  /** By what it is found. */
  readonly id: string;
  readonly #access: JobsAccess;

  /** Called by {@linkcode Cluster.submit} and {@linkcode Cluster.attach}. */
  constructor(access: JobsAccess, id: string) {
    this.#access = access;
    this.id = id;
  }

  /**
   * Returns how far it is.
   *
   * @throws {Deno.errors.NotFound} if it was removed
   */
  async status(): Promise<JobStatus> {
    return await this.#access.link.use(async (link) => {
      const header = await read(link, this.id);
      const { task, total, chunkSize, isSubmitted, isCancelled } = header;
      let done = 0;
      for (const index of await indexesIn(link, "kept", tokenOf(this.id, header))) {
        done += Math.min(chunkSize, total - index * chunkSize);
      }
      return { id: this.id, task, total, done, isSubmitted, isCancelled };
    });
  }

  /**
   * Waits for all results, and returns them in the order of the items. They can be read again.
   *
   * @throws the first error of a task that has arrived
   * @throws {CancelledError} if the job was cancelled
   * @throws {Deno.errors.NotFound} if it was removed
   * @throws {Error} if not all of it was submitted
   * @throws {TimeoutError} if `timeoutMs` passed first
   * @throws the reason of `signal`, if that is aborted first
   */
  async results(options: JobResultsOptions = {}): Promise<R[]> {
    const deadline = deadlineOf(pickWaitOptions("wait for job", options, resultsNames));
    const { onProgress, signal } = options;
    const results: R[] = [];
    let report: ReturnType<typeof progressReport>;
    const onTotal = (total: number) => {
      results.length = total;
      report = progressReport({ onProgress }, total);
    };
    try {
      for await (const result of this.#arrivals(deadline, signal, onTotal)) {
        if ("error" in result) throw result.error;
        results[result.index] = result.value;
        report?.add(1, false);
      }
    } finally {
      report?.end();
    }
    return results;
  }

  /**
   * Yields the results as they arrive, those that are there at once: of each item its index, and its value or its
   * error.
   *
   * @throws as {@linkcode ClusterJob.results}, but for errors of tasks
   */
  arrivals(options: WaitOptions = {}): AsyncIterableIterator<JobResult<R>> {
    return this.#arrivals(deadlineOf(options), options.signal, () => {});
  }

  async *#arrivals(
    deadline: number,
    signal: AbortSignal | undefined,
    onTotal: (total: number) => void,
  ): AsyncIterableIterator<JobResult<R>> {
    signal?.throwIfAborted();
    let kept: ConsumerMessages | undefined;
    const stopped = Promise.withResolvers<never>();
    stopped.promise.catch(() => {}); // it may be late
    const stop = (error: unknown) => {
      stopped.reject(error);
      void kept?.close();
    };
    const onAbort = () => stop(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = deadline === Infinity ? undefined : setTimeout(
      () => stop(new TimeoutError(`Cannot wait for job ${this.id}: its results took too long`)),
      Math.max(0, deadline - performance.now()),
    );
    let looks: ReturnType<typeof setInterval> | undefined;
    const connecting = this.#access.link.acquire();
    try {
      const link = await Promise.race([connecting, stopped.promise]);
      const header = await Promise.race([read(link, this.id), stopped.promise]);
      this.#checkReadable(header);
      const { total, chunkSize, named } = header;
      onTotal(total);
      const sent = new SentDefinitions(() => {}, new Set(named));
      const missing = new Set(Array(Math.ceil(total / chunkSize)).keys());
      if (missing.size === 0) return;
      looks = setInterval(() => void this.#look(link, header).catch(stop), LOOK_MS);
      const opening = link.kept(tokenOf(this.id, header)).then((messages) => kept = messages);
      for await (const message of await Promise.race([opening, stopped.promise])) {
        const index = Number(lastToken(message.subject));
        if (!missing.has(index)) continue;
        const from = index * chunkSize;
        const length = Math.min(chunkSize, total - from);
        const results = await this.#resultsIn(link, message, from, length, sent);
        if (results === undefined) continue;
        missing.delete(index);
        yield* results;
        if (missing.size === 0) return;
      }
      throw await stopped.promise;
    } finally {
      clearTimeout(timer);
      clearInterval(looks);
      signal?.removeEventListener("abort", onAbort);
      void kept?.close();
      this.#access.link.release();
    }
  }

  /** Reads the results of a chunk; `undefined` if they are of nobody in this cluster. */
  async #resultsIn(
    link: Link,
    { subject, data }: JsMsg,
    from: number,
    length: number,
    sent: SentDefinitions,
  ): Promise<JobResult<R>[] | undefined> {
    try {
      const opened = link.open(subject, data);
      const parts = await link.contentsOf(opened);
      const mayName = (definition: Definition) => sent.mayName(definition);
      const { header } = opened;
      const stored = unpack(streamBytesIn(header), header.definitions, parts, mayName);
      const results: JobResult<R>[] = [];
      await importMessage(stored, {
        read: (decoder) => readResults(decoder, from, length, results),
      });
      return results;
    } catch (error) {
      if (!isForeign(error)) throw error;
      console.error("A result was refused:", error);
      return undefined;
    }
  }

  /** Looks whether it was cancelled or removed: results would not come then. */
  async #look(link: Link, { run }: JobHeader): Promise<void> {
    const header = await read(link, this.id);
    this.#checkGoesOn(header);
    if (header.run !== run) throw notFound(link, this.id);
  }

  #checkGoesOn({ isCancelled }: JobHeader): void {
    if (isCancelled) throw new CancelledError(`Cannot wait for job ${this.id}: it was cancelled`);
  }

  #checkReadable(header: JobHeader): void {
    this.#checkGoesOn(header);
    if (header.isSubmitted) return;
    throw new Error(
      `Cannot wait for job ${this.id}: not all of its items are with the server. Wait for submit(), or, if its ` +
        "program has ended, call submit() again with the same items and this id: it goes on from there",
    );
  }

  /**
   * Ends it: no further task begins, and those that run are cancelled. Results that are there stay.
   *
   * @throws {Deno.errors.NotFound} if it was removed
   */
  async cancel(): Promise<void> {
    await this.#access.link.use(async (link) => {
      const header = await read(link, this.id);
      await write(link, this.id, { ...header, isCancelled: true });
      await link.cancel(JOBS, tokenOf(this.id, header));
    });
  }

  /** Cancels it, and removes its results. Does nothing if it was removed before. */
  async remove(): Promise<void> {
    await this.#access.link.use(async (link) => {
      const about = await link.last(aboutOf(link, this.id));
      if (about === undefined) return;
      await this.cancel();
      const token = tokenOf(this.id, openHeader(link, about));
      const indexes = await indexesIn(link, "kept", token);
      await inParallel(MAX_SENDING, indexes, async (index) => {
        const result = await link.last(link.names.subject("kept", JOBS, token, String(index)));
        if (result !== undefined) link.dropObjectOf(result);
      });
      await link.forgetKept(token);
      await link.forgetKept(this.id);
    });
  }
}

/** Submits a job, or what is missing of it. */
export async function submitJob<T, R>(
  access: JobsAccess,
  fn: (item: T) => Awaitable<R>,
  items: Items<T>,
  options: SubmitOptions = {},
): Promise<ClusterJob<R>> {
  checkOptions("submit job", options, submitNames);
  checkFunction("submit job", "fn", fn);
  const { id = crypto.randomUUID(), chunkSize = 1, timeoutMs, retries = RETRIES } = options;
  checkJobId("submit job", id);
  checkChunkSize(chunkSize);
  const policy = taskPolicy("submit job", { timeoutMs, retries });
  const target = calleeAddress(fn as AnyFunction, "fn");
  const list = withLength(items);
  const chunks = Math.ceil(list.length / chunkSize);
  const named = new Set<string>();
  using constants = new SentConstants();
  await access.link.use(async (link) => {
    let header: JobHeader = {
      run: crypto.randomUUID().replaceAll("-", ""),
      ...{ task: functionNameAt(target), total: list.length, chunkSize },
      ...{ isSubmitted: false, isCancelled: false, named: [] },
    };
    const isNew = await link.storeFirst(aboutOf(link, id), { ...header });
    if (!isNew) header = sameJob(id, header, await read(link, id));
    const token = tokenOf(id, header);
    // In this order: a chunk that is done in between is in the first, or in the second.
    const waiting = isNew ? NONE : await indexesIn(link, "task", token);
    const done = isNew ? NONE : await indexesIn(link, "kept", token);
    await inParallel(MAX_SENDING, Array(chunks).keys(), async (index) => {
      const [from, to] = [index * chunkSize, Math.min((index + 1) * chunkSize, list.length)];
      const packed = packChunk(target, list, from, to, "items", named, constants);
      try {
        if (waiting.has(index) || done.has(index)) return;
        const program = await access.programOf(link, packed.definitions);
        const call = await headerOf(
          link,
          { target, mode: CallMode.MAP, policy },
          0,
          packed,
          program,
        );
        const subject = link.names.subject("task", JOBS, token, String(index));
        await link.send(subject, `${subject}.${crypto.randomUUID()}`, call, packed.parts);
      } finally {
        packed.free();
      }
    });
    await write(link, id, { ...header, isSubmitted: true, named: [...named] });
  });
  return new ClusterJob<R>(access, id);
}

/** Returns what is stored of a job, if that is the one that is wanted. */
function sameJob(id: string, wanted: JobHeader, found: JobHeader): JobHeader {
  if (found.isCancelled) {
    throw new CancelledError(
      `Cannot submit job: ${id} was cancelled. Call remove() of attach(${
        JSON.stringify(id)
      }) first`,
    );
  }
  // The name of its function may have the number of a line, which changes with the program.
  if (found.total === wanted.total && found.chunkSize === wanted.chunkSize) return found;
  const shown = ({ total, chunkSize }: JobHeader) => `${total} items in chunks of ${chunkSize}`;
  throw new RangeError(
    `Cannot submit job: ${id} is there, with ${shown(found)}, not ${shown(wanted)}. ` +
      "Give this one another id, or remove that one",
  );
}

/** Finds a job. */
export async function attachJob<R>(access: JobsAccess, id: string): Promise<ClusterJob<R>> {
  checkJobId("attach to job", id);
  const job = new ClusterJob<R>(access, id);
  await job.status();
  return job;
}

/** Returns the ids of all jobs of a cluster. */
export async function jobIds({ link }: JobsAccess): Promise<string[]> {
  return await link.use(async (link) => {
    const filter = link.names.subject("kept", JOBS, "*", ABOUT);
    const subjects = await link.subjectsIn(link.names.kept, filter);
    return subjects.map((subject) => subject.split(".").at(-2)!).sort();
  });
}

/** Returns the subject of what a job is. */
function aboutOf(link: Link, id: string): string {
  return link.names.subject("kept", JOBS, id, ABOUT);
}

async function write(link: Link, id: string, header: JobHeader): Promise<void> {
  await link.send(aboutOf(link, id), crypto.randomUUID(), { ...header });
}

/** Reads what a job is. */
async function read(link: Link, id: string): Promise<JobHeader> {
  const found = await link.last(aboutOf(link, id));
  if (found === undefined) throw notFound(link, id);
  return openHeader(link, found);
}

function notFound(link: Link, id: string): Error {
  return new Deno.errors.NotFound(
    `Cannot find job ${id}: cluster ${link.settings.name} has none with this id. It was removed, ` +
      "or is older than keepMs; jobs() lists those that are there",
  );
}

function checkJobId(verb: string, id: unknown): asserts id is string {
  if (typeof id !== "string") throw wrongType(verb, "id", "a string", id);
  if (/^[\w-]{1,64}$/.test(id)) return;
  throw new RangeError(
    `Cannot ${verb}: id must be 1 to 64 letters, digits, "-" and "_", not ${
      describe(id)
    }. Subjects have it in ` +
      "their names",
  );
}

/** Returns what stands for a job in the subjects of its chunks. */
function tokenOf(id: string, { run }: JobHeader): string {
  return `${id}=${run}`;
}

/** Returns the indexes of the chunks of a job that wait or run, or of those that have results. */
async function indexesIn(link: Link, kind: "task" | "kept", token: string): Promise<Set<number>> {
  const stream = kind === "task" ? link.names.tasks : link.names.kept;
  const subjects = await link.subjectsIn(stream, link.names.subject(kind, JOBS, token));
  return new Set(subjects.map((subject) => Number(lastToken(subject))));
}

function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}

/** Opens what is stored of a job. */
function openHeader(
  link: Link,
  { subject, data }: { subject: string; data: Uint8Array },
): JobHeader {
  const { header } = link.open(subject, data);
  const { named } = header;
  if (!Array.isArray(named) || !named.every((one) => typeof one === "string")) {
    throw corrupt("its definitions are no list that it can have");
  }
  return {
    run: text(header, "run", 32),
    task: text(header, "task"),
    total: count(header, "total", 2 ** 32),
    chunkSize: Math.max(1, count(header, "chunkSize")),
    isSubmitted: header.isSubmitted === true,
    isCancelled: header.isCancelled === true,
    named,
  };
}

/** Reads the results of a chunk, or the error in their place. */
function readResults<R>(
  decoder: Decoder,
  from: number,
  length: number,
  into: JobResult<R>[],
): void {
  const status = decoder.number();
  if (status === ChunkStatus.DONE) {
    const values: unknown[] = new Array(length);
    decoder.itemsInto(values, 0, length);
    values.forEach((value, at) => into.push({ index: from + at, value: value as R }));
  } else if (status === ChunkStatus.FAILED) {
    const failure = checkFailure(decoder.value());
    const error = explainFailure(failure, `, item ${from + failure.index}`, undefined);
    for (let at = 0; at < length; at++) into.push({ index: from + at, error });
  } else {
    throw corrupt(`its status is ${status}`);
  }
}
