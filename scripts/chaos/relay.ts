/**
 * A relay between programs and a server, whose connections can be cut.
 *
 * @module
 */

/** Listens on a port of its own, and passes on what comes. */
export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  readonly #connections = new Set<Deno.TcpConn>();
  #isCut = false;
  readonly #accepting: Promise<void>;

  /** Begins to pass on to a port of this machine. */
  constructor(target: number) {
    this.#target = target;
    this.#accepting = this.#accept();
  }

  /** The port that it listens on. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Cuts all connections, and lets no others through until it is healed. */
  cut(): void {
    this.#isCut = true;
    for (const connection of [...this.#connections]) this.#close(connection);
  }

  /** Lets connections through again. */
  heal(): void {
    this.#isCut = false;
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.#isCut) near.close();
      else void this.#pass(near);
    }
  }

  async #pass(near: Deno.TcpConn): Promise<void> {
    this.#connections.add(near);
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    } catch {
      return this.#close(near); // the server is not there
    }
    this.#connections.add(far);
    if (this.#isCut) this.#close(near);
    const ends = [near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)];
    await Promise.allSettled(ends.map((end) => end.finally(() => [near, far].map(this.#close))));
  }

  readonly #close = (connection: Deno.TcpConn): void => {
    this.#connections.delete(connection);
    try {
      connection.close();
    } catch {
      // it is closed
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#listener.close();
    await this.#accepting;
  }
}
