/**
 * Checks the structure of mod.ts, lib/ and workers/, prints each violation and exits with 1 if there is one.
 *
 * - Direction: every import that `deno info` sees, those of types included, goes to the same folder or to
 *   a lower layer.
 * - Names: the code of the lowest layers does not mention a class or type of a layer above.
 * - Primitives: a module that defines a type of shared objects is reached from the `mod.ts` of its folder,
 *   and the lists of what crosses take that `mod.ts` as a whole. So a new primitive is a file and a line.
 *
 * ```text
 * mod.ts         any folder of LAYERS; workers/ only by a dynamic import, which keeps it in the graph
 * workers/       any folder of lib/
 * lib/<adapter>  what lib/ may, and npm packages
 * lib/kernels    lower layers, and npm packages that may be missing
 * lib/<folder>   lower layers, its own folder
 * lib/errors.ts  nothing
 * ```
 *
 * Everyone may import `node:` built-ins, and lib/errors.ts. Files are named by a relative path and
 * packages by an inline `npm:`, because the import map is not there for those who import by URL.
 *
 * @module
 */
import { ROOT, sourceFiles } from "./source_files.ts";

/** The layer of each folder of lib/. One that is not named here is an adapter. */
const LAYERS = new Map([
  ["arguments", 0],
  ["heap", 1],
  ["objects", 2],
  ["parking", 3],
  ["codec", 4],
  ["sync", 5],
  ["wire", 5],
  ["memory", 6],
  ["channels", 6],
  ["runtime", 7],
  ["agents", 8],
  ["kernels", 8],
  ["logging", 8],
  ["process", 8],
  ["threading", 8],
  ["pool", 9],
  ["futures", 10],
  ["managers", 10],
  ["loops", 10],
  ["joblib", 11],
  ["sharedmem", 11],
  ["context", 11],
  ["dummy", 12],
]);
const ADAPTER_LAYER = 12;
/** Folders below the adapters that import npm packages, and work without them. */
const WITH_PACKAGES = ["kernels"];
/** Folders whose code mentions no name of the layers above. */
const NAMELESS = ["arguments", "heap", "objects", "parking", "codec"];
/** Folders of primitives: what they export crosses to workers, and is in every context. */
const PRIMITIVES = ["sync", "memory", "channels"];
/** The modules that list what crosses and what is exported. */
const LISTS = [
  "mod.ts",
  "workers/worker.ts",
  "lib/runtime/shared_types.ts",
  "lib/context/common.ts",
  "lib/dummy/mod.ts",
];
/** Adapters that other adapters build on: one layer below those. */
const LOWER_ADAPTERS = ["random"];

/** What is read of the output of `deno info --json`. */
export interface Graph {
  modules: {
    specifier: string;
    dependencies?: {
      /** As written in the source. */
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean | undefined;
    }[];
  }[];
}

/** An import against the rules. */
export interface Violation {
  /** Path of the importing file, from the root. */
  from: string;
  /** Path of the imported file, or its specifier when it is not in the repository. */
  to: string;
  /** The rule. */
  rule: string;
}

/** A folder of lib/, which one side of an import is in. */
interface LibFolder {
  kind: "lib";
  folder: string;
  layer: number;
  adapter: boolean;
}

/** One side of an import. */
type Place =
  | { kind: "entry" | "worker" | "errors" | "built-in" | "npm" | "elsewhere" }
  | LibFolder;

/** Finds the imports against the rules, in the modules of `graph` that are below `root`. */
export function checkLayers(graph: Graph, root: string): Violation[] {
  const pathOf = (url: string) => url.startsWith(root) ? url.slice(root.length) : url;
  const violations: Violation[] = [];
  for (const module of graph.modules) {
    const from = pathOf(module.specifier);
    const place = placeOf(from);
    if (["built-in", "npm", "elsewhere"].includes(place.kind)) continue;
    for (const { specifier, code, type, isDynamic = false } of module.dependencies ?? []) {
      for (const target of new Set([code?.specifier, type?.specifier])) {
        if (target === undefined) continue;
        const to = pathOf(target);
        const rule = brokenRule(place, placeOf(to), isDynamic) ?? brokenSpelling(specifier, to);
        if (rule) violations.push({ from, to, rule });
      }
    }
  }
  return violations;
}

function placeOf(path: string): Place {
  if (path === "mod.ts") return { kind: "entry" };
  if (path === "lib/errors.ts") return { kind: "errors" };
  if (path.startsWith("workers/")) return { kind: "worker" };
  if (path.startsWith("node:")) return { kind: "built-in" };
  if (path.startsWith("npm:")) return { kind: "npm" };
  const folder = path.match(/^lib\/([^/]+)\//)?.[1];
  if (folder === undefined) return { kind: "elsewhere" };
  const layer = LAYERS.get(folder);
  const adapterLayer = ADAPTER_LAYER - (LOWER_ADAPTERS.includes(folder) ? 1 : 0);
  return { kind: "lib", folder, layer: layer ?? adapterLayer, adapter: layer === undefined };
}

/** The rule that an import from one place to another breaks, if any. */
function brokenRule(from: Place, to: Place, isDynamic: boolean): string | undefined {
  switch (to.kind) {
    case "built-in":
      return;
    case "elsewhere":
      return "only mod.ts, lib/, workers/ and built-ins";
    case "entry":
      return "nobody imports mod.ts";
    case "worker":
      if (from.kind === "worker" || from.kind === "entry" && isDynamic) return;
      return "workers/ is reached by URL, and by a dynamic import in mod.ts";
    case "npm":
      if (from.kind === "lib" && (from.adapter || WITH_PACKAGES.includes(from.folder))) return;
      return `only adapters and lib/${WITH_PACKAGES.join(", lib/")} import npm packages`;
    case "errors":
      return;
    case "lib":
      return brokenDirection(from, to);
  }
}

function brokenDirection(from: Place, to: LibFolder): string | undefined {
  if (from.kind === "errors") return "lib/errors.ts imports nothing";
  if (from.kind === "entry" && to.adapter) return "adapters are exports of their own";
  if (from.kind !== "lib" || from.folder === to.folder || from.layer > to.layer) return;
  return from.layer === to.layer
    ? `lib/${from.folder} and lib/${to.folder} are both in layer ${to.layer}`
    : `lib/${from.folder} is in layer ${from.layer}, below lib/${to.folder} in ${to.layer}`;
}

/** The rule that the way an import is written breaks, if any. */
function brokenSpelling(specifier: string, to: string): string | undefined {
  if (/^(\.\.?\/|node:|npm:)/.test(specifier)) return;
  return `"${specifier}" needs an import map: write ${to.includes(":") ? to : "a relative path"}`;
}

/**
 * Finds names of upper layers in the code of the lowest ones.
 *
 * @param sources the text of each file of lib/, by its path
 */
export function checkNames(sources: ReadonlyMap<string, string>): Violation[] {
  const declaredIn = new Map<string, string>();
  const lowerNames = new Set<string>();
  for (const [path, text] of sources) {
    const isLower = NAMELESS.includes(folderOf(path));
    for (
      const [, name] of text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm)
    ) {
      if (isLower) lowerNames.add(name);
      else declaredIn.set(name, path);
    }
  }
  const violations: Violation[] = [];
  for (const [from, text] of sources) {
    if (!NAMELESS.includes(folderOf(from))) continue;
    for (const name of new Set(withoutComments(text).match(/\b[A-Z]\w*\b/g))) {
      const to = declaredIn.get(name);
      if (to === undefined || lowerNames.has(name) || from === to) continue;
      violations.push({
        from,
        to,
        rule: `lib/${folderOf(from)} mentions no name of a layer above: ${name}`,
      });
    }
  }
  return violations;
}

function folderOf(path: string): string {
  return path.split("/")[1];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/ .*$/gm, "");
}

/**
 * Finds primitives that are not in the list of their folder, and lists that name single primitives.
 *
 * @param sources the text of each file of lib/, by its path
 */
export function checkPrimitives(
  graph: Graph,
  sources: ReadonlyMap<string, string>,
  root: string,
): Violation[] {
  const imports = importsIn(graph, root);
  const violations: Violation[] = [];
  for (const folder of PRIMITIVES) {
    const list = `lib/${folder}/mod.ts`;
    const listed = reachableFrom(list, imports);
    for (const [path, text] of sources) {
      if (folderOf(path) !== folder || !/^\s*(defineType|defineQueue)\(/m.test(text)) continue;
      if (!listed.has(path)) {
        violations.push({
          from: list,
          to: path,
          rule: "a primitive has a line in its folder's mod.ts",
        });
      }
    }
    for (const from of LISTS) {
      for (const to of imports.get(from) ?? []) {
        if (!to.startsWith(`lib/${folder}/`) || to === list) continue;
        violations.push({ from, to, rule: `a list of what crosses takes ${list} as a whole` });
      }
    }
  }
  return violations;
}

/** The paths that each module below `root` imports. */
function importsIn(graph: Graph, root: string): Map<string, string[]> {
  const pathOf = (url: string) => url.startsWith(root) ? url.slice(root.length) : url;
  return new Map(graph.modules.map(({ specifier, dependencies = [] }) => [
    pathOf(specifier),
    dependencies.flatMap(({ code }) =>
      code?.specifier === undefined ? [] : [pathOf(code.specifier)]
    ),
  ]));
}

function reachableFrom(path: string, imports: ReadonlyMap<string, string[]>): Set<string> {
  const reached = new Set([path]);
  for (const from of reached) for (const to of imports.get(from) ?? []) reached.add(to);
  return reached;
}

/** The graph of everything in mod.ts, lib/ and workers/, whether or not mod.ts reaches it. */
async function graphOf(files: string[]): Promise<Graph> {
  const imports = files.map((path) => `import ${JSON.stringify(new URL(path, ROOT))};`).join("\n");
  const info = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `data:application/typescript,${encodeURIComponent(imports)}`],
    cwd: ROOT,
    stderr: "inherit",
  });
  const { success, stdout } = await info.output();
  if (!success) Deno.exit(1);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const files = ["mod.ts", ...await sourceFiles("lib", "workers")];
  const graph = await graphOf(files);
  const inLib = files.filter((path) => path.startsWith("lib/") && path !== "lib/errors.ts");
  const sources = new Map(
    await Promise.all(
      inLib.map(async (path) => [path, await Deno.readTextFile(new URL(path, ROOT))] as const),
    ),
  );
  const violations = [
    ...checkLayers(graph, ROOT.href),
    ...checkNames(sources),
    ...checkPrimitives(graph, sources, ROOT.href),
  ];
  for (const { from, to, rule } of violations) console.error(`${from}, ${to}: ${rule}`);
  if (violations.length > 0) Deno.exit(1);
  console.log(`Checked the imports of ${files.length} files`);
}
