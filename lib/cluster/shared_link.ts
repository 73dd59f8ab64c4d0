/**
 * The connection that the pools of a cluster share.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { settledWithin } from "../sync/settled.ts";
import type { Link } from "./link.ts";

/** How long a connection stays open that nobody uses, in milliseconds. */
const IDLE_MS = 1000;
/** How long is waited before a server is tried again, in milliseconds. */
const PAUSE_MS = 500;

/**
 * A connection that is opened when somebody needs it, and closed a second after nobody does: an open one keeps
 * the program alive, and a pool whose calls have ended must not.
 */
export class SharedLink {
  readonly #open: () => Promise<Link>;
  #link: Promise<Link> | undefined;
  #users = 0;
  #wasOpen = false;
  #idle: ReturnType<typeof setTimeout> | undefined;
  /** Resolves when the connection before this one is closed. */
  #closed: Promise<void> = Promise.resolve();

  constructor(open: () => Promise<Link>) {
    this.#open = open;
  }

  /** Returns the connection, which stays open until {@linkcode SharedLink.release} was called as often. */
  acquire(): Promise<Link> {
    clearTimeout(this.#idle);
    this.#users++;
    if (this.#link === undefined) {
      const link = this.#link = this.#connect();
      link.catch(() => { // the next one tries again
        if (this.#link === link) this.#link = undefined;
      });
    }
    return this.#link;
  }

  /** Says that a caller of {@linkcode SharedLink.acquire} needs it no more, whether that failed or not. */
  release(): void {
    if (--this.#users === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS);
  }

  /** Calls a function with the connection. */
  async use<T>(fn: (link: Link) => T | Promise<T>): Promise<T> {
    try {
      return await fn(await this.acquire());
    } finally {
      this.release();
    }
  }

  /**
   * As {@linkcode SharedLink.use}, but waits for the connection with the options of a wait.
   *
   * @param fn gets `undefined` if `timeoutMs` passed first
   * @throws the reason of `signal`, if it is aborted first
   */
  async useWithin<T>(
    limits: WaitOptions | undefined,
    fn: (link: Link | undefined) => Promise<T>,
  ): Promise<T> {
    try {
      const link = this.acquire();
      return await fn(await settledWithin(link, limits) ? await link : undefined);
    } finally {
      this.release();
    }
  }

  /** Closes the connection now, unless somebody uses it. */
  async close(): Promise<void> {
    const link = this.#link;
    if (this.#users === 0) clearTimeout(this.#idle);
    if (this.#users === 0 && link !== undefined) {
      this.#link = undefined;
      this.#closed = link.then((link) => link.close(), () => {});
    }
    await this.#closed;
  }

  /** Connects. If that was possible before, it tries until it is again, or nobody waits for it. */
  async #connect(): Promise<Link> {
    await this.#closed;
    for (;;) {
      try {
        const link = await this.#open();
        this.#wasOpen = true;
        return link;
      } catch (error) {
        if (!this.#wasOpen || this.#users === 0) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
