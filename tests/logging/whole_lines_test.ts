/**
 * No two workers mix their lines, however long these are. That is how Deno's `console` and streams
 * behave; the logger and the tags rely on it, and so may users (D6 of the tutorials, without a lock).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { GUARD_MS } from "../fixtures/guarded.ts";
import { linesOf } from "../fixtures/programs.ts";

const ROOT = new URL("../../", import.meta.url);
const WORKERS = 4;
/** Far more than the capacity of a pipe (64 KiB on Linux) and than its atomic writes (4 KiB). */
const LENGTH = 200_000;
const TIMES = 40;

/** Returns what the workers print to a pipe. */
async function printed(how: string): Promise<string[]> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-read", "tests/fixtures/whole_lines.ts"],
      ...[how, String(LENGTH), String(TIMES)],
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await deadline(child.output(), GUARD_MS);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0);
  return linesOf(text(stdout) + text(stderr));
}

const prefixes: Record<string, (letter: string) => string> = {
  "console.log": () => "",
  "console.error": () => "",
  "Deno.stdout": () => "",
  "Deno.stderr": () => "",
  getLogger: (letter) => `[ERROR/${letter}] `,
  tagOutput: (letter) => `[${letter}] `,
};
for (const [how, prefix] of Object.entries(prefixes)) {
  Deno.test(`${how} in several workers writes whole lines`, async () => {
    const lines = await printed(how);
    assertEquals(lines.length, WORKERS * TIMES);
    for (const line of lines) {
      const letter = line.at(-1)!;
      assert(line === prefix(letter) + letter.repeat(LENGTH), "a line is mixed or cut");
    }
  });
}
