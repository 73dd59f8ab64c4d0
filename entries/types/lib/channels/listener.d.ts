// The declarations of lib/channels/listener.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Connection } from "./connection.d.ts";

/**
 * Accepts connections from whoever knows its name, in any worker of the program.
 *
 * - A {@linkcode Client} need not wait to be accepted: it can send at once, and nothing is lost if it
 *   ends before.
 * - It may be sent to other workers; each connection is accepted by one of them.
 * - When it is closed, or all workers that have it have ended, clients that were not accepted are told
 *   by `EOFError`, and its name is free.
 *
 * Follows Python's `multiprocessing.connection.Listener`, with names inside the program in the place
 * of addresses. There is no `authkey`: all that runs in the program is one trust.
 *
 * @typeParam Sent what is sent at the listener's ends
 * @typeParam Back what is received at them
 *
 * @example Who calls
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
   * Begins to listen.
   *
   * @param name by which clients find it; without one it gets a name that no other has
   * @throws {Deno.errors.AddrInUse} if another listener has this name
   * @throws {TypeError} if the name is not a string, or empty
   */
  constructor(name?: string);
  /** The name by which clients find it. */
  get name(): string;
  /** Whether it was closed. */
  get closed(): boolean;
  /**
   * Accepts the next connection, waiting until there is one.
   *
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws the reason of `signal`, if that is aborted first
   */
  accept(options?: WaitOptions): Promise<Connection<Sent, Back>>;
  /**
   * Accepts the next connection, blocking the thread until there is one.
   *
   * @throws {TimeoutError} if none comes in `timeoutMs`
   * @throws {ClosedError} if the listener is closed
   * @throws {TerminatedError} if this worker is told to end
   */
  acceptSync(options?: WaitOptions): Connection<Sent, Back>;
  /** Ends the listener for everybody. Clients that were not accepted are told by `EOFError`. */
  close(): void;
  /** Ends the listener for everybody. */
  [Symbol.dispose](): void;
  /** Steps of waiting until a connection can be accepted or the listener is closed, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
}

/**
 * Connects to the {@linkcode Listener} of a name.
 *
 * What is sent through the connection waits there until the listener accepts it.
 *
 * Follows Python's `multiprocessing.connection.Client`.
 *
 * @typeParam Sent what is sent at this end
 * @typeParam Back what is received at it
 * @throws {Deno.errors.ConnectionRefused} if nobody listens under this name
 * @throws {TypeError} if the name is not a string
 *
 * @example A name that nobody has
 * ```ts
 * import { Client } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => Client("nobody"), Deno.errors.ConnectionRefused);
 * ```
 */
export declare function Client<Sent = unknown, Back = Sent>(name: string): Connection<Sent, Back>;

export {};
