/**
 * The parties of a contract: callers of a shared object, in this isolate or in workers. A party in a
 * worker receives its calls through a queue and replies through another.
 *
 * @module
 */
import { assert } from "@std/assert";
import { Condition, Process, Queue, type SharedHandle } from "@sauropod/multiprocessing";
import { turn } from "../../fixtures/guarded.ts";
import { ended } from "../../fixtures/workers.ts";
import { type Call, type Reply, serve, settle } from "./party.ts";
import { waiters } from "./waiters.ts";

/** Where the parties of a clause are, and how they wait. */
export interface Setting {
  name: string;
  /** Where the party with this number is: in this isolate, its own worker, or one for all. */
  placeOf(party: number): "here" | "own worker" | "one worker";
  /** Whether the party blocks. */
  blocksAs(party: number): boolean;
}

/** Every setting. */
export const settings: readonly Setting[] = [
  { name: "awaiting, in one isolate", placeOf: () => "here", blocksAs: () => false },
  { name: "awaiting, in one worker", placeOf: () => "one worker", blocksAs: () => false },
  {
    name: "awaiting, in main and workers",
    placeOf: (party) => party === 0 ? "here" : "own worker",
    blocksAs: () => false,
  },
  {
    name: "awaiting main, blocking workers",
    placeOf: (party) => party === 0 ? "here" : "own worker",
    blocksAs: (party) => party > 0,
  },
  { name: "blocking, in workers", placeOf: () => "own worker", blocksAs: () => true },
  {
    name: "blocking and awaiting, in workers",
    placeOf: () => "own worker",
    blocksAs: (party) => party % 2 === 0,
  },
];

/** A worker that makes the calls of parties. */
interface Server {
  process: Process;
  calls: Queue<Call>;
  blocking: boolean;
  /** Whether it serves several parties. */
  shared: boolean;
}

/** How a party dies. */
export type Death = "terminate" | "kill";

/** A caller of shared objects. */
export class Party {
  readonly #world: World;
  readonly #number: number;
  readonly #pending = new Set<Call>();
  /** How long its last call took, in milliseconds. */
  ms = 0;

  /** Called by {@linkcode World.parties}. */
  constructor(
    world: World,
    number: number,
    readonly blocking: boolean,
    readonly server: Server | undefined,
  ) {
    this.#world = world;
    this.#number = number;
  }

  /** How many of its calls have not ended. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether it waits in a call, and can still return from it. */
  get waits(): boolean {
    return this.pending > 0 && this.server?.process.isAlive() !== false;
  }

  /** Calls a method, or its `…Sync` form if the party blocks. */
  do(object: SharedHandle, method: string, ...args: unknown[]): Promise<unknown> {
    const result = this.#call({
      id: this.#world.nextId(),
      party: this.#number,
      object,
      method,
      args,
    });
    result.catch(() => {}); // the clause handles it later
    return result;
  }

  /** Calls a task. */
  run<A extends readonly unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<unknown> {
    return this.do(fn as unknown as SharedHandle, "", ...args);
  }

  async #call(call: Call): Promise<unknown> {
    this.#pending.add(call);
    const { ms, outcome } =
      await (this.server === undefined
        ? settle(call, false)
        : this.#world.send(call, this.server.calls));
    this.#pending.delete(call);
    this.ms = ms;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Calls a method that has to wait, and returns once it waits. */
  async begin(
    object: SharedHandle,
    method: string,
    ...args: unknown[]
  ): Promise<{ result: Promise<unknown> }> {
    const waitedFor = object instanceof Condition && method === "acquire" ? object.lock : object;
    const before = waiters(waitedFor);
    const result = this.do(object, method, ...args);
    let settled = false;
    result.finally(() => settled = true).catch(() => {});
    while (waiters(waitedFor) <= before) {
      if (settled) {
        throw new Error(`${this.#name}: ${method}() did not wait: ${Deno.inspect(await result)}`);
      }
      await turn();
    }
    return { result };
  }

  /** Ends the worker of the party. */
  async die(how: Death): Promise<void> {
    const { process } = this.server!;
    process[how]();
    await ended(process, how === "kill" ? -9 : -15);
  }

  /** Returns which party it is and what it does, for error messages. */
  describe(): string {
    const calls = Array.from(this.#pending, ({ method }) => `${method || "task"}()`);
    return `${this.#name} ${this.waits ? `waits in ${calls.join(", ")}` : "is idle"}`;
  }

  get #name(): string {
    return `${this.blocking ? "blocking" : "awaiting"} party ${this.#number}`;
  }
}

/** The parties of a setting, and the workers that they are in. */
export class World {
  readonly setting: Setting;
  #parties: Party[] = [];
  #servers: Server[] = [];
  #replies = new Queue<Reply>();
  #replyTo = new Map<number, (reply: Reply) => void>();
  #lastId = 0;
  #reading: Promise<void>;

  /** Makes a world without parties. */
  constructor(setting: Setting) {
    this.setting = setting;
    this.#reading = this.#readReplies();
  }

  async #readReplies(): Promise<void> {
    for await (const reply of this.#replies) {
      this.#replyTo.get(reply.id)!(reply);
      this.#replyTo.delete(reply.id);
    }
  }

  /** Returns a number for a call. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Sends a call to a worker and returns its reply. */
  send(call: Call, calls: Queue<Call>): Promise<Reply> {
    const reply = new Promise<Reply>((resolve) => this.#replyTo.set(call.id, resolve));
    calls.putSync(call);
    return reply;
  }

  /** Makes `count` parties. */
  parties(count: number): Party[] {
    return Array.from({ length: count }, () => this.#addParty());
  }

  #addParty(): Party {
    const number = this.#parties.length;
    const place = this.setting.placeOf(number);
    const blocking = this.setting.blocksAs(number);
    const server = place === "here" ? undefined : this.#server(blocking, place === "one worker");
    const party = new Party(this, number, blocking, server);
    this.#parties.push(party);
    return party;
  }

  /** Returns an idle worker, or starts one. */
  #server(blocking: boolean, shared: boolean): Server {
    const used = new Set(this.#parties.map(({ server }) => server));
    const idle = this.#servers.find((server) =>
      server.process.isAlive() && server.blocking === blocking && (shared || !used.has(server))
    );
    if (idle !== undefined) return idle;
    const calls = new Queue<Call>();
    const process = new Process({
      target: serve,
      args: [calls, this.#replies, blocking],
    }) as unknown as Process;
    process.start();
    const server = { process, calls, blocking, shared };
    this.#servers.push(server);
    return server;
  }

  /** Removes the parties at the end of a clause, when none of them may wait any more. */
  async clear(): Promise<void> {
    const waiting = () => this.#parties.filter((party) => party.waits);
    for (let turns = 0; turns < 100 && waiting().length > 0; turns++) await turn();
    assert(waiting().length === 0, "a party still waits");
    this.#parties = [];
  }

  /** Returns what the parties do, for error messages. */
  describe(): string {
    return this.#parties.map((party) => party.describe()).join(", ") || "no parties";
  }

  /** Ends the workers when they have made their calls. */
  async end(): Promise<void> {
    for (const { calls } of this.#servers) calls.close();
    for (const { process } of this.#servers) if (process.isAlive()) await ended(process);
    this.#replies.close();
    await this.#reading;
  }

  /** Ends the workers at once. */
  async kill(): Promise<void> {
    for (const { process } of this.#servers) {
      if (!process.isAlive()) continue;
      process.kill();
      await process.join();
    }
    this.#replies.close();
    await this.#reading;
  }
}
