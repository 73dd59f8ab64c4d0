/**
 * Which modules are the package's own: a program that travels leaves the caller's copy behind, and
 * uses that of the node. Two copies in a process do not know each other's locks and tasks.
 *
 * @module
 */
import { isBuilt, ownModules } from "../runtime/module_urls.ts";

/** The name of the package. */
export const PACKAGE = "@sauropod/multiprocessing";

/** The source of each export of the package, as in `deno.json`. */
export const EXPORTS: Readonly<Record<string, string>> = {
  "": "mod.ts",
  "/cluster": "lib/cluster/mod.ts",
  "/dummy": "lib/dummy/mod.ts",
  "/futures": "lib/futures/mod.ts",
  "/joblib": "lib/joblib/mod.ts",
  "/loops": "lib/loops/mod.ts",
  "/ndarray": "lib/ndarray/mod.ts",
  "/node": "lib/cluster/node_program.ts",
  "/progress": "lib/progress/mod.ts",
  "/random": "lib/random/mod.ts",
  "/sharedmem": "lib/sharedmem/mod.ts",
  "/threading": "lib/threading/mod.ts",
};

/** The URL of the folder of this copy of the package: that of the repository, or of the build. */
export const ownRoot: string = isBuilt ? ownModules : new URL("../", ownModules).href;

/** What else is below the root of a repository, examples and tests for instance, is of a program. */
const OWN = /^(mod\.ts$|lib\/|workers\/|entries\/|dist\/)/;
/** Folders of modules that have no export, and are the same in two copies of the sources. */
const INTERNAL = ["lib/", "workers/"];

/** Returns the path of a module of a copy of the package, or undefined if it is not one. */
export function ownPathOf(url: string, root: string = ownRoot): string | undefined {
  if (!url.startsWith(root)) return;
  const path = url.slice(root.length).replace(/[?#].*$/s, "");
  return isBuild(root) || OWN.test(path) ? path : undefined;
}

function isBuild(root: string): boolean {
  return root.endsWith("/dist/");
}

/**
 * Returns what follows the name of the package in a specifier of it at JSR, such as `/futures`; undefined
 * if this is not one.
 */
export function jsrExportOf(specifier: string): string | undefined {
  const match = specifier.match(/^jsr:\/?@sauropod\/multiprocessing(?:@[^/]*)?(\/.*)?$/);
  return match === null ? undefined : match[1] ?? "";
}

/**
 * Returns the paths that an export has in a copy of the package. The first is that of its source, which
 * names it also where the copy is a build.
 */
function pathsOf(name: string, root: string): string[] {
  const built = EXPORTS[name].replace(/\.ts$/, ".js");
  if (isBuild(root)) return [EXPORTS[name], built];
  return [EXPORTS[name], `dist/${built}`, `entries/${name.slice(1) || "mod"}.ts`];
}

/** Returns where this copy of the package has an export. */
export function urlOfExport(name: string): string {
  const source = EXPORTS[name];
  return ownRoot + (isBuilt ? source.replace(/\.ts$/, ".js") : source);
}

/**
 * Returns where this copy of the package has what another copy has at a path; undefined if it is not an
 * export, and one of the copies is a build.
 */
export function urlOfOwn(path: string, root: string): string | undefined {
  const name = Object.keys(EXPORTS).find((name) => pathsOf(name, root).includes(path));
  if (name !== undefined) return urlOfExport(name);
  const isInternal = !isBuilt && !isBuild(root) &&
    INTERNAL.some((folder) => path.startsWith(folder));
  return isInternal ? ownRoot + path : undefined;
}

/** Returns the paths of another copy of the package, modules and folders, that this copy has as well. */
export function ownPaths(root: string): string[] {
  const paths = Object.keys(EXPORTS).flatMap((name) => pathsOf(name, root));
  return [...paths, ...INTERNAL].filter((path) => urlOfOwn(path, root) !== undefined);
}
