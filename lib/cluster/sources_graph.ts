/**
 * The modules that a module needs, as `deno info` finds them.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ownPathOf } from "./sources_own.ts";

/** An import of a module. */
export interface Dependency {
  /** As it is written in the source. */
  readonly specifier: string;
  /** The URL that it leads to; undefined if nothing is known of it. */
  readonly target: string | undefined;
}

/** A module of the program, in a file. */
export interface ProgramModule {
  /** Its URL, without a query. */
  readonly url: string;
  readonly dependencies: readonly Dependency[];
}

/** The modules of a program, and what its `deno.json` says. */
export interface ProgramGraph {
  /** In order of their URLs, each once. The package's own are not among them. */
  readonly modules: readonly ProgramModule[];
  /** The URL of the `deno.json` that applies; undefined if there is none. */
  readonly configUrl: string | undefined;
  /** What is in it. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What is read of the output of `deno info --json`. */
interface Info {
  modules: InfoModule[];
  redirects: Record<string, string>;
}

interface InfoModule {
  specifier: string;
  error?: string;
  dependencies?: {
    specifier: string;
    code?: { specifier?: string; error?: string };
    isDynamic?: boolean;
  }[];
}

/**
 * Returns the modules in files that a module needs, itself included.
 *
 * @throws {Deno.errors.NotCapable} if this program may not run Deno, or read the modules
 * @throws {Deno.errors.NotFound} if a module does not exist
 * @throws {SyntaxError} if a module does not parse
 */
export async function graphOf(module: URL): Promise<ProgramGraph> {
  const { href } = module;
  const folder = dirname(fileURLToPath(href));
  const { path: configPath } = await nearest(folder, ["deno.json", "deno.jsonc"]);
  // Deno finds the names of a package.json only if it may ask the registry of npm.
  const { isAbsent } = await nearest(folder, ["package.json"]);
  const npm = isAbsent ? ["--no-npm"] : [];
  const config = configPath === undefined ? [] : [`--config=${configPath}`];
  const info = await runInfo(
    ["--no-remote", "--no-lock", "--node-modules-dir=none", ...npm, ...config, href],
    folder,
    href,
  );
  return {
    modules: reachable(info, href),
    configUrl: configPath === undefined ? undefined : pathToFileURL(configPath).href,
    config: configPath === undefined ? {} : parseJsonc(await read(configPath, Deno.readTextFile)),
  };
}

/**
 * Looks for the first of these files in a folder and those above it, as far as this program may read them.
 * Deno itself, which may read all, looks for them too.
 */
async function nearest(
  folder: string,
  names: readonly string[],
): Promise<{ path?: string; isAbsent: boolean }> {
  let isAbsent = true;
  for (let above = folder;; above = dirname(above)) {
    for (const name of names) {
      const path = resolve(above, name);
      try {
        if ((await Deno.stat(path)).isFile) return { path, isAbsent: false };
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) isAbsent = false;
      }
    }
    if (above === dirname(above)) return { isAbsent };
  }
}

/**
 * Reads a file by a function of Deno.
 *
 * @throws {Deno.errors.NotCapable} if this program may not read it
 */
export async function read<T>(
  path: string | URL,
  reader: (path: string | URL) => Promise<T>,
): Promise<T> {
  try {
    return await reader(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    const shown = typeof path === "string" ? path : fileURLToPath(path);
    throw new Deno.errors.NotCapable(
      `Cannot pack program: it reads ${shown}, which needs --allow-read. Run the program with it, ` +
        "or name functions by https: or jsr: modules, which nodes load themselves",
      { cause },
    );
  }
}

/** Why "deno info" may fail where "deno run" does not. */
const SEES_NO_CONFIG = "It knows the deno.json beside the program, and no --config of deno run";

async function runInfo(args: string[], cwd: string, module: string): Promise<Info> {
  if (Deno.build.standalone) {
    throw new Deno.errors.NotSupported(
      "Cannot pack program: a program made by deno compile cannot start Deno again, which finds " +
        "its modules. Name functions by https: or jsr: modules, which nodes load themselves",
    );
  }
  const command = Deno.execPath();
  if (Deno.permissions.querySync({ name: "run", command }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Cannot pack program: its modules are found by "deno info", which needs --allow-run=${command}. ` +
        "Run the program with it, or name functions by https: or jsr: modules, which nodes load themselves",
    );
  }
  const output = await new Deno.Command(command, {
    args: ["info", "--json", ...args],
    cwd: await exists(cwd) ? cwd : undefined,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (output.success) return JSON.parse(text.decode(output.stdout));
  const said = text.decode(output.stderr).trim().replace(/^error: /, "");
  throw new Error(
    `Cannot pack program: "deno info" finds no modules of ${module}: ${said}. ` +
      `Fix what it says. ${SEES_NO_CONFIG}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Returns the modules in files that are reached from a module by what runs, without types. */
function reachable(info: Info, from: string): ProgramModule[] {
  const byUrl = new Map(info.modules.map((module) => [module.specifier, module]));
  const found = new Map<string, ProgramModule>();
  const seen = new Set<string>();
  // What the program cannot do without comes first, because its errors are those of the program.
  const queues: string[][] = [[from], []];
  const importers = new Map<string, string>();
  for (const [at, queue] of queues.entries()) {
    for (const url of queue) {
      if (seen.has(url) || !url.startsWith("file:") || ownPathOf(url) !== undefined) continue;
      seen.add(url);
      const module = byUrl.get(url) ?? byUrl.get(info.redirects[url]);
      if (module === undefined || module.error !== undefined) {
        if (at > 0) continue; // an import that the program may do without
        throw cannotLoad(url, module?.error, importers.get(url));
      }
      const dependencies: Dependency[] = [];
      for (const { specifier, code, isDynamic = false } of module.dependencies ?? []) {
        if (code?.error !== undefined && at === 0 && !isDynamic) {
          throw cannotLoad(specifier, code.error, url);
        }
        const target = code?.specifier;
        if (target === undefined) continue;
        dependencies.push({ specifier, target });
        importers.set(target, importers.get(target) ?? url);
        queues[isDynamic ? 1 : at].push(target);
      }
      const file = url.replace(/[?#].*$/s, "");
      found.set(file, { url: file, dependencies });
    }
  }
  return [...found.values()].sort((a, b) => a.url < b.url ? -1 : 1);
}

function cannotLoad(module: string, error = "it was not found", importer?: string): Error {
  const which = importer === undefined ? module : `${module}, which ${importer} imports,`;
  const state = error.replace(/\.$/, "");
  if (error.startsWith("SyntaxError: ")) {
    return new SyntaxError(
      `Cannot pack program: ${which} does not parse: ${error.slice("SyntaxError: ".length)}\n` +
        "Fix its syntax",
    );
  }
  if (error.startsWith("Module not found")) {
    return new Deno.errors.NotFound(
      `Cannot pack program: ${which} does not exist. Fix the path, or restore the file`,
    );
  }
  return new Error(
    `Cannot pack program: ${which} cannot be loaded: ${state}. ` +
      `Fix what it says. ${SEES_NO_CONFIG}`,
  );
}

/** Parses JSON that may have comments and commas before closing brackets. */
export function parseJsonc(text: string): Readonly<Record<string, unknown>> {
  const without = (pattern: string, text: string) =>
    text.replace(new RegExp(String.raw`("(?:[^"\\]|\\.)*")|` + pattern, "g"), "$1");
  const plain = without(String.raw`\/\/[^\n]*|\/\*[^]*?\*\/`, text.replace(/^\uFEFF/, ""));
  return JSON.parse(without(String.raw`,(?=\s*[}\]])`, plain));
}
