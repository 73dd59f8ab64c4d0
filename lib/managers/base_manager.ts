/**
 * Managers whose objects live in a process of their own.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkArguments, checkOptions } from "../arguments/options.ts";
import { awaitOn } from "../parking/wait.ts";
import { Queue } from "../channels/queue.ts";
import type { AnyClass, AnyFunction } from "../codec/task.ts";
import { clearedUpAfter } from "../runtime/host.ts";
import { ExitCode, stopIsolate, waitingForEnd } from "../runtime/lifecycle.ts";
import { startIsolate } from "../runtime/start_request.ts";
import { clientOf } from "./client.ts";
import type { Making, ManagerRequest, Server } from "./protocol.ts";
import { type BaseProxy, type Proxied, proxyFor } from "./proxy.ts";
import { serve } from "./server.ts";

/** Options of {@linkcode BaseManager.register}. */
export interface RegisterOptions {
  /**
   * Names of the methods that proxies have.
   *
   * @default {all that are public: whose names begin with no underscore}
   */
  exposed?: readonly string[];
}

/** What a method that {@linkcode BaseManager.register} adds gives: a proxy of what is made. */
export type ProxyOf<Callable> = Callable extends AnyClass ? Proxied<InstanceType<Callable>>
  : Callable extends AnyFunction
    ? Awaited<ReturnType<Callable>> extends Iterator<infer Item> | AsyncIterator<infer Item>
      ? BaseProxy & AsyncIterableIterator<Item>
    : Proxied<Awaited<ReturnType<Callable>>>
  : never;

/** What a class or function is called with to make an object. */
export type FactoryParameters<Callable> = Callable extends
  abstract new (...args: infer Args) => unknown ? Args
  : Callable extends (...args: infer Args) => unknown ? Args
  : never;

/** A class of managers that have a method for each type that was registered. */
export interface ManagerClass<Manager> {
  /** Makes a manager. */
  new (): Manager;
  /** See {@linkcode BaseManager.register}. */
  register<Name extends string, Callable extends AnyClass | AnyFunction>(
    typeid: Name,
    callable: Callable,
    options?: RegisterOptions,
  ): ManagerClass<Manager & FactoryMethods<Name, Callable>>;
}

/** What a manager has for a type that was registered: a method that makes an object of it. */
export type FactoryMethods<Name extends string, Callable> = {
  readonly [Method in Name]: (...args: FactoryParameters<Callable>) => Promise<ProxyOf<Callable>>;
};

/** How long {@linkcode BaseManager.shutdown} waits for calls that have not ended. */
const SHUTDOWN_MS = 1000;

let servers = 0;

/**
 * A manager whose objects live in a process of its own. Others call their methods through proxies.
 *
 * - {@linkcode BaseManager.register} adds types; the manager has a method for each, which makes an
 *   object in its process and gives a {@linkcode BaseProxy} of it.
 * - Proxies may be sent anywhere, and to anybody. All calls of all proxies run in the one process:
 *   what a method does between two `await`s, it does alone.
 * - The process starts with the first object, or by `start()`. It does not keep the program alive.
 *
 * What is only to be shared needs no manager: queues, locks, maps and lists are shared as they are. It
 * is for objects of other classes, which have state and methods.
 *
 * Follows Python's `multiprocessing.managers.BaseManager`, without addresses and keys: it is reached
 * from the same program only.
 *
 * @example A class of one's own
 * ```ts
 * import { BaseManager, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * function makeCounter() {
 *   let total = 0;
 *   return { add: (n: number) => total += n };
 * }
 *
 * const MyManager = class extends BaseManager {}.register("Counter", makeCounter);
 * await using manager = new MyManager();
 * const counter = await manager.Counter();
 * await counter.add(3);
 * assertEquals(await counter.add(4), 7);
 * ```
 */
export class BaseManager implements AsyncDisposable {
  /** Its process; `undefined` until that is started. */
  #server: Server | undefined;
  #shutdown: Promise<void> | undefined;

  /**
   * Adds a type: managers of this class get a method of this name, which makes an object in their
   * process. The class itself is changed; it is returned for its type's sake.
   *
   * @param typeid the name
   * @param callable a class that was registered by `task()`, or a function that returns an object
   * @throws {TypeError} if `typeid` is no name or one that is taken, or `callable` no function
   */
  static register<
    Manager extends BaseManager,
    Name extends string,
    Callable extends AnyClass | AnyFunction,
  >(
    this: new () => Manager,
    typeid: Name,
    callable: Callable,
    options: RegisterOptions = {},
  ): ManagerClass<Manager & FactoryMethods<Name, Callable>> {
    if (typeof typeid !== "string" || typeid === "" || typeid in BaseManager.prototype) {
      throw new TypeError(`Cannot register type ${JSON.stringify(typeid)}: choose another name`);
    }
    if (typeof callable !== "function") {
      throw new TypeError(
        `Cannot register type ${typeid}: it needs a class or a function, not ${typeof callable}`,
      );
    }
    checkOptions(`register type ${typeid}`, options, { exposed: true });
    const { exposed } = options;
    Object.defineProperty(this.prototype, typeid, {
      value(this: BaseManager, ...args: unknown[]) {
        return this.#make(typeid, { callable, args, exposed: exposed && [...exposed] });
      },
      configurable: true,
    });
    return this as unknown as ManagerClass<Manager & FactoryMethods<Name, Callable>>;
  }

  /**
   * Starts the process now, rather than with the first object.
   *
   * @param initializer called in the process before anything else; if it fails, so do all calls
   * @throws {TypeError} if `initializer` is not a function or `initargs` not an array
   * @throws {DataCloneError} if it or its arguments cannot cross
   * @throws {Error} if the process was started before, or the manager is shut down
   */
  start<Args extends readonly unknown[]>(
    initializer?: (...args: Args) => unknown,
    initargs: Args = [] as unknown as Args,
  ): void {
    this.ensureOpen("start manager");
    if (this.#server !== undefined) {
      throw new Error("Cannot start manager: it was started before");
    }
    if (initializer !== undefined && typeof initializer !== "function") {
      throw new TypeError(
        `Cannot start manager: initializer must be a function, not ${typeof initializer}`,
      );
    }
    checkArguments("start manager", "initargs", initargs, "[x]");
    const requests = new Queue<ManagerRequest>();
    const record = startIsolate({
      runner: "process",
      name: `${this.constructor.name || "Manager"}-${++servers}`,
      daemon: true,
      payload: { target: serve, args: [requests, initializer, initargs] },
      payloadName: "",
    });
    this.#server = { requests, record };
  }

  /**
   * Ends the process when the calls that it runs have ended, at the latest after a second. Calls from
   * then on are refused. Doing it again is safe.
   */
  shutdown(): Promise<void> {
    return this.#shutdown ??= this.#end();
  }

  async #end(): Promise<void> {
    if (this.#server === undefined) return;
    const { requests, record } = this.#server;
    requests.close();
    if (await awaitOn(waitingForEnd(record), { timeoutMs: SHUTDOWN_MS }) === undefined) {
      stopIsolate(record, ExitCode.TERMINATED);
    }
    await clearedUpAfter(record);
  }

  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, or was never started; false if `timeoutMs` passed first
   * @throws the reason of `signal`, if that is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    if (this.#server === undefined) return true;
    return await awaitOn(waitingForEnd(this.#server.record), options) !== undefined;
  }

  /** As {@linkcode BaseManager.shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Throws if the manager is shut down. */
  protected ensureOpen(what: string): void {
    if (this.#shutdown !== undefined) {
      throw new Error(`Cannot ${what}: the manager is shut down`);
    }
  }

  async #make(typeid: string, making: Making): Promise<unknown> {
    this.ensureOpen(`make ${typeid}`);
    if (this.#server === undefined) this.start();
    const server = this.#server!;
    const answer = await clientOf(server).call(0, typeid, making, "");
    if (answer.kind === "value") throw new Error(`Impossible: ${typeid} is no object`);
    return proxyFor(server, answer.contents, answer.kind);
  }
}
