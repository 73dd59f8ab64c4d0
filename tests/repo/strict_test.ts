/**
 * A user's program whose `compilerOptions` are as strict as they can be finds no error in the
 * package, and has its types, wherever it imports the package from.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import { build, CONFIG, ROOT } from "../fixtures/built.ts";
import { type Served, serveJsr, servePackage } from "../fixtures/jsr_registry.ts";

/** Every option by which Deno checks more than by default. */
const STRICT = {
  allowUnreachableCode: false,
  allowUnusedLabels: false,
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  isolatedDeclarations: true,
  noErrorTruncation: true,
  noFallthroughCasesInSwitch: true,
  noImplicitAny: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noImplicitThis: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  skipLibCheck: false,
  strict: true,
  strictBindCallApply: true,
  strictBuiltinIteratorReturn: true,
  strictFunctionTypes: true,
  strictNullChecks: true,
  strictPropertyInitialization: true,
  useUnknownInCatchVariables: true,
  verbatimModuleSyntax: true,
};

const { name, version, exports }: {
  name: string;
  version: string;
  exports: Record<string, string>;
} = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const entries = Object.fromEntries(
  Object.entries<string>(
    JSON.parse(await Deno.readTextFile(new URL("entries/deno.json", ROOT))).exports,
  ).map(([entry, path]) => [entry, `entries/${path}`]),
);
const PROGRAM = new URL("tests/fixtures/strict_program.ts", ROOT);

/** An error if the options do nothing. */
const CONTROL = `
const numbers: number[] = [];
// @ts-expect-error: it may be undefined
export const first: number = numbers[0];
`;

/**
 * Checks a program in a project of its own.
 *
 * @returns what Deno says of errors that are not in its own types: with `--all` and
 * `exactOptionalPropertyTypes` it finds one in those of Node, in an empty program as well
 */
async function check(
  imports: Record<string, string>,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const config = { imports, compilerOptions: STRICT };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    await Deno.writeTextFile(`${folder}/control.ts`, CONTROL);
    await Deno.copyFile(PROGRAM, `${folder}/main.ts`);
    await linkNpm(`${folder}/cache`);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", ...args, "main.ts", "control.ts"],
      cwd: folder,
      env: { ...env, DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    const places = [...said.matchAll(/^ {4}at (.+)$/gm)].map(([, place]) => place);
    const areOfDeno = places.length > 0 && places.every((place) => place.startsWith("asset:"));
    return success || areOfDeno ? "" : said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes a cache that has nothing of a server's, but the packages of npm that are on this machine. */
async function linkNpm(cache: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache }: { npmCache: string } = JSON.parse(new TextDecoder().decode(stdout));
  await Deno.mkdir(npmCache, { recursive: true });
  await Deno.mkdir(cache);
  await Deno.symlink(npmCache, `${cache}/npm`, { type: "junction" });
}

/** The imports of all entries from a server of their modules. */
function importsFrom({ origin }: Served, modules: Record<string, string>): Record<string, string> {
  const named = Object.entries(modules).map(([entry, path]) => [
    name + entry.slice(1),
    new URL(path, `${origin}/`).href,
  ]);
  return Object.fromEntries(named);
}

const allow = ({ origin }: Served) => `--allow-import=${new URL(origin).host}`;

Deno.test("a strict program beside a copy checks", async () => {
  assertEquals(await check({ [name]: `${ROOT.href}entries/mod.ts` }), "");
});

Deno.test("a strict program beside a build checks", async () => {
  await build();
  assertEquals(await check({ [name]: `${ROOT.href}dist/mod.js` }), "");
});

Deno.test("a strict program that imports the sources by URL checks", async () => {
  await using server = await servePackage(ROOT);
  assertEquals(await check(importsFrom(server, exports), [allow(server)]), "");
});

Deno.test("a strict program that imports the entries by URL checks, dependencies included", async () => {
  await using server = await servePackage(ROOT);
  assertEquals(await check(importsFrom(server, entries), ["--all", allow(server)]), "");
});

Deno.test("a strict program that imports the package from JSR checks, dependencies included", async () => {
  await build();
  await using server = await serveJsr(ROOT, CONFIG);
  const env = { JSR_URL: `${server.origin}/` };
  assertEquals(await check({ [name]: `jsr:${name}@^${version}` }, ["--all"], env), "");
});

Deno.test("the declarations of entries/ are those of the sources", async () => {
  await build(); // writes them for dist/
  const [committed, fresh] = [await filesOf("entries/types"), await filesOf("dist/types")];
  const paths = new Set([...Object.keys(committed), ...Object.keys(fresh)]);
  const differing = [...paths].filter((path) => committed[path] !== fresh[path]);
  assertEquals(differing, [], "write them again: deno task types");
});

/** The texts of the files in a folder, by their paths. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const paths = (await readdir(new URL(folder, ROOT), { recursive: true })).filter(extname);
  const texts = paths.map((path) => Deno.readTextFile(new URL(`${folder}/${path}`, ROOT)));
  return Object.fromEntries((await Promise.all(texts)).map((text, i) => [paths[i], text]));
}
