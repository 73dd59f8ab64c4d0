/**
 * The modules of a program travel to a machine that has none of its files: packed by the caller, unpacked
 * by a node, which imports them from there.
 *
 * - The modules in files are packed, in one array of bytes: {@linkcode packProgram}. Those of npm, JSR
 *   and the web are loaded by the node's Deno.
 * - The package itself does not travel: {@linkcode UnpackedProgram.denoArgs} name a `deno.json` whose
 *   import map leads each import of it to the node's own copy.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { wrongType } from "../arguments/values.ts";
import {
  isPlainPath,
  MAX_MODULES,
  MAX_PROGRAM_BYTES,
  optionsOf,
  type ProgramHeader,
  readArchive,
  sha256,
  writeArchive,
} from "./sources_archive.ts";
import { graphOf, type ProgramGraph, read } from "./sources_graph.ts";
import { configOf, mapOf, MODULES, storedPath } from "./sources_map.ts";
import { ownPathOf, ownRoot, urlOfOwn } from "./sources_own.ts";

/** What names begin with while their contents are not complete. */
const UNFINISHED = "unfinished-";
/** Nobody unpacks for so long, in milliseconds. */
const OLD_MS = 3_600_000;

/** The modules of a program, packed. */
export interface PackedProgram {
  /** The SHA-256 of the bytes, in hex. */
  readonly hash: string;
  /** What {@linkcode unpackProgram} takes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Packs the modules in files that a module needs, itself included.
 *
 * - Imports that are static, dynamic imports of literals, and imports of JSON, text and bytes are followed.
 *   A dynamic import of a file that does not exist, or does not parse, is left out.
 * - The same program at the same place gives the same bytes.
 * - Names lead where they led for the caller: by `imports`, `scopes`, `importMap`, `links` and workspaces of
 *   `deno.json`, or by `package.json`.
 *
 * @param module the `file:` URL of a module
 *
 * @throws {TypeError} if `module` is not a `file:` URL
 * @throws {Deno.errors.NotCapable} if this program may not run Deno, or read the modules
 * @throws {Deno.errors.NotFound} if a module does not exist
 * @throws {SyntaxError} if a module does not parse
 * @throws {RangeError} if the program is too large
 */
export async function packProgram(module: string): Promise<PackedProgram> {
  const url = typeof module === "string" ? URL.parse(module) : null;
  if (url?.protocol !== "file:") {
    throw wrongType("pack program", "module", "a file: URL", module);
  }
  url.search = url.hash = "";
  const graph = await graphOf(url);
  const root = rootOf(graph, url);
  const paths = graph.modules.map(({ url }) => url.slice(root.length));
  checkPaths(paths);
  const contents: Uint8Array[] = [];
  let length = 0;
  for (const { url } of graph.modules) {
    contents.push(await read(new URL(url), Deno.readFile));
    length += contents.at(-1)!.length;
    if (length > MAX_PROGRAM_BYTES) break; // which is refused
  }
  const header: ProgramHeader = {
    root,
    own: ownRoot,
    modules: contents.map(({ length }, at) => [paths[at], length]),
    ...await mapOf(graph, root),
    options: optionsOf(graph.config),
  };
  const bytes = await writeArchive(header, contents);
  return { hash: await sha256(bytes), bytes };
}

function checkPaths(paths: readonly string[]): void {
  const bad = paths.find((path) => !isPlainPath(path));
  if (bad !== undefined) {
    throw new RangeError(
      `Cannot pack program: ${
        JSON.stringify(bad)
      } is not a name that each system has. Rename the file`,
    );
  }
  if (paths.length > MAX_MODULES) {
    throw new RangeError(
      `Cannot pack program: it has ${paths.length} modules, and at most ${MAX_MODULES} are sent. ` +
        "Bundle them",
    );
  }
}

/**
 * Returns the deepest folder that has all modules, the `deno.json`, and the package if a module names it by a
 * path: so a relative import leads to the same place below it.
 */
function rootOf({ modules, configUrl }: ProgramGraph, main: URL): string {
  const urls = [main.href, ...modules.map(({ url }) => url)];
  if (configUrl !== undefined) urls.push(configUrl);
  const usesFiles = modules.some(({ dependencies }) =>
    dependencies.some(({ target }) =>
      target?.startsWith("file:") && ownPathOf(target) !== undefined
    )
  );
  if (usesFiles && ownRoot.startsWith("file:")) urls.push(ownRoot);
  let root = new URL(".", urls[0]).href;
  while (!urls.every((url) => url.startsWith(root))) root = new URL("..", root).href;
  return root;
}

/** A program that was unpacked. */
export interface UnpackedProgram {
  /** Arguments of `deno run` with which the imports of its modules are found. */
  readonly denoArgs: readonly string[];
  /**
   * Returns where a module of the caller is.
   *
   * - For a module that was packed, the URL of its file here.
   * - For a module of the caller's copy of the package, the URL of the same one of this copy.
   * - For another module that is not in a file, its URL.
   * - For a file that was not packed, undefined.
   *
   * @param module a URL of the caller
   */
  urlOf(module: string): string | undefined;
}

/**
 * Unpacks a program into a folder of its own, named by its hash. If it is there already, it is used.
 *
 * The program appears as a whole: others that unpack the same one at the same time, or die meanwhile, leave
 * nothing half written. Needs the permissions to read and write `folder`.
 *
 * @param bytes those of {@linkcode PackedProgram}
 * @param folder where the programs are; it is created if it does not exist
 *
 * @throws {CorruptMessageError} if the bytes are not those of a program; nothing was written
 */
export async function unpackProgram(bytes: Uint8Array, folder: string): Promise<UnpackedProgram> {
  const { header, contents } = await readArchive(bytes);
  const home = join(resolve(folder), await sha256(bytes));
  if (!await exists(home)) {
    await appear(
      home,
      () => Deno.makeTempDir({ dir: folder, prefix: UNFINISHED }),
      async (unfinished) => {
        await writeModules(
          pathToFileURL(`${unfinished}/`).href + MODULES.slice(2),
          header,
          contents,
        );
      },
    );
  }
  // It names the modules of this copy of the package, and another copy may use the same folder.
  const text = configOf(header);
  const name = `deno.${(await sha256(new TextEncoder().encode(text))).slice(0, 16)}.json`;
  const config = join(home, name);
  if (!await exists(config)) {
    await appear(
      config,
      () => Deno.makeTempFile({ dir: home, prefix: UNFINISHED }),
      (unfinished) => Deno.writeTextFile(unfinished, text),
    );
  }
  const { root, own, modules } = header;
  const paths = new Set(modules.map(([path]) => path));
  const base = pathToFileURL(`${home}/`).href + MODULES.slice(2);
  return {
    denoArgs: [`--config=${config}`],
    urlOf(module) {
      const url = URL.parse(module);
      if (url === null) return;
      const [, file, query] = url.href.match(/^([^?#]*)(.*)$/s)!;
      const ownPath = ownPathOf(file, own);
      const ownUrl = ownPath === undefined ? undefined : urlOfOwn(ownPath, own);
      if (ownUrl !== undefined) return ownUrl;
      if (url.protocol !== "file:") return module;
      const path = file.startsWith(root) ? file.slice(root.length) : "";
      return paths.has(path) ? base + path + query : undefined;
    },
  };
}

/**
 * Removes what programs have left in a folder that ended while they unpacked. Others may unpack there meanwhile: what
 * is not old stays, and so does what cannot be removed.
 */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const { name, isDirectory } of await entriesOf(folder)) {
    const path = join(folder, name);
    if (name.startsWith(UNFINISHED)) {
      await removeIfOld(path);
    } else if (isDirectory) {
      const files = (await entriesOf(path)).filter(({ name }) => name.startsWith(UNFINISHED));
      for (const { name } of files) await removeIfOld(join(path, name));
    }
  }
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch {
    return []; // it is not there yet, or may not be read
  }
}

async function removeIfOld(path: string): Promise<void> {
  try {
    const { mtime } = await Deno.stat(path);
    if (mtime === null || Date.now() - mtime.getTime() < OLD_MS) return;
    await Deno.remove(path, { recursive: true });
  } catch {
    // Another node has removed it, or this one may not.
  }
}

/** Makes a file or folder under another name, and gives it its own when it is finished. */
async function appear(
  path: string,
  make: () => Promise<string>,
  fill: (unfinished: string) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  const unfinished = await make();
  try {
    await fill(unfinished);
    await Deno.rename(unfinished, path);
  } catch (error) {
    await Deno.remove(unfinished, { recursive: true });
    if (!await exists(path)) throw error; // otherwise another one was faster
  }
}

async function writeModules(
  base: string,
  { modules }: ProgramHeader,
  contents: readonly Uint8Array[],
): Promise<void> {
  const made = new Set<string>();
  for (const [at, [path]] of modules.entries()) {
    const file = fileURLToPath(new URL(storedPath(path), base));
    const parent = join(file, "..");
    if (!made.has(parent)) await Deno.mkdir(parent, { recursive: true });
    made.add(parent);
    await Deno.writeFile(file, contents[at], { createNew: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
