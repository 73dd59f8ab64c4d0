/**
 * Type-checks every TypeScript file of the repository, entries or not. The entries of workers name
 * their own global scope (`/// <reference lib="deno.worker" />`), and references are global to a
 * check, so these files are checked apart from the rest.
 *
 * @module
 */
import { ROOT, sourceFiles } from "./source_files.ts";

const FOLDERS = ["lib", "workers", "examples", "tests", "bench", "scripts"];

/** Runs `deno check` on the files, shows what it prints, and tells whether it found nothing. */
async function check(files: string[]): Promise<boolean> {
  if (files.length === 0) return true;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    cwd: ROOT,
  });
  const { success, stderr } = await command.output();
  await Deno.stderr.write(stderr);
  return success;
}

const files = ["mod.ts", ...await sourceFiles(...FOLDERS)];
const sources = await Promise.all(files.map((path) => Deno.readTextFile(new URL(path, ROOT))));
const { entries = [], others = [] } = Object.groupBy(
  files,
  (_, i) => /^\/\/\/ <reference lib="deno\.worker"/m.test(sources[i]) ? "entries" : "others",
);
const results = [await check(others), await check(entries)];
if (results.includes(false)) Deno.exit(1);
console.log(`Checked the types of ${files.length} files`);
