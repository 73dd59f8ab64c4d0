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

import { delay } from "@std/async";
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

/** The line of `deno test` after which come the errors, and then the names of the tests that failed. */
const ERRORS = " ERRORS ";

/** What `deno test` did: whether all tests pass, and what it printed of those that do not. */
interface Outcome {
  readonly success: boolean;
  readonly errors: string;
}

/** How long to read on after `deno test` has ended, in milliseconds: a process that a test left may hold its output. */
const REST_MS = 1000;

/** Runs `deno test`, and prints what it prints. */
async function runTests(args: string[]): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...args],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const encoder = new TextEncoder();
  let errors = "";
  async function showAndKeep(): Promise<void> {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const bytes = encoder.encode(part.value);
      for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
      errors += part.value;
      const start = errors.indexOf(ERRORS);
      // Without the line, its beginning may be at the end.
      errors = start < 0 ? errors.slice(-ERRORS.length) : errors.slice(start);
    }
  }
  const output = showAndKeep();
  const { success } = await child.status;
  await Promise.race([output, delay(REST_MS)]);
  await reader.cancel();
  return { success, errors: errors.startsWith(ERRORS) ? errors : "" };
}

async function main(): Promise<void> {
  const { test } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  // The option replaces the list of the configuration.
  const ignored = ["tests", ...test.exclude].join();
  const runs = [["--doc", `--ignore=${ignored}`], ...await groups()];
  const failed: string[] = [];
  for (const args of runs) {
    console.log(`deno test ${args.join(" ")}`);
    const { success, errors } = await runTests(args);
    if (!success) failed.push(`Tests failed in ${args.join(" ")}\n${errors}`);
  }
  if (failed.length === 0) return;
  // Once more at the end: the log is long, and often only its end is shown.
  console.error(failed.join("\n"));
  Deno.exit(1);
}

if (import.meta.main) await main();
