/**
 * A node: takes chunks of a cluster, and runs them in processes of its own.
 *
 * The isolate of the node holds the connection and never computes, so it renews the leases of its chunks however
 * long a task takes. It runs none of the user's code: functions and items are read in its processes.
 *
 * | a chunk | is acknowledged | and |
 * |---|---|---|
 * | that was run | when its result is stored | the server forgets it |
 * | that nobody wants any more | when that is known | |
 * | whose process died | when it is stored anew, or its failure if no retries are left | any node gets it |
 * | of a node that was lost | never | its lease ends, and another node gets it |
 *
 * @module
 */

import { CancelledError, TaskLookupError, WorkerDiedError } from "../errors.ts";
import type { Definition } from "../codec/definition.ts";
import { Thrown } from "../codec/thrown.ts";
import { tasksOf } from "../codec/task.ts";
import { type CallMode, ChunkStatus } from "../pool/chunks/chunk.ts";
import type { Job } from "../pool/calls/job.ts";
import type { Submitter } from "../pool/calls/submitter.ts";
import { Pool, submitterOf } from "../pool/pool.ts";
import { remoteChunkEntry } from "../runtime/module_urls.ts";
import { checkDefinition } from "../wire/definitions.ts";
import { joined } from "../wire/frames.ts";
import { deathHeader, deathsIn, withDeath } from "./dead_letters.ts";
import { NodeConstants } from "./constants.ts";
import type { Deliveries, Delivery } from "./deliveries.ts";
import { Link, type LinkSettings, streamBytesIn } from "./link.ts";
import { hashIn } from "./objects.ts";
import type { PackedMessage } from "./messages.ts";
import { count, type Header, isSealed, JOBS, open, type Opened, seal, text } from "./protocol.ts";
import { resultOf } from "./remote_chunk.ts";
import { removeUnfinished, type UnpackedProgram, unpackProgram } from "./sources.ts";

const { runRemoteChunk } = tasksOf<typeof import("./remote_chunk.ts")>(remoteChunkEntry);

/** What a node offers. */
export interface NodeSettings {
  readonly name: string;
  /** How many tasks it runs at a time. */
  readonly slots: number;
  /** Arguments of `deno run` for its processes. */
  readonly denoArgs: readonly string[];
  /** Prefixes of the URLs of modules whose functions it runs; `undefined`: all. */
  readonly modules: readonly string[] | undefined;
  /** Whether it runs functions that are sent as text, and modules that callers send. */
  readonly takesSource: boolean;
  /** Where the modules of callers are kept. */
  readonly folder: string;
}

/** As many chunks are taken ahead as were run in this time, in milliseconds. */
const AHEAD_MS = 50;
/** The most chunks that are taken ahead. */
const MAX_AHEAD = 256;
/** When a chunk runs for so long, those that were taken ahead of it go back, in milliseconds. */
const SLOW_MS = 100;

/** A program whose functions a node runs. */
interface Program {
  readonly pool: Pool;
  readonly submitter: Submitter;
  /** Returns where a module of the caller is here; `undefined` if it is nowhere. */
  urlOf(module: string): string | undefined;
  /** The URLs of the caller's modules, by those that they have here. */
  readonly callerUrls: Map<string, string>;
}

/** A chunk that this node runs. */
interface RunningChunk {
  readonly message: Delivery;
  readonly opened: Opened;
  /** How often it was begun by nodes and processes that ended. */
  readonly lost: number;
  /** The processes among these. */
  readonly deaths: Header[];
  /** How often that may be. */
  readonly retries: number;
  readonly attempt: number;
  readonly owner: string;
  readonly job: string;
  readonly index: string;
  readonly task: string;
  readonly since: number;
  /** Whether nobody waits for it any more. */
  isCancelled: boolean;
  /** What a pool of this node has of it; `undefined` before it has it. */
  sent: { job: Job; submitter: Submitter } | undefined;
}

/** A result of a chunk, and of which program the functions are that it names. */
interface Result extends PackedMessage {
  readonly program: Program | undefined;
  /** Whether it says that a process or a node has ended. */
  readonly died: boolean;
}

/** A node of a cluster. */
export class Node {
  readonly #link: Link;
  readonly #settings: NodeSettings;
  /** The pools of the programs that it runs functions of, by the hash of the program. */
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #running = new Set<RunningChunk>();
  /** Those that are being stored anew: it keeps their leases until they are. */
  readonly #goingBack = new Set<RunningChunk>();
  readonly #deliveries: Deliveries;
  readonly #constants: NodeConstants;
  #done = 0;
  /** How many chunks it has run in the last period that has ended, and in this one. */
  #doneBefore = 0;
  #doneNow = 0;
  #isLeaving = false;
  /** Whether it has nothing to do any more. */
  #hasLeft = false;
  readonly #left = Promise.withResolvers<void>();
  readonly #renewal: ReturnType<typeof setInterval>;
  readonly #looks: ReturnType<typeof setInterval>;

  private constructor(link: Link, settings: NodeSettings, leaseMs: number) {
    this.#link = link;
    this.#settings = settings;
    this.#constants = new NodeConstants(link, settings.folder);
    this.#renewal = setInterval(() => {
      for (const { message } of this.#running) message.working();
      for (const { message } of this.#goingBack) message.working();
    }, leaseMs / 4);
    this.#looks = setInterval(() => this.#look(), AHEAD_MS);
    this.#deliveries = link.chunks({
      received: (message) => {
        void this.#run(message);
        this.#take();
      },
      expired: () => this.#take(),
    });
    this.#answerCallers();
  }

  /** Joins a cluster, and takes chunks from then on. */
  static async join(cluster: LinkSettings, settings: NodeSettings): Promise<Node> {
    const link = await Link.open(cluster);
    if (settings.takesSource) void removeUnfinished(settings.folder);
    const node = new Node(link, settings, await link.leaseMs());
    node.#take();
    return node;
  }

  /** Resolves when the node has left. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Finishes the chunks that it runs, takes no more, and leaves. */
  leave(): void {
    this.#isLeaving = true;
    this.#deliveries.stop();
    void this.#leaveIfDone();
  }

  /** Gives the chunks that it runs back, and leaves. */
  async abandon(): Promise<void> {
    this.#isLeaving = true;
    this.#deliveries.stop();
    for (const { message } of [...this.#running, ...this.#goingBack]) message.nak();
    this.#running.clear();
    this.#goingBack.clear();
    await this.#leaveIfDone();
  }

  async #leaveIfDone(): Promise<void> {
    if (!this.#isLeaving || this.#hasLeft) return;
    if (this.#running.size > 0 || this.#goingBack.size > 0) return;
    this.#hasLeft = true;
    clearInterval(this.#renewal);
    clearInterval(this.#looks);
    for (const program of this.#programs.values()) {
      const found = await program.catch(() => undefined);
      found?.pool.terminate();
      await found?.pool.join();
    }
    await this.#link.close();
    await this.#constants[Symbol.asyncDispose]();
    this.#left.resolve();
  }

  // Callers

  #answerCallers(): void {
    const { connection, names: { who, cancel }, settings: { authKey } } = this.#link;
    connection.subscribe(who, {
      callback: (error, message) => {
        if (error !== null || !isSealed(authKey, who, message.data)) return;
        message.respond(seal(authKey, who, this.#status()));
      },
    });
    connection.subscribe(cancel, {
      callback: (error, message) => {
        if (error !== null || !isSealed(authKey, cancel, message.data)) return;
        const { owner, job } = open(authKey, cancel, message.data).header;
        for (const chunk of this.#running) {
          if (chunk.owner !== owner || (job !== undefined && chunk.job !== job)) continue;
          chunk.isCancelled = true;
          chunk.sent?.job.fail(cancelled());
        }
      },
    });
  }

  #status(): Header {
    const running = [...this.#running].map(({ task, since }) => ({
      task,
      forMs: Math.round(performance.now() - since),
    }));
    const { name, slots } = this.#settings;
    const { rss } = Deno.memoryUsage();
    const isLeaving = this.#isLeaving;
    return { name, slots, isLeaving, deno: Deno.version.deno, running, done: this.#done, rss };
  }

  // Chunks

  /** Asks for as many chunks as there is room for. */
  #take(): void {
    if (this.#isLeaving) return;
    const { slots } = this.#settings;
    const most = slots + Math.min(MAX_AHEAD, Math.max(this.#doneBefore, this.#doneNow));
    const { asked } = this.#deliveries;
    const room = most - this.#running.size - asked;
    if (asked === 0 || room >= most / 2) this.#deliveries.ask(room); // many at a time cost less
  }

  async #run(message: Delivery): Promise<void> {
    let chunk: RunningChunk;
    try {
      chunk = this.#opened(message);
    } catch (error) {
      console.error("A chunk was refused:", error);
      message.term();
      return this.#take();
    }
    this.#running.add(chunk);
    try {
      const result = await this.#resultOf(chunk);
      if (result !== undefined) await this.#sendResult(chunk, result);
      if (this.#running.has(chunk)) this.#forget(chunk);
    } catch (error) {
      console.error("A chunk goes back:", error);
      message.nak(1000);
    }
    const wasRunning = this.#running.delete(chunk); // otherwise it was put back
    this.#done++;
    if (wasRunning) this.#doneNow++;
    this.#take();
    void this.#leaveIfDone();
  }

  /** Says that the result of a chunk is stored, or that nobody wants it. */
  #forget({ message, owner, opened: { header } }: RunningChunk): void {
    message.ack();
    // Any other owner does so by itself.
    if (owner === JOBS && header.object !== undefined) this.#link.drop(text(header, "object"));
  }

  /** Reads what a chunk is about. */
  #opened(message: Delivery): RunningChunk {
    const opened = this.#link.open(message.subject, message.data);
    const { header } = opened;
    const [owner, job, index] = message.subject.split(".").slice(-3);
    return {
      ...{ message, opened, owner, job, index },
      task: text(header, "task"),
      attempt: count(header, "attempt"),
      retries: count(header, "retries", 1e6),
      lost: message.deliveryCount - 1 + count(header, "lost", 1e6),
      deaths: deathsIn(header),
      since: performance.now(),
      isCancelled: false,
      sent: undefined,
    };
  }

  /** Runs a chunk. Returns `undefined` if nobody wants its result, or it was put back. */
  async #resultOf(chunk: RunningChunk): Promise<Result | undefined> {
    const { opened: { header }, task, lost, retries } = chunk;
    let program: Program | undefined;
    try {
      if (lost > retries) {
        throw new WorkerDiedError(
          `The nodes that ran task ${task} were lost: it was begun ${lost} times`,
          { exitCode: 1, worker: undefined, task, item: undefined },
        );
      }
      program = await this.#program(header);
      return { ...await this.#inProcess(chunk, program), program, died: false };
    } catch (error) {
      if (chunk.isCancelled || !this.#running.has(chunk)) return undefined;
      const failure = this.#failure(chunk, error);
      if (!(error instanceof WorkerDiedError)) return { ...failure, program, died: false };
      const isProcess = chunk.sent !== undefined;
      const losses = isProcess ? lost + 1 : lost;
      const deaths = isProcess
        ? withDeath(chunk.deaths, deathHeader(this.#settings.name, error.exitCode))
        : chunk.deaths;
      if (losses > retries) {
        await this.#giveUp(chunk, losses, deaths);
        return { ...failure, program, died: true };
      }
      await this.#putBack(chunk, losses, deaths);
      return undefined;
    }
  }

  /** Stores what is known of a chunk that has ended too many processes and nodes. */
  async #giveUp(chunk: RunningChunk, losses: number, deaths: Header[]): Promise<void> {
    const { owner, job, index, task } = chunk;
    const lostNodes = Math.max(0, losses - deaths.length);
    const subject = this.#link.names.subject("dead", owner, job, index);
    await this.#link.send(subject, undefined, { task, deaths, lostNodes, at: Date.now() });
  }

  /** Gives a chunk to a process, which runs it. */
  async #inProcess(chunk: RunningChunk, program: Program): Promise<PackedMessage> {
    const { opened, opened: { header } } = chunk;
    const definitions = this.#checked(header.definitions, program);
    const timeoutMs = header.timeoutMs === undefined ? undefined : count(header, "timeoutMs");
    const { constants, end } = await this.#constants.load(
      header.constants ?? [],
      (definitions) => this.#checked(definitions, program),
    );
    const remote = {
      mode: count(header, "mode", 5) as CallMode,
      streamBytes: streamBytesIn(header),
      definitions,
      parts: await this.#link.contentsOf(opened),
      constants,
      worker: this.#settings.name,
    };
    const { submitter } = program;
    return await new Promise<PackedMessage>((resolve, reject) => {
      const options = { timeoutMs };
      const job = submitter.apply(runRemoteChunk, [remote], resolve, reject, true, options);
      chunk.sent = { job, submitter };
      if (chunk.isCancelled) job.fail(cancelled());
    }).finally(end);
  }

  /** Packs the error of a chunk. */
  #failure(chunk: RunningChunk, error: unknown): PackedMessage {
    const by = { task: chunk.task, worker: this.#settings.name };
    const hasProcess = chunk.sent !== undefined && error instanceof WorkerDiedError;
    const said = hasProcess ? this.#deathOf(chunk, error) : error;
    return resultOf(ChunkStatus.FAILED, { error: new Thrown(said), index: 0, by });
  }

  async #sendResult(chunk: RunningChunk, result: Result): Promise<void> {
    if (!this.#running.has(chunk)) return; // it was given back
    const { owner, job, index, attempt, lost } = chunk;
    const { streamBytes, parts, program, died } = result;
    const definitions = result.definitions.map((definition) => asOfCaller(definition, program));
    const about = { attempt, died, lost, node: this.#settings.name, streamBytes, definitions };
    const isKept = owner === JOBS;
    const subject = this.#link.names.subject(isKept ? "kept" : "result", owner, job, index);
    try {
      // It may be stored twice: the caller takes one result.
      await this.#link.send(subject, undefined, about, parts);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      await this.#sendResult(chunk, { ...this.#failure(chunk, error), program, died });
    }
  }

  #look(): void {
    this.#doneBefore = this.#doneNow;
    this.#doneNow = 0;
    this.#giveBack();
  }

  /**
   * Gives the chunks back that no process has begun, if one runs for long: other nodes may be idle.
   */
  #giveBack(): void {
    const [first] = this.#running;
    if (first === undefined || performance.now() - first.since < SLOW_MS) return;
    this.#doneBefore = this.#doneNow = 0;
    if (this.#running.size <= this.#settings.slots) return;
    for (const chunk of this.#running) {
      const { sent, lost, isCancelled } = chunk;
      if (sent === undefined || isCancelled) continue;
      if (!sent.submitter.engine.withdraw(sent.job)) continue;
      void this.#putBack(chunk, lost, chunk.deaths);
      sent.job.fail(cancelled());
    }
  }

  /**
   * Stores a chunk anew, for the node that is free first. One that is delivered again without that counts as
   * lost by this node.
   */
  async #putBack(chunk: RunningChunk, lost: number, deaths: Header[]): Promise<void> {
    this.#running.delete(chunk);
    this.#goingBack.add(chunk);
    const { message, opened: { header, message: contents } } = chunk;
    const { subject } = message;
    const parts = header.object === undefined ? [contents] : [];
    const id = `${subject}.back.${crypto.randomUUID()}`;
    const isWanted = () => this.#goingBack.has(chunk);
    try {
      const about = { ...header, lost, deaths };
      if (await this.#link.send(subject, id, about, parts, { isWanted })) message.ack();
    } catch (error) {
      console.error("A chunk goes back:", error);
      message.nak(1000);
    }
    this.#goingBack.delete(chunk);
    void this.#leaveIfDone();
  }

  /** Returns the error of a task whose process has ended, with the names that the caller knows. */
  #deathOf({ task }: RunningChunk, { exitCode, cause }: WorkerDiedError): WorkerDiedError {
    const worker = this.#settings.name;
    const message =
      `A process of node ${worker} ended with exit code ${exitCode} while it ran task ${task}`;
    return new WorkerDiedError(message, { exitCode, worker, task, cause });
  }

  /** Returns the program of a chunk, which is loaded if it is new. */
  #program(header: Header): Promise<Program> {
    const object = header.program === undefined ? "" : text(header, "program");
    const hash = object && hashIn(object);
    let found = this.#programs.get(hash);
    if (found === undefined) {
      found = this.#load(object);
      this.#programs.set(hash, found);
      found.catch(() => this.#programs.delete(hash)); // another chunk may have more luck
    }
    return found;
  }

  async #load(object: string): Promise<Program> {
    const { slots, denoArgs, takesSource, folder, name } = this.#settings;
    let unpacked: Pick<UnpackedProgram, "denoArgs" | "urlOf"> = { denoArgs, urlOf: (url) => url };
    if (object !== "") {
      if (!takesSource) {
        throw new Deno.errors.NotCapable(
          `Cannot run task: node ${name} takes no modules of callers. Name them by https:, npm: or jsr:`,
        );
      }
      unpacked = await unpackProgram(joined(await this.#link.load(object)), folder);
    }
    const args = object === "" ? denoArgs : [...denoArgs, ...unpacked.denoArgs];
    const pool = new Pool({ processes: slots, startMethod: "process", denoArgs: args });
    const submitter = submitterOf(pool);
    return { pool, submitter, urlOf: unpacked.urlOf, callerUrls: new Map() };
  }

  /** Checks which functions a chunk names, and returns where they are here. */
  #checked(definitions: unknown, program: Program): Definition[] {
    const { modules, takesSource, name } = this.#settings;
    const checked = (definitions as unknown[]).map(checkDefinition);
    return checked.map((definition) => {
      if (definition.kind === "source" && !takesSource) {
        throw new Deno.errors.NotCapable(
          `Cannot run ${definition.name}: node ${name} runs no functions that are sent as text. ` +
            "Register it with task(), in a module",
        );
      }
      if (!("module" in definition)) return definition;
      const { module } = definition;
      if (modules !== undefined && !modules.some((prefix) => module.startsWith(prefix))) {
        throw new Deno.errors.NotCapable(
          `Cannot run ${definition.name}: node ${name} runs no functions of ${module}. ` +
            "Start it with --modules and a prefix of that",
        );
      }
      const url = program.urlOf(module);
      if (url === undefined) {
        throw new TaskLookupError(
          `Cannot run ${definition.name}: ${module} was not sent to the nodes, since the main module of the ` +
            "program does not import it. Import it there",
        );
      }
      program.callerUrls.set(url, module);
      return { ...definition, module: url };
    });
  }
}

/** Returns a definition with the URL that its module has for the caller. */
function asOfCaller(definition: Definition, program: Program | undefined): Definition {
  if (!("module" in definition)) return definition;
  return { ...definition, module: program?.callerUrls.get(definition.module) ?? definition.module };
}

function cancelled(): CancelledError {
  return new CancelledError("Cannot run chunk: nobody waits for it at this node any more");
}
