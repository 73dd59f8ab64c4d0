/**
 * Bundles the package for publishing: a program then loads a handful of modules, and so does each of
 * its workers, rather than a hundred and fifty.
 *
 * `dist/` gets a JavaScript module for each export and for the workers, what they share, and in
 * `dist/types` the declarations, which each module of an export names as its types.
 * `deno.build.json` is `deno.json` with these modules in place of the sources, for `--config`, and
 * `dist/deno.json` what Deno reads for a program beside a copy, whose one import finds all of them.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { declarationsOf, relativeOf, writeDeclarations } from "./declarations.ts";
import { ROOT } from "./source_files.ts";

const OUTPUT = "dist";
const TYPES = `${OUTPUT}/types`;
const CONFIG = "deno.build.json";

const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const exports = Object.entries<string>(config.exports);
const builtOf = (source: string) => source.replace("./", `./${OUTPUT}/`).replace(/\.ts$/, ".js");

await Deno.remove(new URL(OUTPUT, ROOT), { recursive: true }).catch(() => {});
await bundle([
  ...exports.map(([, source]) => source),
  "./workers/worker.ts",
  "./workers/process.ts",
  "./workers/signals.ts",
  "./lib/cluster/remote_chunk.ts",
]);
await writeDeclarations(exports.map(([, source]) => source.replace("./", "")), TYPES);
for (const [, source] of exports) await nameTypes(source);
await nameClasses();

config.exports = Object.fromEntries(exports.map(([name, source]) => [name, builtOf(source)]));
for (const [name, source] of exports) config.imports[config.name + name.slice(1)] = builtOf(source);
config.publish.exclude.push(`!${OUTPUT}`);
config.lock = false; // it is that of deno.json
await writeJson(CONFIG, config);

const { name, version } = config;
const entries = exports.map(([name, source]) => [name, builtOf(source).replace(`${OUTPUT}/`, "")]);
await writeJson(`${OUTPUT}/deno.json`, { name, version, exports: Object.fromEntries(entries) });

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(new URL(path, ROOT), JSON.stringify(value, null, 2));
}

/** Writes the modules into the folder, and what more than one of them uses into chunks. */
async function bundle(sources: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--code-splitting", "--external=npm:*", `--outdir=${OUTPUT}`, ...sources],
    cwd: ROOT,
  }).output();
  if (success) return;
  await Deno.stderr.write(stderr);
  Deno.exit(1);
}

/** Writes the name of the declarations into the module of an export. */
async function nameTypes(source: string): Promise<void> {
  const url = new URL(builtOf(source), ROOT);
  const types = relativeOf(builtOf(source), `${TYPES}/${declarationsOf(source)}`);
  const text = await Deno.readTextFile(url);
  await Deno.writeTextFile(url, `// @ts-self-types="${types}"\n${text}`);
}

/** Gives classes their names back: the bundler calls a class that mentions itself `_Name`. */
async function nameClasses(): Promise<void> {
  for (const path of await readdir(new URL(OUTPUT, ROOT), { recursive: true })) {
    if (!path.endsWith(".js")) continue;
    const url = new URL(`${OUTPUT}/${path}`, ROOT);
    const text = await Deno.readTextFile(url);
    const named = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
    if (named.length === 0) continue;
    const given = new RegExp(`\\b_(${named.join("|")})\\b`, "g");
    await Deno.writeTextFile(url, text.replace(given, "$1"));
  }
}
