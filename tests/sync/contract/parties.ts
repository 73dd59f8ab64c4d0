/**
 * Contracts of shared objects: what is asked of them is written once, as bodies in which several
 * parties call methods, and is run in every setting: parties that block and parties that await, in one
 * isolate, in the main thread and workers, in workers only.
 *
 * A party in a worker is told what to call through a queue and answers through another. A body that
 * has to know that a party waits looks at the queue of the object: nothing sleeps and hopes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import {
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  Process,
  Queue,
  RLock,
  Semaphore,
  type SharedHandle,
} from "@sauropod/multiprocessing";
import { addressOf, objectWord } from "../../../lib/objects/shared_object.ts";
import { countWaiters, withQueueGuard } from "../../../lib/parking/wait_queue.ts";
import { GUARD_MS, test } from "../../fixtures/guarded.ts";
import { ended } from "../../fixtures/workers.ts";
import { type Call, type Reply, serve, settle } from "./party.ts";

/** Where the parties of a body are, and how they wait. */
export interface Setting {
  name: string;
  /** Where the party with this number is: here, in a worker of its own, or in one for all. */
  placeOf(party: number): "here" | "own worker" | "one worker";
  /** Whether it blocks. */
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

interface Server {
  process: Process;
  calls: Queue<Call>;
  blocking: boolean;
  shared: boolean;
}

/** How a party dies. */
export type Death = "terminate" | "kill";

/** One of those who use a shared object. */
export class Party {
  #world: World;
  #number: number;
  /** How long its last call took, in milliseconds. */
  ms = 0;
  /** Calls that have not ended. */
  pending = 0;

  /** Made by a {@linkcode World}. */
  constructor(
    world: World,
    number: number,
    readonly blocking: boolean,
    readonly server: Server | undefined,
  ) {
    this.#world = world;
    this.#number = number;
  }

  /** Calls a method there, the blocking one if the party blocks. */
  do(object: SharedHandle, method: string, ...args: unknown[]): Promise<unknown> {
    const result = this.#call({
      id: this.#world.nextId(),
      party: this.#number,
      object,
      method,
      args,
    });
    result.catch(() => {}); // the body looks at it later
    return result;
  }

  /** Calls a task there. */
  run<A extends readonly unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<unknown> {
    return this.do(fn as unknown as SharedHandle, "", ...args);
  }

  async #call(call: Call): Promise<unknown> {
    this.pending++;
    const { ms, outcome } =
      await (this.server === undefined
        ? settle(call, false)
        : this.#world.ask(call, this.server.calls));
    this.pending--;
    this.ms = ms;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Calls a method there that has to wait; returns when it does. */
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
      if (settled) throw new Error(`${method} did not wait: ${Deno.inspect(await result)}`);
      await turn();
    }
    return { result };
  }

  /** Ends the worker that the party is in. */
  async die(how: Death): Promise<void> {
    const { process } = this.server!;
    process[how]();
    await ended(process, how === "kill" ? -9 : -15);
  }
}

/** The parties of a body. */
export class World {
  readonly setting: Setting;
  #parties: Party[] = [];
  #servers: Server[] = [];
  #replies = new Queue<Reply>();
  #pending = new Map<number, (reply: Reply) => void>();
  #lastId = 0;
  #reading: Promise<void>;

  /** A world without parties. */
  constructor(setting: Setting) {
    this.setting = setting;
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    for await (const reply of this.#replies) {
      this.#pending.get(reply.id)!(reply);
      this.#pending.delete(reply.id);
    }
  }

  /** A number for a call. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Has a server do it. */
  ask(call: Call, calls: Queue<Call>): Promise<Reply> {
    const reply = new Promise<Reply>((resolve) => this.#pending.set(call.id, resolve));
    calls.putSync(call);
    return reply;
  }

  /** So many new parties. */
  parties(count: number): Party[] {
    return Array.from({ length: count }, () => this.#party());
  }

  #party(): Party {
    const number = this.#parties.length;
    const place = this.setting.placeOf(number);
    const blocking = this.setting.blocksAs(number);
    const server = place === "here" ? undefined : this.#server(blocking, place === "one worker");
    const party = new Party(this, number, blocking, server);
    this.#parties.push(party);
    return party;
  }

  #server(blocking: boolean, shared: boolean): Server {
    const used = new Set(this.#parties.map(({ server }) => server));
    const free = this.#servers.find((server) =>
      server.process.isAlive() && server.blocking === blocking && (shared || !used.has(server))
    );
    if (free !== undefined) return free;
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

  /** Ends a body: nobody may wait any more. */
  async clear(): Promise<void> {
    const parties = this.#parties.splice(0);
    for (let turns = 0; turns < 100 && parties.some(stillWaits); turns++) await turn();
    assert(!parties.some(stillWaits), "a party still waits");
  }

  /** Ends the servers. */
  async end(): Promise<void> {
    for (const { calls } of this.#servers) calls.close();
    for (const { process } of this.#servers) if (process.isAlive()) await ended(process);
    this.#replies.close();
    await this.#reading;
  }

  /** Ends the servers, whatever they do. */
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

function stillWaits({ pending, server }: Party): boolean {
  return pending > 0 && (server === undefined || server.process.isAlive());
}

/** What is asked of an object. */
export interface Body {
  /** "Symbol.method() criterion". */
  name: string;
  run(world: World): Promise<void>;
  /** Where it says anything; everywhere if it is left out. */
  where?(world: World): boolean;
}

/** Runs the bodies in every setting, in each with the same workers. */
export function contract(name: string, bodies: readonly Body[]): void {
  for (const setting of settings) {
    test(`${name}: ${setting.name}`, async (context) => {
      let world = new World(setting);
      for (const body of bodies) {
        if (body.where?.(world) === false) continue;
        const succeeded = await context.step(body.name, async () => {
          await deadline(body.run(world), GUARD_MS);
          await world.clear();
        });
        if (succeeded) continue;
        await world.kill();
        world = new World(setting);
      }
      await world.end();
    }, { guardMs: 10 * GUARD_MS });
  }
}

/** Gives the event loop a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const queueOffset = new Map<unknown, number>([
  [Lock, 1],
  [RLock, 1],
  [Semaphore, 1],
  [BoundedSemaphore, 1],
  [Event, 1],
  [Condition, 2],
]);

function queueOf(object: SharedHandle): number {
  return addressOf(object)! + objectWord.FIRST + (queueOffset.get(object.constructor) ?? 4);
}

/** How many stand in the queue of an object. */
export function waiters(object: SharedHandle): number {
  const queue = queueOf(object);
  return withQueueGuard(queue, () => countWaiters(queue));
}

/** Waits until so many stand in the queue of an object. */
export async function untilWaiting(object: SharedHandle, count: number): Promise<void> {
  while (waiters(object) !== count) await turn();
}

/** Counts the calls that have ended. */
export function counter(calls: Promise<unknown>[]): { count: number } {
  const counted = { count: 0 };
  for (const call of calls) call.finally(() => counted.count++).catch(() => {});
  return counted;
}

/** Waits until so many calls have ended, and says that no more have. */
export async function untilEnded(calls: { count: number }, count: number): Promise<void> {
  while (calls.count < count) await turn();
  for (let turns = 0; turns < 5; turns++) await turn(); // a turn for one too many
  assertEquals(calls.count, count);
}

/** Whether each party has a worker of its own, except perhaps the first. */
export function canDie(world: World): boolean {
  return world.setting.placeOf(1) === "own worker";
}
