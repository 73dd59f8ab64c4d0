// The declarations of lib/cluster/cluster.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { PoolEngine } from "../pool/engines/engine.d.ts";
import type { Items } from "../pool/calls/chunks.d.ts";
import type { Awaitable } from "../pool/options.d.ts";
import type { DeadLetter } from "./dead_letters.d.ts";
import type { ClusterJob, SubmitOptions } from "./jobs.d.ts";

/** Options of {@linkcode cluster}. */
export interface ClusterOptions {
  /**
   * Addresses of NATS servers, such as `"tls://queue:4222"`.
   *
   * @default {"127.0.0.1:4222"}
   */
  servers?: string | readonly string[] | undefined;
  /**
   * Name of the cluster: letters, digits and `-`. Callers and nodes with the same name belong together.
   *
   * @default {"default"}
   */
  name?: string | undefined;
  /**
   * A secret of callers and nodes, with which they sign what they send. It is needed unless all servers are on
   * this machine: whoever can send a chunk runs code on the nodes.
   */
  authKey?: string | Uint8Array | undefined;
  /**
   * How long a node that was lost keeps its chunks from others, in milliseconds. Nodes renew their leases while
   * they run, however long a task takes.
   *
   * @default {10_000}
   */
  leaseMs?: number | undefined;
  /**
   * How long results wait for a caller that has ended, in milliseconds: those of a job that was submitted, from
   * when each has arrived. The first one that connects sets it for a cluster.
   *
   * @default {604_800_000}, a week
   */
  keepMs?: number | undefined;
  /**
   * The most bytes of chunks that wait for nodes at the servers. What is beyond that waits in the program.
   *
   * @default {1 GiB}
   */
  maxBytes?: number | undefined;
  /** Further options of `connect` of `npm:@nats-io/transport-node`: `tls`, `user` and `pass`, `token`, … */
  connection?: Readonly<Record<string, unknown>> | undefined;
}

/** A node of a cluster, as it describes itself. */
export interface NodeStatus {
  /** Its name. */
  readonly name: string;
  /** How many tasks it runs at a time. */
  readonly slots: number;
  /** Whether it takes no more chunks. */
  readonly isLeaving: boolean;
  /** Version of Deno. */
  readonly deno: string;
  /** The chunks that it runs. */
  readonly running: readonly {
    readonly task: string;
    readonly forMs: number;
  }[];
  /** How many chunks it has run. */
  readonly done: number;
  /** Memory of the node program, without its processes, in bytes. */
  readonly rss: number;
}

/** Options of {@linkcode Cluster.ready}. */
export interface ReadyOptions extends WaitOptions {
  /**
   * How many slots the nodes should have together.
   *
   * @default {1}
   */
  slots?: number | undefined;
}

/**
 * A cluster, as its callers see it: an engine of pools. Made by {@linkcode cluster}.
 *
 * It connects when it is used. A second after its last call has ended it closes the connection, so that the
 * program can end.
 */
export declare class Cluster implements PoolEngine, AsyncDisposable {
  #private;
  /** Its name. */
  readonly name: string;
  /** Called by {@linkcode cluster}. */
  constructor(options?: ClusterOptions);
  /**
   * Returns the nodes that answer.
   *
   * @throws {Error} if no server can be reached
   */
  nodes(): Promise<NodeStatus[]>;
  /**
   * Waits until the nodes have so many slots together.
   *
   * @throws {Error} if no server can be reached
   * @throws {TimeoutError} if they do not have them after `timeoutMs`
   * @throws the reason of `signal`, if that is aborted first
   */
  ready(options?: ReadyOptions): Promise<NodeStatus[]>;
  /**
   * Submits a call of `fn` with each of `items`, whose results are kept: this program may end, and a later one
   * finds them by the id of the job. Resolves when the servers have stored all items.
   *
   * If that program ends before, another one submits the same again, with the same id: what is stored stays.
   *
   * @example
   * ```ts ignore
   * const job = await engine.submit(fit, subjects, { id: "fits-2026" });
   * // … in another program, tomorrow:
   * const fitted = await (await engine.attach<Fit>("fits-2026")).results();
   * ```
   *
   * @throws {TypeError} if `fn` is not a function, `items` is not iterable, or an option is unknown or of the
   * wrong type
   * @throws {RangeError} if an option is out of range, or there is another job with the id
   * @throws {DataCloneError} if `fn` or an item cannot cross to another machine
   * @throws {CancelledError} if the job with the id was cancelled
   * @throws {Error} if no server can be reached
   */
  submit<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: SubmitOptions,
  ): Promise<ClusterJob<R>>;
  /**
   * Finds a job that this program or another one has submitted.
   *
   * @throws {Deno.errors.NotFound} if there is none with the id
   * @throws {TypeError} if `id` is not a string
   * @throws {RangeError} if it has other characters than ids have
   * @throws {Error} if no server can be reached
   */
  attach<R = unknown>(id: string): Promise<ClusterJob<R>>;
  /**
   * Returns the ids of the jobs that were submitted and not removed.
   *
   * @throws {Error} if no server can be reached
   */
  jobs(): Promise<string[]>;
  /**
   * Returns the chunks that were given up, of all callers, the last one last: their processes or nodes have ended
   * more often than `retries` says. They are kept for `keepMs`, or until {@linkcode Cluster.clearDeadLetters}.
   *
   * @throws {Error} if no server can be reached
   */
  deadLetters(): Promise<DeadLetter[]>;
  /**
   * Removes all of {@linkcode Cluster.deadLetters}.
   *
   * @throws {Error} if no server can be reached
   */
  clearDeadLetters(): Promise<void>;
  /** Closes the connection now, unless a call uses it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Returns a cluster: machines whose nodes run the tasks of pools, and which are connected by NATS servers.
 *
 * Nothing is connected before the first call. The guide, `docs/cluster.md`, says how servers and nodes are started.
 *
 * @example A pool on other machines
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { cluster } from "@sauropod/multiprocessing/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({
 *   engine: cluster({ servers: "tls://queue:4222", name: "fits", authKey: "a secret" }),
 *   retries: 2,
 * });
 * assertEquals(pool.engine.name, "fits");
 * // await pool.engine.ready({ slots: 8 });
 * // const fitted = await pool.map(fit, subjects);
 * ```
 *
 * @throws {TypeError} if an option is unknown or of the wrong type, or there is no `authKey` and a server is on
 * another machine
 * @throws {RangeError} if an option is out of range
 */
export declare function cluster(options?: ClusterOptions): Cluster;

export {};
