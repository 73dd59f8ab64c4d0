/**
 * Managers whose objects live in a process that the manager starts.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { checkWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { checkArguments, checkOptions } from "../arguments/options.ts";
import {
  checkFunction,
  checkString,
  checkText,
  outOfRange,
  wrongType,
} from "../arguments/values.ts";
import { awaitOn } from "../parking/wait.ts";
import { Queue } from "../channels/queue.ts";
import type { AnyClass, AnyFunction } from "../codec/task.ts";
import { waitForCleanUp } from "../runtime/host.ts";
import { ExitCode, stopIsolate, waitingForEnd } from "../runtime/lifecycle.ts";
import { startIsolate } from "../runtime/start_request.ts";
import { type CallResult, clientOf } from "./client.ts";
import type { ManagerRequest, ObjectSpec, ServerEndpoint } from "./protocol.ts";
import { type BaseProxy, type Proxied, proxyFor } from "./proxy.ts";
import { serve } from "./server.ts";

/** Options of {@linkcode BaseManager.register}. */
export interface RegisterOptions {
  /**
   * Names of the methods that proxies have.
   *
   * @default {all public methods: those whose names do not begin with an underscore}
   */
  exposed?: readonly string[] | undefined;
}

/** The type of the proxy of an object that `Callable` makes. */
export type ProxyOf<Callable> = Callable extends AnyClass ? Proxied<InstanceType<Callable>>
  : Callable extends AnyFunction
    ? Awaited<ReturnType<Callable>> extends Iterator<infer Item> | AsyncIterator<infer Item>
      ? BaseProxy & AsyncIterableIterator<Item>
    : Proxied<Awaited<ReturnType<Callable>>>
  : never;

/** The parameters of a class or function that makes objects. */
export type FactoryParameters<Callable> = Callable extends
  abstract new (...args: infer Args) => unknown ? Args
  : Callable extends (...args: infer Args) => unknown ? Args
  : never;

/** A class of managers that have a method for each registered type. */
export interface ManagerClass<Manager> {
  /** Makes a manager. */
  new (): Manager;
  /** Registers a type; see {@linkcode BaseManager.register}. */
  register<Name extends string, Callable extends AnyClass | AnyFunction>(
    typeid: Name,
    callable: Callable,
    options?: RegisterOptions,
  ): ManagerClass<Manager & FactoryMethods<Name, Callable>>;
}

/** The method of a manager that makes an object of a registered type. */
export type FactoryMethods<Name extends string, Callable> = {
  readonly [Method in Name]: (...args: FactoryParameters<Callable>) => Promise<ProxyOf<Callable>>;
};

/** Time that {@linkcode BaseManager.shutdown} waits for calls that have not ended. */
const SHUTDOWN_MS = 1000;

/**
 * A manager whose objects live in a process that it starts. Isolates call their methods through
 * proxies.
 *
 * - {@linkcode BaseManager.register} adds types. For each type, the manager has a method that makes
 *   an object in the process and returns a {@linkcode BaseProxy} of it.
 * - Proxies can be sent to any isolate. All calls through all proxies run in the one process, and
 *   code of a method between two `await`s is not interleaved with other calls.
 * - The process starts with the first object or by `start()`. It does not keep the program alive.
 *
 * Queues, locks, maps, lists and other shared objects need no manager. A `BaseManager` is for
 * objects of custom classes with state and methods.
 *
 * Follows Python's `multiprocessing.managers.BaseManager`, without addresses and keys: only the
 * same program can reach it.
 *
 * @example A custom type
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
  static #serversStarted = 0;
  /** The process of the manager; `undefined` before it is started. */
  #server: ServerEndpoint | undefined;
  #shutdown: Promise<void> | undefined;

  /**
   * Registers a type: adds a method named `typeid`, which makes an object in the manager's process,
   * to this class. Returns the same class, typed with the new method.
   *
   * @param typeid the name of the type and of the method
   * @param callable a class registered with `task()`, or a function that returns an object
   * @throws {TypeError} if `typeid` is not a string, or `callable` is not a function
   * @throws {RangeError} if `typeid` is empty or the name of a method of `BaseManager`
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
    checkText("register type", "typeid", typeid);
    if (typeid in BaseManager.prototype) {
      const requirement = "another name than those of the methods of BaseManager";
      throw outOfRange("register type", "typeid", requirement, typeid);
    }
    if (typeof callable !== "function") {
      throw wrongType(`register type ${typeid}`, "callable", "a class or a function", callable);
    }
    checkOptions(`register type ${typeid}`, options, { exposed: true });
    const { exposed } = options;
    if (exposed !== undefined) {
      checkArguments(`register type ${typeid}`, "exposed", exposed, 'exposed: ["method"]');
      exposed.forEach((name, at) => checkString(`register type ${typeid}`, `exposed[${at}]`, name));
    }
    Object.defineProperty(this.prototype, typeid, {
      value(this: BaseManager, ...args: unknown[]) {
        return this.#make(typeid, { callable, args, exposed: exposed && [...exposed] });
      },
      configurable: true,
    });
    return this as unknown as ManagerClass<Manager & FactoryMethods<Name, Callable>>;
  }

  /**
   * Starts the process now instead of with the first object.
   *
   * @param initializer called in the process before any object is made; if it fails, all calls fail
   * @throws {TypeError} if `initializer` is not a function or `initargs` is not an array
   * @throws {DataCloneError} if `initializer` or `initargs` cannot cross
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
    if (initializer !== undefined) checkFunction("start manager", "initializer", initializer);
    checkArguments("start manager", "initargs", initargs, "[x]");
    const requests = new Queue<ManagerRequest>();
    const record = startIsolate({
      runner: "process",
      name: `${this.constructor.name || "Manager"}-${++BaseManager.#serversStarted}`,
      daemon: true,
      payload: { target: serve, args: [requests, initializer, initargs] },
      payloadName: "",
    });
    this.#server = { requests, record };
  }

  /**
   * Ends the process when its running calls have ended, at the latest after a second. Further calls
   * throw. Idempotent.
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
    await waitForCleanUp(record);
  }

  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, or if it was never started; false if `timeoutMs` passed first
   * @throws the reason of `signal`, if it is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    checkWaitOptions("join manager", options);
    if (this.#server === undefined) return true;
    return await awaitOn(waitingForEnd(this.#server.record), options) !== undefined;
  }

  static {
    showStateOf(BaseManager, (manager) => {
      if (!(#server in manager)) return undefined;
      const isRunning = manager.#server !== undefined;
      return { state: manager.#shutdown ? "shut down" : isRunning ? "running" : "not started" };
    });
  }

  /** As {@linkcode BaseManager.shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Throws if the manager is shut down. */
  protected ensureOpen(what: string): void {
    if (this.#shutdown !== undefined) {
      throw new Error(`Cannot ${what}: the manager is shut down. Make a new one`);
    }
  }

  async #make(typeid: string, spec: ObjectSpec): Promise<unknown> {
    this.ensureOpen(`make ${typeid}`);
    if (this.#server === undefined) this.start();
    const made = await clientOf(this.#server!).call(0, typeid, spec, "");
    const { contents, kind } = made as Exclude<CallResult, { kind: "value" }>;
    return proxyFor(contents, kind);
  }
}
