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
 * | whose process died | when its failure is stored | the caller sends it again, if retries are left |
 * | of a node that was lost | never | its lease ends, and another node gets it |
 *
 * @module
 */

import { describeThrown } from "../arguments/describe.ts";
import {
  AuthenticationError,
  CancelledError,
  CorruptMessageError,
  WorkerDiedError,
} from "../errors.ts";
import type { Definition } from "../codec/definition.ts";
import { Thrown } from "../codec/thrown.ts";
import { tasksOf } from "../codec/task.ts";
import { type CallMode, ChunkStatus } from "../pool/chunks/chunk.ts";
import type { Job } from "../pool/calls/job.ts";
import type { Submitter } from "../pool/calls/submitter.ts";
import { Pool, submitterOf } from "../pool/pool.ts";
import { remoteChunkEntry } from "../runtime/module_urls.ts";
import { checkDefinition } from "../wire/definitions.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import { Link, type LinkSettings, streamBytesIn } from "./link.ts";
import type { PackedMessage } from "./messages.ts";
import { count, type Header, open, seal, text } from "./protocol.ts";
import { resultOf } from "./remote_chunk.ts";

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
  /** Whether it runs functions that are sent as text. */
  readonly takesSource: boolean;
}

/** Chunks are taken ahead while they take less than this, in milliseconds. */
const QUICK_MS = 20;
/** Chunks that are taken ahead for each slot. */
const AHEAD = 16;
/** When a chunk runs for so long, those that were taken ahead of it go back, in milliseconds. */
const SLOW_MS = 100;

/** A chunk that this node runs. */
interface RunningChunk {
  readonly message: Delivery;
  readonly owner: string;
  readonly job: string;
  readonly task: string;
  readonly since: number;
  /** Whether nobody waits for it any more. */
  isCancelled: boolean;
  /** What the pool of this node has of it; `undefined` before it has it. */
  sent: Job | undefined;
}

/** A node of a cluster. */
export class Node {
  readonly #link: Link;
  readonly #settings: NodeSettings;
  readonly #pool: Pool;
  readonly #submitter: Submitter;
  readonly #running = new Set<RunningChunk>();
  readonly #deliveries: Deliveries;
  #done = 0;
  #isQuick = false;
  #isLeaving = false;
  readonly #left = Promise.withResolvers<void>();
  readonly #renewal: ReturnType<typeof setInterval>;
  readonly #looks: ReturnType<typeof setInterval>;

  private constructor(link: Link, settings: NodeSettings, leaseMs: number) {
    this.#link = link;
    this.#settings = settings;
    const { slots, denoArgs } = settings;
    this.#pool = new Pool({ processes: slots, startMethod: "process", denoArgs });
    this.#submitter = submitterOf(this.#pool);
    this.#renewal = setInterval(() => {
      for (const { message } of this.#running) message.working();
    }, leaseMs / 4);
    this.#looks = setInterval(() => this.#giveBack(), SLOW_MS / 2);
    this.#deliveries = new Deliveries(link, {
      received: (message) => void this.#run(message),
      expired: () => this.#take(),
    });
    this.#answerCallers();
  }

  /** Joins a cluster, and takes chunks from then on. */
  static async join(cluster: LinkSettings, settings: NodeSettings): Promise<Node> {
    const link = await Link.open(cluster);
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
    void this.#leaveIfDone();
  }

  /** Gives the chunks that it runs back, and leaves. */
  async abandon(): Promise<void> {
    this.#isLeaving = true;
    for (const { message } of this.#running) message.nak();
    this.#running.clear();
    this.#pool.terminate();
    await this.#leaveIfDone();
  }

  async #leaveIfDone(): Promise<void> {
    if (!this.#isLeaving || this.#running.size > 0) return;
    clearInterval(this.#renewal);
    clearInterval(this.#looks);
    this.#pool.terminate();
    await this.#pool.join();
    await this.#link.close();
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
          chunk.sent?.fail(cancelled());
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
    return { name, slots, deno: Deno.version.deno, running, done: this.#done, rss };
  }

  // Chunks

  /** Asks for as many chunks as there is room for. */
  #take(): void {
    if (this.#isLeaving) return;
    const { slots } = this.#settings;
    const most = this.#isQuick ? slots * (1 + AHEAD) : slots;
    this.#deliveries.ask(most - this.#running.size - this.#deliveries.asked);
  }

  async #run(message: Delivery): Promise<void> {
    const [owner, job, index] = message.subject.split(".").slice(-3);
    let header: Header;
    let bytes: Uint8Array;
    try {
      ({ header, message: bytes } = await this.#link.open(message.subject, message.data));
    } catch (error) {
      const isForeign = error instanceof AuthenticationError ||
        error instanceof CorruptMessageError;
      if (!isForeign) return message.nak(1000);
      console.error(`A chunk was refused: ${describeThrown(error)}`);
      return message.term();
    }
    const chunk: RunningChunk = {
      message,
      owner,
      job,
      task: text(header, "task"),
      since: performance.now(),
      isCancelled: false,
      sent: undefined,
    };
    this.#running.add(chunk);
    try {
      await this.#runChunk(chunk, index, header, bytes);
    } catch (error) {
      if (this.#running.has(chunk)) {
        console.error(error);
        message.nak(1000);
      }
    }
    this.#done++;
    this.#isQuick = performance.now() - chunk.since < QUICK_MS;
    this.#running.delete(chunk);
    this.#take();
    void this.#leaveIfDone();
  }

  async #runChunk(
    chunk: RunningChunk,
    index: string,
    header: Header,
    bytes: Uint8Array,
  ): Promise<void> {
    const { message, owner, job } = chunk;
    const lost = message.deliveryCount - 1;
    let result: PackedMessage;
    let died = false;
    try {
      if (lost > count(header, "retries", 1e6)) {
        throw new WorkerDiedError(
          `The nodes that ran task ${chunk.task} were lost: it was begun ${lost} times`,
          { exitCode: 1, worker: undefined, task: chunk.task, item: undefined },
        );
      }
      const definitions = this.#checked(header.definitions);
      const timeoutMs = header.timeoutMs === undefined ? undefined : count(header, "timeoutMs");
      const remote = {
        mode: count(header, "mode", 5) as CallMode,
        streamBytes: streamBytesIn(header),
        definitions,
        bytes,
        worker: this.#settings.name,
      };
      result = await new Promise<PackedMessage>((resolve, reject) => {
        const options = { timeoutMs };
        chunk.sent = this.#submitter.apply(
          runRemoteChunk,
          [remote],
          resolve,
          reject,
          true,
          options,
        );
        if (chunk.isCancelled) chunk.sent.fail(cancelled());
      });
    } catch (error) {
      if (chunk.isCancelled) return message.ack();
      if (!this.#running.has(chunk)) return; // it was given back
      died = error instanceof WorkerDiedError;
      const by = { task: chunk.task, worker: this.#settings.name };
      result = resultOf(ChunkStatus.FAILED, { error: new Thrown(error), index: 0, by });
    }
    if (!this.#running.has(chunk)) return; // it was given back
    const { streamBytes, definitions, parts } = result;
    const attempt = count(header, "attempt");
    const { name } = this.#settings;
    const about = { attempt, died, lost, node: name, streamBytes, definitions };
    const subject = this.#link.names.subject("result", owner, job, index);
    await this.#link.send(subject, `${owner}.${job}.${index}.${attempt}.result`, about, parts);
    message.ack();
  }

  /**
   * Gives the chunks back that no process has begun, if one runs for long: other nodes may be idle. They are
   * published anew, because a chunk that is delivered again counts as lost by a node.
   */
  #giveBack(): void {
    const [first] = this.#running;
    if (first === undefined || performance.now() - first.since < SLOW_MS) return;
    this.#isQuick = false;
    if (this.#running.size <= this.#settings.slots) return;
    for (const chunk of this.#running) {
      const { sent, message, isCancelled } = chunk;
      if (sent === undefined || isCancelled || !this.#submitter.engine.withdraw(sent)) continue;
      this.#running.delete(chunk);
      sent.fail(cancelled());
      const id = `${message.subject}.back.${crypto.randomUUID()}`;
      void this.#link.resend(message.subject, id, message.data).then(() => message.ack());
    }
  }

  /** Checks which functions a chunk names. */
  #checked(definitions: unknown): Definition[] {
    const { modules, takesSource, name } = this.#settings;
    const checked = (definitions as unknown[]).map(checkDefinition);
    for (const definition of checked) {
      if (definition.kind === "source" && !takesSource) {
        throw new Deno.errors.NotCapable(
          `Cannot run ${definition.name}: node ${name} runs no functions that are sent as text. ` +
            "Register it with task(), in a module",
        );
      }
      if (!("module" in definition) || modules === undefined) continue;
      if (modules.some((prefix) => definition.module.startsWith(prefix))) continue;
      throw new Deno.errors.NotCapable(
        `Cannot run ${definition.name}: node ${name} runs no functions of ${definition.module}. ` +
          "Start it with --modules and a prefix of that",
      );
    }
    return checked;
  }
}

function cancelled(): CancelledError {
  return new CancelledError("Cannot run chunk: nobody waits for it at this node any more");
}

function isSealed(key: Uint8Array | undefined, subject: string, bytes: Uint8Array): boolean {
  try {
    open(key, subject, bytes);
    return true;
  } catch {
    return false;
  }
}
