/**
 * Runs the examples in the documentation, and then the tests, some folders at a time.
 *
 * ```text
 * deno task test
 * ```
 *
 * Each group of folders is a run of `deno test`, a process of its own. Deno keeps the memory of test files that have
 * ended if they ended workers that had just begun, and Linux starts no process for one whose address space is too
 * large: each file has a shared heap, for which 4 GiB are reserved. Tests of one folder need no script:
 * `deno test --allow-all tests/pool`.
 *
 * @module
 */

import { ROOT, sourceFiles } from "./source_files.ts";

/** How many test files a group has about. */
const GROUP_FILES = 20;

/** Returns the folders with tests, in groups. */
async function groups(): Promise<string[][]> {
  const folders = await Array.fromAsync(Deno.readDir(new URL("tests/", ROOT)));
  const all: string[][] = [];
  let count = Infinity;
  for (const name of folders.map(({ name }) => name).toSorted()) {
    const files = await sourceFiles(`tests/${name}`);
    const { length } = files.filter((path) => path.endsWith("_test.ts"));
    if (length === 0) continue;
    if (count + length > GROUP_FILES) {
      all.push([]);
      count = 0;
    }
    all.at(-1)!.push(`tests/${name}`);
    count += length;
  }
  return all;
}

/** Runs `deno test`. Returns whether all tests pass. */
async function passes(args: string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...args],
    cwd: ROOT,
  });
  return (await command.spawn().status).success;
}

async function main(): Promise<void> {
  const { test } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  // The option replaces the list of the configuration.
  const ignored = ["tests", ...test.exclude].join();
  const runs = [["--doc", `--ignore=${ignored}`], ...await groups()];
  const failed: string[] = [];
  for (const args of runs) {
    console.log(`deno test ${args.join(" ")}`);
    if (!await passes(args)) failed.push(args.join(" "));
  }
  if (failed.length === 0) return;
  console.error(`Tests failed in:\n${failed.join("\n")}`);
  Deno.exit(1);
}

if (import.meta.main) await main();
