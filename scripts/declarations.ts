/**
 * Writes the declarations of the package's entries: the doc comments and types of what is public,
 * and of what that mentions, without any code.
 *
 * A program's `compilerOptions` hold for every source that it imports from the disk, and with
 * `--all` for those of a server too. Options stricter than ours, such as `noUncheckedIndexedAccess`,
 * find hundreds of errors in the sources: each `i32[address]` of the shared heap is one. Declarations
 * have no code in which to find any. So `entries/*.ts` and `dist/*.js` run the sources and the build,
 * and name these files as their types. The other ways, and why not:
 *
 * - A `!` behind every access to the heap hides real mistakes with the harmless ones.
 * - `// @ts-nocheck` in the sources turns our own check off as well.
 * - `deno bundle --declaration` puts everything in one file, but mixes up modules that have the same
 *   name and breaks doc comments; `deno pack` makes private types `any`.
 *
 * `deno transpile --declaration` writes what TypeScript says, one file for each module. This script
 * drops the modules and the statements that no entry leads to. Files keep their places, so that
 * `lib/pool/pool.d.ts` is found beside `lib/pool/pool.ts` in an editor's list, and a change of a
 * type is a change of the same lines.
 *
 * A copy is used without a build, so `entries/types` is committed: `deno task types` writes it, and
 * `tests/repo/strict_test.ts` compares it with a fresh build.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { posix } from "node:path";
import ts from "typescript";
import { ROOT } from "./source_files.ts";

/** A name of a module, and what it is called where it comes from. */
interface Import {
  path: string;
  name: string;
  /** Whether `export type` keeps the value of a class from others. */
  isType: boolean;
}

/** A top-level statement that declares something. */
interface Declaration {
  text: string;
  name: string;
  isExported: boolean;
}

/** A module's declarations, taken apart. Paths begin at the root; `npm:` ones are as written. */
interface Module {
  doc: string;
  imports: Map<string, Import>;
  declarations: Declaration[];
  /** `export { … } from`, by the name that others see. */
  exports: Map<string, Import>;
  /** `export * from`. */
  stars: string[];
  /** The names that an entry leads to: of declarations and exports, and of imports. */
  used: Set<string>;
  isUsed: boolean;
}

/** All names of a module. */
const ALL = "*";

const COMMENTS = /\/\*[^]*?\*\//g;

/** Writes the declarations of the modules, which are paths from the root, into an empty folder. */
export async function writeDeclarations(entries: string[], folder: string): Promise<void> {
  await Deno.remove(new URL(folder, ROOT), { recursive: true }).catch(() => {});
  await deno("transpile", "--quiet", "--declaration", `--outdir=${folder}`, ...entries);
  const modules = await takeModules(folder);
  for (const entry of entries) use(modules, entry, ALL);
  for (const [path, module] of modules) {
    if (!module.isUsed) continue;
    const url = new URL(`${folder}/${declarationsOf(path)}`, ROOT);
    await Deno.mkdir(new URL(".", url), { recursive: true });
    await Deno.writeTextFile(url, print(path, module, entries.includes(path)));
  }
  await deno("fmt", "--quiet", "--no-config", "--line-width=100", folder);
}

async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return;
  await Deno.stderr.write(stderr);
  Deno.exit(1);
}

/** Reads the modules that TypeScript wrote into the folder, by their sources, and empties it. */
async function takeModules(folder: string): Promise<Map<string, Module>> {
  const modules = new Map<string, Module>();
  const names = await readdir(new URL(folder, ROOT), { recursive: true });
  for (const name of names.map((name) => name.replaceAll("\\", "/")).sort()) {
    if (!name.endsWith(".d.ts")) continue;
    const path = name.replace(/\.d\.ts$/, ".ts");
    modules.set(path, parse(path, await Deno.readTextFile(new URL(`${folder}/${name}`, ROOT))));
  }
  await Deno.remove(new URL(folder, ROOT), { recursive: true });
  return modules;
}

/** Takes a module apart. */
function parse(path: string, text: string): Module {
  const module: Module = {
    doc: text.match(/^\/\*\*(?:(?!\*\/)[^])*@module\n \*\//)?.[0] ?? "",
    imports: new Map(),
    declarations: [],
    exports: new Map(),
    stars: [],
    used: new Set(),
    isUsed: false,
  };
  for (
    const statement of ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true).statements
  ) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) {
      addList(module, path, statement);
    } else {
      addDeclaration(module, statement, text);
    }
  }
  return module;
}

/** Adds the names of an import or export. */
function addList(
  module: Module,
  path: string,
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
): void {
  const specifier = statement.moduleSpecifier as ts.StringLiteral | undefined;
  const source = specifier === undefined ? path : resolve(path, specifier.text);
  const isExport = ts.isExportDeclaration(statement);
  const list = isExport ? statement.exportClause : statement.importClause?.namedBindings;
  if (isExport && list === undefined) module.stars.push(source);
  if (list === undefined || !("elements" in list)) return;
  for (const { name, propertyName, isTypeOnly } of list.elements) {
    const isType = isExport && (statement.isTypeOnly || isTypeOnly);
    const target = isExport ? module.exports : module.imports;
    target.set(name.text, { path: source, name: (propertyName ?? name).text, isType });
  }
}

/** Adds a declaration with the doc comment before it. */
function addDeclaration(module: Module, statement: ts.Statement, text: string): void {
  const names = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.map(({ name }) => name)
    : [(statement as ts.DeclarationStatement).name];
  const comment = ts.getJSDocCommentsAndTags(statement).findLast(ts.isJSDoc);
  const start = comment?.getStart() ?? statement.getStart();
  const whole = text.slice(start, statement.end).trim();
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) ?? [] : [];
  const isExported = modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  for (const name of names) {
    if (name !== undefined && ts.isIdentifier(name)) {
      module.declarations.push({ text: whole, name: name.text, isExported });
    }
  }
}

function resolve(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return posix.join(posix.dirname(path), specifier);
}

/** Marks what the name of a module leads to. */
function use(modules: Map<string, Module>, path: string, name: string): void {
  const module = modules.get(path);
  if (!module || module.used.has(name)) return; // a module of npm, or known
  module.isUsed = true;
  module.used.add(name);
  for (const star of module.stars) {
    if (name === ALL || exportsName(modules, star, name)) use(modules, star, name);
  }
  for (const [alias, it] of module.exports) {
    if (name === ALL || name === alias) useImport(modules, module, alias, it);
  }
  for (const it of module.declarations) {
    if (name === ALL ? it.isExported : it.name === name) useDeclaration(modules, path, module, it);
  }
}

function useImport(modules: Map<string, Module>, module: Module, alias: string, it: Import): void {
  module.used.add(alias);
  const source = modules.get(it.path);
  if (source === module) useLocal(modules, it.path, module, it.name);
  else use(modules, it.path, it.name);
}

function useDeclaration(
  modules: Map<string, Module>,
  path: string,
  module: Module,
  { text, name }: Declaration,
): void {
  module.used.add(name);
  const code = text.replace(COMMENTS, "");
  for (const [, specifier] of code.matchAll(/\bimport\("([^"]+)"\)/g)) {
    use(modules, resolve(path, specifier), ALL);
  }
  // Any word may be a name: one mention too many costs some lines, one too few is an error.
  for (const [word] of code.matchAll(/[A-Za-z_$][\w$]*/g)) {
    if (word !== name) useLocal(modules, path, module, word);
  }
}

/** Marks what a name that is in scope in a module leads to. */
function useLocal(modules: Map<string, Module>, path: string, module: Module, name: string): void {
  const imported = module.imports.get(name);
  if (imported) useImport(modules, module, name, imported);
  else if (module.declarations.some((it) => it.name === name)) use(modules, path, name);
}

function exportsName(modules: Map<string, Module>, path: string, name: string): boolean {
  const module = modules.get(path);
  if (!module) return false;
  return module.exports.has(name) ||
    module.declarations.some((it) => it.isExported && it.name === name) ||
    module.stars.some((star) => exportsName(modules, star, name));
}

/** The text of a module with the names that are used. An entry has its module's comment as well. */
function print(path: string, module: Module, isEntry: boolean): string {
  const { imports, exports, stars, declarations, used } = module;
  const lists = [
    ...printLists("import type", path, imports, used),
    ...stars.map((star) => `export * from "${specifierOf(path, star)}";`),
    ...printLists("export", path, exports, used),
  ].join("\n");
  const texts = declarations.filter(({ name }) => used.has(name)).map(({ text }) =>
    text.replace(/^\/\/\/ <amd-module .*\n/gm, "").replace( // names a file of this machine
      /\bimport\("([^"]+)"\)/g,
      (_, specifier) => `import("${specifierOf(path, resolve(path, specifier))}")`,
    )
  );
  const head = isEntry ? module.doc : `// The declarations of ${path}`;
  // Without an export of this kind, every declaration of the file would be one.
  return [head, lists, ...texts, "export {};\n"].filter(Boolean).join("\n\n");
}

/** The lists of an import or export of what is used, one for each module. */
function printLists(
  keyword: string,
  path: string,
  names: Map<string, Import>,
  used: Set<string>,
): string[] {
  const byPath = Map.groupBy(
    [...names].filter(([alias]) => used.has(alias)),
    ([, it]) => it.path,
  );
  return [...byPath].map(([source, its]) => {
    const words = its.map(([alias, { name, isType }]) =>
      `${isType ? "type " : ""}${name}${name === alias ? "" : ` as ${alias}`}`
    );
    const from = source === path ? "" : ` from "${specifierOf(path, source)}"`;
    return `${keyword} { ${words.join(", ")} }${from};`;
  });
}

/** How a module's declarations name those of another. */
function specifierOf(path: string, source: string): string {
  if (!source.endsWith(".ts")) return source; // npm
  return relativeOf(path, declarationsOf(source));
}

/** How a file names another, by paths from the root. */
export function relativeOf(path: string, other: string): string {
  const way = posix.relative(posix.dirname(path), other);
  return way.startsWith(".") ? way : `./${way}`;
}

/** The path, in a folder of declarations, of a module's. */
export function declarationsOf(path: string): string {
  return path.replace(/^\.\//, "").replace(/\.ts$/, ".d.ts");
}

if (import.meta.main) {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.values<string>(exports).map((path) => path.replace("./", ""));
  await writeDeclarations(entries, "entries/types");
}
