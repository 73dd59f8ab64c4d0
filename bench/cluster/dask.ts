/**
 * dask.distributed as a contender: a Python program with a cluster of two processes.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** A running Python with a cluster of dask. */
export class DaskPeer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncIterator<string>;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    // deno-lint-ignore no-explicit-any -- the types of Deno's and Node's web streams differ
    const output = Readable.fromWeb(process.stdout as any);
    this.#answers = createInterface({ input: output })[Symbol.asyncIterator]();
  }

  /** Starts Python. Returns `undefined` if there is none, or it lacks dask.distributed. */
  static async start(python: string): Promise<DaskPeer | undefined> {
    try {
      const test = "import distributed; print(distributed.__version__)";
      const { success, stdout } = await new Deno.Command(python, { args: ["-c", test] }).output();
      if (!success) return undefined;
      console.log(`dask.distributed ${new TextDecoder().decode(stdout).trim()}`);
    } catch {
      return undefined;
    }
    const script = new URL("dask_peer.py", import.meta.url).pathname;
    return new DaskPeer(
      new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" }).spawn(),
    );
  }

  /** Returns the time of a scenario of the script, in microseconds. */
  async timeOf(scenario: string, size: number): Promise<number> {
    await this.#input.write(new TextEncoder().encode(`${scenario} ${size}\n`));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("Python has ended");
    return Number(value);
  }

  /** Ends Python. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }
}
