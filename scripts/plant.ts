/**
 * Plants random bugs in `lib/`, one at a time, and runs the tests of the folder that mirrors it: a bug that
 * no test notices shows a test that is missing, or makes no difference.
 *
 * ```text
 * deno task plant [--seed 1] [--count 20] [--folder channels] [--list]
 * ```
 *
 * It works on a copy of the checkout in a temporary folder. `--list` only prints the bugs. Counted apart are
 * bugs with which the tests take longer than the time limit: they hang, or the machine is busy; and bugs that
 * no test finds and the compiler refuses, as `deno task ok` would see.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type Bug, bugsIn } from "./plant/bugs.ts";
import { readScriptOptions } from "./script_options.ts";
import { ROOT, sourceFiles } from "./source_files.ts";
import { Random } from "./stress/random.ts";

/** How long the tests of a folder may take, in milliseconds: a bug may make them hang. */
const FOLDER_LIMIT_MS = 10 * 60_000;

/** The same for the tests that are named after a file. */
const NAMESAKES_LIMIT_MS = 2 * 60_000;

/** Folders and files whose tests are elsewhere as well, or only. */
const ALSO_TESTED_IN: Readonly<Record<string, readonly string[]>> = {
  runtime: ["process"],
  objects: ["heap", "channels"],
  "pool/engines/processes": ["agents"],
  "errors.ts": ["arguments", "codec/thrown_test.ts", "repo/error_messages_test.ts"],
};

/** Tests of all folders: of the checks of arguments, and of texts. Run for a bug that the others do not find. */
const COMMON_TESTS = [
  ...["repo/bad_input_test.ts", "repo/options_test.ts"],
  ...["repo/error_messages_test.ts", "repo/shown_test.ts"],
];

interface PlantedBug extends Bug {
  /** Path from the root, such as `lib/sync/lock.ts`. */
  path: string;
}

function exists(path: string | URL): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** Draws different bugs, each in a file that is drawn first. */
async function draw(random: Random, count: number, folder: string): Promise<PlantedBug[]> {
  const paths = (await sourceFiles(folder)).filter((path) => !path.endsWith("/mod.ts"));
  const drawn: PlantedBug[] = [];
  while (drawn.length < count) {
    const path = random.pick(paths);
    const isNew = ({ from, text }: Bug) =>
      !drawn.some((bug) => bug.path === path && bug.from === from && bug.text === text);
    const bugs = bugsIn(await Deno.readTextFile(new URL(path, ROOT))).filter(isNew);
    if (bugs.length > 0) drawn.push({ path, ...random.pick(bugs) });
  }
  return drawn;
}

function describe({ path, line, what }: PlantedBug): string {
  return `${path}:${line} ${what}`;
}

/** Copies what git knows, with the changes of the checkout. */
async function copyCheckout(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "plant-" });
  const root = fileURLToPath(ROOT);
  const { stdout } = await new Deno.Command("git", { args: ["ls-files", "-z"], cwd: root })
    .output();
  for (const file of new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "")) {
    const target = `${folder}/${file}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${root}/${file}`, target);
  }
  return folder;
}

/** Returns the folders with the tests that a bug in the file should be found by. */
function foldersOf(path: string): string[] {
  const others = Object.entries(ALSO_TESTED_IN).filter(([folder]) =>
    `${path}/`.startsWith(`lib/${folder}/`)
  );
  return [path.split("/")[1], ...others.flatMap(([, folders]) => folders)];
}

/** Returns the tests in these folders that are named after the file: they are the first to be run. */
async function namesakesOf(path: string, folders: string[]): Promise<string[]> {
  const name = path.split("/").at(-1)!.replace(/\.ts$/, "_");
  const tests: string[] = [];
  for (const folder of folders) {
    if (folder.endsWith(".ts") || !await exists(new URL(`tests/${folder}`, ROOT))) continue;
    for (const test of await sourceFiles(`tests/${folder}`)) {
      const file = test.split("/").at(-1)!;
      if (file.startsWith(name) && file.endsWith("_test.ts")) {
        tests.push(test.slice("tests/".length));
      }
    }
  }
  return tests;
}

/** What finds a bug. */
type Finder = "a test" | "the time limit" | "the compiler" | "nothing";

/** How a line begins, by what has found the bug. */
const verdicts: Readonly<Record<Finder, string>> = {
  "a test": "found    ",
  "the time limit": "hangs    ",
  "the compiler": "refused  ",
  "nothing": "NOT found",
};

/** Returns what finds the bug that a file in the copy has. */
async function finderOf(copy: string, path: string): Promise<Finder> {
  const folders = foldersOf(path);
  const namesakes = await namesakesOf(path, folders);
  for (const names of [namesakes, folders, COMMON_TESTS]) {
    const tests = [];
    for (const name of names) {
      if (await exists(`${copy}/tests/${name}`)) tests.push(`tests/${name}`);
    }
    if (tests.length === 0) continue; // Deno would run all tests
    const limitMs = names === namesakes ? NAMESAKES_LIMIT_MS : FOLDER_LIMIT_MS;
    const args = ["test", "--allow-all", "--no-check", "--fail-fast", ...tests];
    const end = await run(copy, args, limitMs);
    if (end !== "success") return end === "late" ? "the time limit" : "a test";
  }
  const end = await run(copy, ["check", path], FOLDER_LIMIT_MS);
  return end === "failure" ? "the compiler" : "nothing";
}

/** Runs Deno in a folder, within a time limit. */
async function run(
  cwd: string,
  args: string[],
  limitMs: number,
): Promise<"success" | "failure" | "late"> {
  const signal = AbortSignal.timeout(limitMs);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdout: "null",
    stderr: "null",
    signal,
  }).output();
  if (success) return "success";
  return signal.aborted ? "late" : "failure";
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task plant [--seed 1] [--count 20] [--folder channels] [--list]",
    ["seed", "count", "folder"],
    ["list"],
  );
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const folder = options.folder === undefined ? "lib" : `lib/${options.folder}`;
  const bugs = await draw(new Random(seed), Number(options.count ?? 20), folder);
  console.log(`seed ${seed}, ${bugs.length} bugs in ${folder}`);
  if (options.list) return bugs.forEach((bug) => console.log(describe(bug)));
  const copy = await copyCheckout();
  const found = new Map<Finder, number>();
  try {
    for (const bug of bugs) {
      const file = `${copy}/${bug.path}`;
      const text = await Deno.readTextFile(file);
      await Deno.writeTextFile(file, text.slice(0, bug.from) + bug.text + text.slice(bug.to));
      const finder = await finderOf(copy, bug.path);
      await Deno.writeTextFile(file, text);
      found.set(finder, (found.get(finder) ?? 0) + 1);
      console.log(`${verdicts[finder]} ${describe(bug)}`);
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  for (const [finder, count] of found) console.log(`${count} of ${bugs.length}: ${finder}`);
}

if (import.meta.main) await main();
