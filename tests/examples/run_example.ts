/**
 * Runs an example as a user does: alone, in an operating system process, with the permissions of its help.
 *
 * @module
 */

import { readExamples } from "../../scripts/list_examples.ts";

/** The output and the exit code of a program. */
export interface Outcome {
  code: number;
  /** The lines on stdout. */
  lines: string[];
  /** The lines on stderr. */
  errors: string[];
}

const examples = await readExamples();

/** The root of the repository. */
export const ROOT = new URL("../../", import.meta.url);

/** Longer than any program takes that does not hang. */
const GUARD_MS = 300_000;

/** Returns the lines of the output of a program, each of which ends with a newline. */
export function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1);
}

/** Runs the example of this name. */
export function runExample(name: string, ...args: string[]): Promise<Outcome> {
  return runExampleWith([], name, ...args);
}

/** Runs the example of this name by `deno run` with additional flags. */
export async function runExampleWith(
  flags: string[],
  name: string,
  ...args: string[]
): Promise<Outcome> {
  const { path, permissions } = examples.find((example) => example.name === name)!;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, ...permissions, path, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const guard = setTimeout(() => child.kill("SIGKILL"), GUARD_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(guard);
  return { code, lines: linesOf(stdout), errors: linesOf(stderr) };
}

/** Makes a directory that is removed when the scope ends. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
