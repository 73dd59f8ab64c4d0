// The declarations of lib/channels/listener.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Connection } from "./connection.d.ts";

/**
 * Accepts connections by name, from any worker of the program.
 *
 * - A {@linkcode Client} can send before it is accepted. Its messages are not lost if it ends before.
 * - A listener can be sent to other workers. Each connection is accepted by one of them.
 * - When it is closed, or all workers that have it have ended, clients that were not accepted get an
 *   `EOFError`, and its name is free.
 *
 * Follows Python's `multiprocessing.connection.Listener`, with names inside the program instead of
 * addresses. There is no `authkey`, because all code of a program has the same trust.
 *
 * @typeParam Sent the type of the messages that the listener's ends send
 * @typeParam Back the type of the messages that they receive
 *
 * @example A client finds a listener
 * ```ts
 * import { Client, Listener } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = new Listener<string>("reception");
 * using client = Client<string>("reception"); // in any worker
 * client.sendSync("hello");
 * using connection = await listener.accept();
 * assertEquals(await connection.recv(), "hello");
 * ```
 */
export declare class Listener<Sent = unknown, Back = Sent> extends SharedHandle
  implements Disposable, Waitable {
  /**
   * Starts listening.
   *
   * @param name the name by which clients find it; by default a unique one
   * @throws {Deno.errors.AddrInUse} if another listener has this name
   * @throws {TypeError} if the name is not a string
   * @throws {RangeError} if it is empty
   */
  constructor(name?: string);
  /** The name by which clients find the listener. */
  get name(): string;
  /** Whether the listener was closed. */
  get closed(): boolean;
  /**
   * Accepts the next connection, and waits until there is one.
   *
   * @throws {TimeoutError} if there is no connection within `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws the reason of `signal`, if it is aborted first
   */
  accept(options?: WaitOptions): Promise<Connection<Sent, Back>>;
  /**
   * Accepts the next connection, and blocks the isolate until there is one.
   *
   * @throws {TimeoutError} if there is no connection within `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws {TerminatedError} if this worker is terminated
   */
  acceptSync(options?: WaitOptions): Connection<Sent, Back>;
  /** Closes the listener for all workers. Clients that were not accepted get an `EOFError`. */
  close(): void;
  /** Closes the listener for all workers. */
  [Symbol.dispose](): void;
  /** Steps of waiting until a connection can be accepted or the listener is closed, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never>;
}

/**
 * Connects to the {@linkcode Listener} of that name.
 *
 * Messages that are sent through the connection wait there until the listener accepts it.
 *
 * Follows Python's `multiprocessing.connection.Client`.
 *
 * @typeParam Sent the type of the messages that this end sends
 * @typeParam Back the type of the messages that it receives
 * @throws {Deno.errors.ConnectionRefused} if there is no listener of this name
 * @throws {TypeError} if the name is not a string
 * @throws {TerminatedError} if this worker is terminated
 *
 * @example A name without a listener
 * ```ts
 * import { Client } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => Client("nobody"), Deno.errors.ConnectionRefused);
 * ```
 */
export declare function Client<Sent = unknown, Back = Sent>(name: string): Connection<Sent, Back>;

export {};
