// The declarations of lib/cluster/shared_link.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Link } from "./link.d.ts";

/**
 * A connection that is opened when somebody needs it, and closed a second after nobody does: an open one keeps
 * the program alive, and a pool whose calls have ended must not.
 */
export declare class SharedLink {
  #private;
  constructor(open: () => Promise<Link>);
  /** Returns the connection, which stays open until {@linkcode SharedLink.release} was called as often. */
  acquire(): Promise<Link>;
  /** Says that a caller of {@linkcode SharedLink.acquire} needs it no more, whether that failed or not. */
  release(): void;
  /** Calls a function with the connection. */
  use<T>(fn: (link: Link) => T | Promise<T>): Promise<T>;
  /**
   * As {@linkcode SharedLink.use}, but waits for the connection with the options of a wait.
   *
   * @param fn gets `undefined` if `timeoutMs` passed first
   * @throws the reason of `signal`, if it is aborted first
   */
  useWithin<T>(
    limits: WaitOptions | undefined,
    fn: (link: Link | undefined) => Promise<T>,
  ): Promise<T>;
  /** Closes the connection now, unless somebody uses it. */
  close(): Promise<void>;
}

export {};
