/**
 * The cluster as its callers see it.
 *
 * @module
 */

import { errors } from "./nats.ts";
import {
  checkOptions,
  checkPositiveInteger,
  checkTimeLimit,
  isOptionsObject,
  type OptionNames,
} from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { isArray, isInstance, wrongType } from "../arguments/values.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { TimeoutError } from "../errors.ts";
import type { Definition } from "../codec/definition.ts";
import { showStateOf } from "../arguments/shown.ts";
import { type Engine, type PoolEngine, setEngineFactory } from "../pool/engines/engine.ts";
import { mainModule } from "../runtime/main_module.ts";
import type { Items } from "../pool/calls/chunks.ts";
import type { Awaitable } from "../pool/options.ts";
import { ClusterEngine } from "./cluster_engine.ts";
import { type DeadLetter, readDeadLetters } from "./dead_letters.ts";
import {
  attachJob,
  type ClusterJob,
  jobIds,
  type JobsAccess,
  submitJob,
  type SubmitOptions,
} from "./jobs.ts";
import { Link, type LinkSettings } from "./link.ts";
import { isSealed, open, seal } from "./protocol.ts";
import { SharedLink } from "./shared_link.ts";
import { packProgram } from "./sources.ts";

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

const clusterNames: OptionNames<ClusterOptions> = {
  servers: true,
  name: true,
  authKey: true,
  leaseMs: true,
  keepMs: true,
  maxBytes: true,
  connection: true,
};

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
  readonly running: readonly { readonly task: string; readonly forMs: number }[];
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

const readyNames: OptionNames<ReadyOptions> = { slots: true, timeoutMs: true, signal: true };

/** How long `nodes()` waits for a further node to answer, in milliseconds. */
const QUIET_MS = 100;
const POLL_MS = 200;
/** How long a server has to take the connection, however short a wait for nodes is, in milliseconds. */
const CONNECT_MS = 5000;
/** Slots that are assumed until nodes have answered. */
const ASSUMED_SLOTS = 8;

/**
 * Checks the options, and returns the settings of the connection.
 *
 * @throws {TypeError} if an option has the wrong type, or there is no `authKey` and a server is elsewhere
 * @throws {RangeError} if `name` has other characters, or a number is out of range
 */
export function settingsOf(verb: string, options: ClusterOptions): LinkSettings {
  checkOptions(verb, options, clusterNames);
  const { servers = "127.0.0.1:4222", name = "default", authKey, connection = {} } = options;
  const { leaseMs = 10_000, keepMs = 604_800_000, maxBytes = 2 ** 30 } = options;
  const list: readonly unknown[] = typeof servers === "string" ? [servers] : servers;
  if (!isArray(list) || list.length === 0 || !list.every((one) => typeof one === "string")) {
    throw wrongType(verb, "servers", "an address or an array of addresses", servers);
  }
  if (typeof name !== "string") throw wrongType(verb, "name", "a string", name);
  if (!/^[A-Za-z0-9-]{1,64}$/.test(name)) {
    throw new RangeError(
      `Cannot ${verb}: name must be 1 to 64 letters, digits and "-", not ${describe(name)}. ` +
        "Subjects and streams have it in their names",
    );
  }
  if (authKey !== undefined && typeof authKey !== "string" && !isInstance(authKey, Uint8Array)) {
    throw wrongType(verb, "authKey", "a string or a Uint8Array", authKey);
  }
  if (authKey?.length === 0) {
    throw new RangeError(`Cannot ${verb}: authKey is empty. Give a secret, or none at all`);
  }
  for (const [key, value] of Object.entries({ leaseMs, keepMs })) checkTimeLimit(verb, key, value);
  checkPositiveInteger(verb, "maxBytes", maxBytes);
  if (!isOptionsObject(connection)) throw wrongType(verb, "connection", "an object", connection);
  if (authKey === undefined && !list.every((server) => isLocal(server as string))) {
    throw new TypeError(
      `Cannot ${verb}: there is no authKey, and ${list.join(", ")} is not this machine. ` +
        "Who can send a message runs code on the nodes: give callers and nodes the same authKey",
    );
  }
  return {
    servers: list as string[],
    name,
    authKey: typeof authKey === "string" ? new TextEncoder().encode(authKey) : authKey?.slice(),
    leaseMs,
    keepMs,
    maxBytes,
    connection,
  };
}

/** Whether a server is on this machine. */
function isLocal(server: string): boolean {
  const host = server.replace(/^\w+:\/\//, "").replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * A cluster, as its callers see it: an engine of pools. Made by {@linkcode cluster}.
 *
 * It connects when it is used. A second after its last call has ended it closes the connection, so that the
 * program can end.
 */
export class Cluster implements PoolEngine, AsyncDisposable {
  /** Its name. */
  readonly name: string;
  readonly #settings: LinkSettings;
  readonly #link: SharedLink;
  readonly #jobs: JobsAccess;
  #slots = ASSUMED_SLOTS;
  /** Programs that were stored, by the connection. */
  readonly #programs = new WeakMap<Link, { name: Promise<string>; until: number }>();

  /** Called by {@linkcode cluster}. */
  constructor(options: ClusterOptions = {}) {
    this.#settings = settingsOf("make cluster", options);
    this.name = this.#settings.name;
    this.#link = new SharedLink(() => Link.open(this.#settings));
    this.#jobs = {
      link: this.#link,
      programOf: (link, definitions) => this.#programOf(link, definitions),
    };
    setEngineFactory(this, () =>
      new ClusterEngine({
        ...this.#jobs,
        slots: () => this.#slots,
        count: () => this.nodes().then(slotsOf),
        adviceForNoNode: this.#adviceForNoNode,
      }) as unknown as Engine);
  }

  /** Returns the name of the packed program that the functions belong to; `undefined` if nodes can load them. */
  #programOf(link: Link, definitions: readonly Definition[]): Promise<string> | undefined {
    const inFile = definitions.find((one) => "module" in one && one.module.startsWith("file:"));
    if (inFile === undefined) return undefined;
    const stored = this.#programs.get(link);
    if (stored !== undefined && performance.now() < stored.until) return stored.name;
    const name = storeProgram(link, (inFile as { module: string }).module);
    const until = performance.now() + this.#settings.keepMs / 4; // the server forgets it later
    this.#programs.set(link, { name, until });
    name.catch(() => this.#programs.delete(link));
    return name;
  }

  /**
   * Returns the nodes that answer.
   *
   * @throws {Error} if no server can be reached
   */
  async nodes(): Promise<NodeStatus[]> {
    const found = await this.#link.use(askNodes);
    if (found.length > 0) this.#slots = Math.max(1, slotsOf(found));
    return found;
  }

  /**
   * Waits until the nodes have so many slots together.
   *
   * @throws {Error} if no server can be reached
   * @throws {TimeoutError} if they do not have them after `timeoutMs`
   * @throws the reason of `signal`, if that is aborted first
   */
  ready(options: ReadyOptions = {}): Promise<NodeStatus[]> {
    const deadline = deadlineOf(pickWaitOptions("wait for nodes", options, readyNames));
    const { slots = 1, signal, timeoutMs = Infinity } = options;
    checkPositiveInteger("wait for nodes", "slots", slots);
    const limits = { signal, timeoutMs: Math.max(timeoutMs, CONNECT_MS) };
    return this.#link.useWithin(limits, async (link) => {
      if (link === undefined) {
        throw new TimeoutError(
          `Cannot wait for nodes: no server of cluster ${this.name} answers. ` +
            `Check that nats-server runs at ${this.#settings.servers.join(", ")}`,
        );
      }
      for (;;) {
        signal?.throwIfAborted();
        const nodes = await this.nodes();
        const found = slotsOf(nodes);
        if (found >= slots) return nodes;
        if (performance.now() >= deadline) {
          throw new TimeoutError(
            found === 0
              ? `Cannot wait for nodes: ${this.#adviceForNoNode}`
              : `Cannot wait for nodes: ${nodes.length} nodes of cluster ${this.name} have ` +
                `${found} slots, and ${slots} are wanted. Start nodes with --name ${this.name}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    });
  }

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
  ): Promise<ClusterJob<R>> {
    return submitJob(this.#jobs, fn, items, options);
  }

  /**
   * Finds a job that this program or another one has submitted.
   *
   * @throws {Deno.errors.NotFound} if there is none with the id
   * @throws {TypeError} if `id` is not a string
   * @throws {RangeError} if it has other characters than ids have
   * @throws {Error} if no server can be reached
   */
  attach<R = unknown>(id: string): Promise<ClusterJob<R>> {
    return attachJob(this.#jobs, id);
  }

  /**
   * Returns the ids of the jobs that were submitted and not removed.
   *
   * @throws {Error} if no server can be reached
   */
  jobs(): Promise<string[]> {
    return jobIds(this.#jobs);
  }

  /**
   * Returns the chunks that were given up, of all callers, the last one last: their processes or nodes have ended
   * more often than `retries` says. They are kept for `keepMs`, or until {@linkcode Cluster.clearDeadLetters}.
   *
   * @throws {Error} if no server can be reached
   */
  deadLetters(): Promise<DeadLetter[]> {
    return this.#link.use(readDeadLetters);
  }

  /**
   * Removes all of {@linkcode Cluster.deadLetters}.
   *
   * @throws {Error} if no server can be reached
   */
  clearDeadLetters(): Promise<void> {
    return this.#link.use((link) => link.forgetDead());
  }

  get #adviceForNoNode(): string {
    const key = this.#settings.authKey === undefined ? "" : ", and the same authKey";
    return `no node of cluster ${this.name} answers. Start one: the program ` +
      `@sauropod/multiprocessing/node, with --connect ${
        this.#settings.servers[0]
      } --name ${this.name}${key}`;
  }

  /** Closes the connection now, unless a call uses it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link.close();
  }
}

showStateOf(Cluster, (cluster) => ({ name: cluster.name }));

/** Packs the main module and what it imports, and stores it; another module only if that is in no file. */
async function storeProgram(link: Link, module: string): Promise<string> {
  const main = mainModule();
  const { bytes } = await packProgram(await isInFile(main) ? main : module);
  return await link.store([bytes]);
}

/** Whether a module is in a file: that of `deno run -` has the URL of one. */
async function isInFile(module: string): Promise<boolean> {
  if (!module.startsWith("file:")) return false;
  try {
    await Deno.stat(new URL(module));
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Returns the nodes that answer. */
async function askNodes({ connection, names, settings }: Link): Promise<NodeStatus[]> {
  const { who } = names;
  const { authKey } = settings;
  const found: NodeStatus[] = [];
  const answers = await connection.requestMany(who, seal(authKey, who, {}), {
    strategy: "stall",
    stall: QUIET_MS,
    maxWait: 2000,
  });
  try {
    for await (const { data } of answers) {
      if (isSealed(authKey, who, data)) {
        found.push(open(authKey, who, data).header as unknown as NodeStatus);
      }
    }
  } catch (error) {
    if (!(error instanceof errors.NoRespondersError)) throw error; // there is no node
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Returns the slots of nodes that take chunks. */
function slotsOf(nodes: readonly NodeStatus[]): number {
  return nodes.reduce((sum, { slots, isLeaving }) => isLeaving ? sum : sum + slots, 0);
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
export function cluster(options: ClusterOptions = {}): Cluster {
  return new Cluster(options);
}
