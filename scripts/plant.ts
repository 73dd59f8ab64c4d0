/**
 * Plants random bugs in `lib/`, one at a time, and runs the tests of the folder that mirrors it: a bug that
 * no test notices shows a test that is missing, or makes no difference.
 *
 * ```text
 * deno task plant [--seed 1] [--count 20] [--folder channels] [--list]
 * ```
 *
 * It works on a copy of the checkout in a temporary folder. `--list` only prints the bugs. A bug that no
 * test finds may still be refused by the compiler, as `deno task ok` would see: these are counted apart.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type Bug, bugsIn } from "./plant/bugs.ts";
import { readScriptOptions } from "./script_options.ts";
import { ROOT, sourceFiles } from "./source_files.ts";
import { Random } from "./stress/random.ts";

/** How long the tests of a folder may take, in milliseconds: a bug may make them hang. */
const TIME_LIMIT_MS = 10 * 60_000;

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

/** Returns whether a test in the copy notices the bug that it has in the file. */
async function isNoticed(copy: string, path: string): Promise<boolean> {
  const folders = foldersOf(path);
  const namesakes = await namesakesOf(path, folders);
  for (const tests of [namesakes, folders, COMMON_TESTS]) {
    if (tests.length > 0 && !await passes(copy, tests)) return true;
  }
  return false;
}

/** Runs tests, given by their paths below `tests/`. Returns whether they pass. */
async function passes(root: string, names: string[]): Promise<boolean> {
  const tests = names.map((name) => `tests/${name}`);
  const existing = [];
  for (const test of tests) if (await exists(`${root}/${test}`)) existing.push(test);
  if (existing.length === 0) return true; // Deno would run all tests
  return await succeeds(root, ["test", "--allow-all", "--no-check", "--fail-fast", ...existing]);
}

/** Runs Deno in a folder. Returns whether it succeeds. */
async function succeeds(cwd: string, args: string[]): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  });
  return (await command.output()).success;
}

/** What finds a bug. */
type Finder = "a test" | "the compiler" | "nothing";

/** Returns what finds the bug that a file in the copy has. */
async function finderOf(copy: string, path: string): Promise<Finder> {
  if (await isNoticed(copy, path)) return "a test";
  return await succeeds(copy, ["check", path]) ? "nothing" : "the compiler";
}

/** How a line begins, by what has found the bug. */
const verdicts: Readonly<Record<Finder, string>> = {
  "a test": "found    ",
  "the compiler": "refused  ",
  "nothing": "NOT found",
};

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
  const found: Record<Finder, number> = { "a test": 0, "the compiler": 0, "nothing": 0 };
  try {
    for (const bug of bugs) {
      const file = `${copy}/${bug.path}`;
      const text = await Deno.readTextFile(file);
      await Deno.writeTextFile(file, text.slice(0, bug.from) + bug.text + text.slice(bug.to));
      const finder = await finderOf(copy, bug.path);
      await Deno.writeTextFile(file, text);
      found[finder]++;
      console.log(`${verdicts[finder]} ${describe(bug)}`);
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
  const [byTests, byTypes] = [found["a test"], found["the compiler"]];
  console.log(
    `${byTests} of ${bugs.length} were found by tests, ${byTypes} refused by the compiler`,
  );
}

if (import.meta.main) await main();
