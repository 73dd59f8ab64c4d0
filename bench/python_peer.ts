/**
 * Other languages as contenders: an operating system process that runs the same scenarios on request.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Contender } from "./measure.ts";

/** A Python program that measures. It reads lines with a scenario and a size, and prints times in microseconds. */
export interface PeerProgram {
  /** Prints what it needs, with versions; fails if that is not there. */
  readonly versions: string;
  readonly script: URL;
}

/** The loops, in numpy and numba. */
const LOOPS: PeerProgram = {
  versions: "import sys, numpy, numba; print('Python', sys.version.split()[0], " +
    "'numpy', numpy.__version__, 'numba', numba.__version__)",
  script: new URL("python/contender.py", import.meta.url),
};

/** A running program that measures on request. */
export class Peer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncIterator<string>;

  /** Starts a program, which prints a time in microseconds for each line with a scenario and a size. */
  constructor(program: string, args: readonly string[]) {
    // Idle threads of OpenMP would keep a core busy while others are measured.
    const env = { OMP_WAIT_POLICY: "passive" };
    this.#process = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    // deno-lint-ignore no-explicit-any -- the types of Deno's and Node's web streams differ
    const output = Readable.fromWeb(this.#process.stdout as any);
    this.#answers = createInterface({ input: output })[Symbol.asyncIterator]();
  }

  /** Starts Python. Returns `undefined` if there is none, or it lacks what the program needs. */
  static async start(
    python: string,
    { versions, script }: PeerProgram = LOOPS,
  ): Promise<Peer | undefined> {
    try {
      const { success, stdout } = await new Deno.Command(python, { args: ["-c", versions] })
        .output();
      if (!success) return undefined;
      console.log(new TextDecoder().decode(stdout).trim());
    } catch {
      return undefined;
    }
    return new Peer(python, [fileURLToPath(script)]);
  }

  /** Returns the time of the program's contender `name`, in microseconds. */
  async timeOf(name: string, size: number): Promise<number> {
    await this.#input.write(new TextEncoder().encode(`${name} ${size}\n`));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("The program has ended");
    return Number(value);
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }
}

/** Returns a contender that runs the script's `name`, or none if there is no Python. */
export function pythonContender(
  python: Peer | undefined,
  title: string,
  name: string,
  size: number,
): Contender[] {
  return python === undefined ? [] : [[title, () => python.timeOf(name, size)]];
}
