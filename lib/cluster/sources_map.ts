/**
 * Import maps: of the caller's program when it is packed, and of the unpacked one.
 *
 * What `deno info` found for each import goes into the map, so that links, workspaces and `package.json`
 * need not be there on the node. The entries of `deno.json` are for imports that nothing could foresee.
 *
 * @module
 */
import { isEntry, isObject, type ProgramHeader, type Targets } from "./sources_archive.ts";
import { parseJsonc, type ProgramGraph, read } from "./sources_graph.ts";
import {
  EXPORTS,
  jsrExportOf,
  ownPathOf,
  ownPaths,
  PACKAGE,
  urlOfExport,
  urlOfOwn,
} from "./sources_own.ts";

/** The folder of an unpacked program that has its modules, as in the import map. */
export const MODULES = "./modules/";

/** The targets of a program, and those of its scopes. */
export interface ProgramMap {
  readonly imports: Targets;
  readonly scopes: Readonly<Record<string, Targets>>;
}

/**
 * Returns the import map of a program.
 *
 * @param root the folder of the modules
 */
export async function mapOf(graph: ProgramGraph, root: string): Promise<ProgramMap> {
  const packed = new Set(graph.modules.map(({ url }) => url));
  const imports: Record<string, string> = {};
  const scopes: Record<string, Record<string, string>> = {};
  const keyOf = (key: string, base: string) => relativeTo(root, resolveKey(key, base));
  const add = (into: Record<string, string>, key: string, target: string) => {
    for (const [name, value] of expand(key, target)) {
      if (isEntry(name, value) && !isOwnByName(name)) into[name] ??= value;
    }
  };
  const addAll = (into: Record<string, string>, from: unknown, base: string) => {
    if (!isObject(from)) return;
    for (const [key, value] of Object.entries(from)) {
      if (typeof value !== "string") continue;
      const target = targetOf(resolveKey(value, base), root, packed);
      if (target !== undefined) add(into, keyOf(key, base), target);
    }
  };

  const { map, base } = await declaredMap(graph);
  addAll(imports, map.imports, base);
  for (const [scope, targets] of Object.entries(isObject(map.scopes) ? map.scopes : {})) {
    addAll(scopes[keyOf(scope, base)] ??= {}, targets, base);
  }
  for (const { url, dependencies } of graph.modules) {
    for (const { specifier, target: found } of dependencies) {
      const key = keyOf(specifier, url);
      const target = found === undefined ? undefined : targetOf(found, root, packed);
      if (target === undefined || !isEntry(key, target) || isOwnByName(specifier)) continue;
      if (target === key) continue;
      if (imports[key] === undefined) imports[key] = target;
      else if (imports[key] !== target) (scopes[relativeTo(root, url)] ??= {})[key] = target;
    }
  }
  for (const scope of Object.keys(scopes)) scopes[scope] = sorted(scopes[scope]);
  return { imports: sorted(imports), scopes: sorted(scopes) };
}

/** Returns the import map that a `deno.json` has or names, and its URL. */
async function declaredMap({ config, configUrl = "" }: ProgramGraph) {
  const { importMap } = config;
  if (typeof importMap !== "string" || "imports" in config) return { map: config, base: configUrl };
  const base = new URL(importMap, configUrl).href;
  if (!base.startsWith("file:")) return { map: {}, base };
  return { map: parseJsonc(await read(new URL(base), Deno.readTextFile)), base };
}

/** Returns whether this is a name that leads to the package on each node. */
function isOwnByName(specifier: string): boolean {
  const name = specifier.slice(PACKAGE.length);
  return specifier.startsWith(PACKAGE) && EXPORTS[name] !== undefined;
}

/** Returns a key or target of an import map as a URL, if it is a relative path or a URL. */
function resolveKey(key: string, base: string): string {
  const isUrlLike = /^(\.{0,2}\/|file:|https?:)/.test(key);
  return isUrlLike && base !== "" ? URL.parse(key, base)?.href ?? key : key;
}

/** Returns a URL relative to the root, if it is below it. */
function relativeTo(root: string, url: string): string {
  return url.startsWith(root) ? `./${url.slice(root.length)}` : url;
}

/** Returns the target of a program for a URL; undefined if the program does not bring it. */
function targetOf(url: string, root: string, packed: ReadonlySet<string>): string | undefined {
  const name = jsrExportOf(url);
  if (name !== undefined && EXPORTS[name] !== undefined) return `own:${EXPORTS[name]}`;
  const ownPath = ownPathOf(url);
  if (ownPath !== undefined) return `own:${ownPath}`;
  if (!url.startsWith("file:")) return /^(npm|jsr|node|https?|data):/.test(url) ? url : undefined;
  const file = url.replace(/[?#].*$/s, "");
  return packed.has(file) || file.endsWith("/") && file.startsWith(root)
    ? relativeTo(root, file)
    : undefined;
}

/** Returns an entry with those that `deno.json` adds for the other exports of a package. */
function expand(key: string, target: string): [string, string][] {
  if (/^(\.{0,2}\/|[a-z]+:)/.test(key)) return [[key, target]];
  const entries: [string, string][] = [[key, target]];
  const [, kind, name] = target.match(/^(npm|jsr):\/?(.+)$/) ?? [];
  const isJsrOwn = jsrExportOf(target) === "/"; // a prefix of the package's exports
  if (isJsrOwn) {
    return Object.entries(EXPORTS).filter(([name]) => name !== "")
      .map(([name, path]) => [key + name.slice(1), `own:${path}`]);
  }
  if (kind !== undefined && !key.endsWith("/") && !name.endsWith("/")) {
    entries.push([`${key}/`, `${kind}:/${name}/`]);
  }
  if (target === `own:${EXPORTS[""]}`) {
    for (const [name, path] of Object.entries(EXPORTS)) entries.push([key + name, `own:${path}`]);
  }
  return entries;
}

function sorted<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Returns what the `deno.json` of an unpacked program contains, as text. */
export function configOf({ root, own, modules, imports, scopes, options }: ProgramHeader): string {
  const top: Record<string, string> = {};
  const inside: Record<string, string> = {};
  for (const [path] of modules) {
    const stored = MODULES + storedPath(path);
    inside[root + path] = stored; // imported by the caller's URL
    if (stored !== MODULES + path) inside[MODULES + path] = stored;
  }
  const place = (targets: Targets, anywhere: Record<string, string>) => {
    for (const [key, value] of Object.entries(targets)) {
      const target = value.startsWith("own:") ? urlOfOwn(value.slice(4), own) : placed(value);
      if (target === undefined) continue;
      if (!key.startsWith("./") && !key.startsWith("file:")) anywhere[key] = target;
      else inside[placed(key)] = target; // so that it holds for no module of the node
    }
  };
  const placedScopes: Record<string, Record<string, string>> = {};
  place(imports, top);
  for (const [scope, targets] of Object.entries(scopes)) {
    const into = scope === "./" ? inside : placedScopes[placed(scope)] ??= {};
    place(targets, into);
  }
  for (const name of Object.keys(EXPORTS)) {
    top[PACKAGE + name] = urlOfExport(name);
    top[`jsr:${PACKAGE}${name}`] = urlOfExport(name);
  }
  for (const path of ownPaths(own)) {
    const url = urlOfOwn(path, own)!;
    inside[own + path] = url;
    if (own.startsWith(root)) inside[placed(relativeTo(root, own + path))] = url;
  }
  return JSON.stringify({
    workspace: [], // whatever its name, Deno looks for no deno.json in the folders above
    lock: false,
    nodeModulesDir: "none",
    ...options,
    imports: top,
    scopes: { [MODULES]: inside, ...placedScopes },
  });
}

/**
 * Returns where a module is stored, below the folder of the unpacked modules. One that is a configuration of Deno,
 * which a program may import for its version, would be taken for that of the modules around it.
 */
export function storedPath(path: string): string {
  return path.replace(/(?<=^|\/)(deno|package)(\.jsonc?)$/, "$1.imported$2");
}

/** Returns a path below the root of the program as one in the folder of the unpacked program. */
function placed(path: string): string {
  return path.startsWith("./") ? MODULES + path.slice(2) : path;
}
