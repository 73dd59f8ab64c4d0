/**
 * The modules of a program are packed, lose their folder, and run on a node.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { cp } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { packProgram, unpackProgram } from "../../lib/cluster/sources.ts";
import { sha256 } from "../../lib/cluster/sources_archive.ts";
import { parseJsonc } from "../../lib/cluster/sources_graph.ts";
import { EXPORTS, ownRoot, PACKAGE } from "../../lib/cluster/sources_own.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { deno, PROGRAM, temporary } from "./sources_programs.ts";

/** Returns the paths of all files in a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      found.push(...(await filesIn(join(folder, name))).map((file) => `${name}/${file}`));
    } else found.push(name);
  }
  return found.sort();
}

/** What the program prints. */
const RESULT = [40, true, { kept: ["é"] }, "late", "late", "late", "ERR_MODULE_NOT_FOUND"];

Deno.test("a packed program runs without its folder", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await caller.write(PROGRAM);
  const fit = `import { late } from "${caller.url("lib/late.ts")}"; late;${PROGRAM["lib/fit.ts"]}`;
  await caller.write({ "lib/fit.ts": fit });
  const { hash, bytes } = await packProgram(caller.url("lib/fit.ts"));
  await Deno.remove(join(caller.path, "lib"), { recursive: true });
  await Deno.remove(join(caller.path, "util"), { recursive: true });

  // Nothing above the folder is asked.
  await node.write({ "deno.json": "no JSON", "package.json": { dependencies: { "is-odd": "1" } } });
  const program = await unpackProgram(bytes, join(node.path, "programs"));
  const url = program.urlOf(caller.url("lib/fit.ts"))!;
  assertEquals(url, node.url(`programs/${hash}/modules/lib/fit.ts`));
  const permissions = `--allow-read=${node.path}`;
  assertEquals(
    JSON.parse(await deno("run", "--no-prompt", permissions, ...program.denoArgs, url)),
    RESULT,
  );
  assertEquals((await filesIn(join(node.path, "programs", hash, "modules"))).sort(), [
    ...["lib/data.json", "lib/fit.ts", "lib/late.ts", "util/my scale.ts"],
  ]);
});

Deno.test("a packed program may import its own deno.json and package.json", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  const entry = fileURLToPath(new URL("entries/mod.ts", ROOT));
  await caller.write({
    // The path leads nowhere from the folder of the node.
    "deno.json": { version: "1.2", imports: { [PACKAGE]: relative(caller.path, entry) } },
    "src/package.json": { version: "3.4" },
    "src/main.ts": `
      import config from "../deno.json" with { type: "json" };
      import other from "./package.json" with { type: "json" };
      import { Pool } from "${PACKAGE}";
      console.log(config.version, other.version, Pool.name);`,
  });
  const { bytes } = await packProgram(caller.url("src/main.ts"));
  const program = await unpackProgram(bytes, join(node.path, "programs"));
  const url = program.urlOf(caller.url("src/main.ts"))!;
  assertEquals(await deno("run", "--no-prompt", ...program.denoArgs, url), "1.2 3.4 Pool");
});

Deno.test("packProgram() gives the same bytes again, and their SHA-256", async () => {
  await using caller = await temporary();
  await caller.write(PROGRAM);
  const first = await packProgram(caller.url("lib/fit.ts"));
  const pack = `
    import { packProgram } from ${JSON.stringify(new URL("lib/cluster/sources.ts", ROOT).href)};
    console.log((await packProgram(${JSON.stringify(caller.url("lib/fit.ts"))})).hash);`;
  await caller.write({ "elsewhere/pack.ts": pack });
  const allowed = [`--allow-read=${caller.path}`, `--allow-run=${Deno.execPath()}`];
  const again = await deno(
    "run",
    "--no-prompt",
    ...allowed,
    join(caller.path, "elsewhere/pack.ts"),
  );
  assertEquals(first.hash, again);
  assertEquals(first.hash, await sha256(first.bytes));

  await caller.write({ "util/my scale.ts": "export const scale = (x: number) => x * 11;" });
  assert((await packProgram(caller.url("lib/fit.ts"))).hash !== first.hash);
});

Deno.test("a packed program of a package.json finds its packages, and its own names", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await caller.write({
    "package.json": { dependencies: { "is-odd": "^3.0.1" }, imports: { "#own": "./own.ts" } },
    "own.ts": "export const three = 3;",
    "main.ts": 'import odd from "is-odd"; import { three } from "#own"; console.log(odd(three));',
  });
  const { bytes } = await packProgram(caller.url("main.ts"));
  const { denoArgs, urlOf } = await unpackProgram(bytes, node.path);
  assertEquals(
    await deno("run", "--no-prompt", ...denoArgs, urlOf(caller.url("main.ts"))!),
    "true",
  );
});

Deno.test("a packed program of a workspace finds its members, bytes, text and JSX", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  // Exports a function that adds.
  const wasm = "AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=";
  await caller.write({
    "deno.json": { workspace: ["./app", "./shared"] },
    "app/deno.json": {
      imports: { conf: "./conf.ts" },
      unstable: ["raw-imports"],
      compilerOptions: { jsx: "react", jsxFactory: "make" },
    },
    "app/conf.ts": 'export const conf = "of the app";',
    "app/text.txt": "text",
    "app/main.tsx": `
      import { shared } from "@me/shared";
      import { conf } from "conf";
      import text from "./text.txt" with { type: "text" };
      import { add } from "./add.wasm";
      const make = (name: string) => name;
      console.log([shared, conf, text, add(1, 2), <p />].join());`,
    "shared/deno.json": {
      name: "@me/shared",
      version: "1.0.0",
      exports: "./mod.ts",
      imports: { conf: "./conf.ts" },
    },
    "shared/mod.ts": 'export { conf as shared } from "conf";',
    "shared/conf.ts": 'export const conf = "of the member";',
  });
  await Deno.writeFile(join(caller.path, "app/add.wasm"), Uint8Array.fromBase64(wasm));
  const { bytes } = await packProgram(caller.url("app/main.tsx"));
  const { denoArgs, urlOf } = await unpackProgram(bytes, node.path);
  assertEquals(
    await deno("run", "--no-prompt", ...denoArgs, urlOf(caller.url("app/main.tsx"))!),
    "of the member,of the app,text,3,p",
  );
});

Deno.test("UnpackedProgram.urlOf() tells modules of the program from others", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await caller.write(PROGRAM);
  const { bytes, hash } = await packProgram(caller.url("lib/fit.ts"));
  const { urlOf } = await unpackProgram(bytes, node.path);
  const base = node.url(`${hash}/modules`);
  assertEquals(urlOf(caller.url("util/my scale.ts")), `${base}/util/my%20scale.ts`);
  assertEquals(urlOf(`${caller.url("lib/late.ts")}?again#1`), `${base}/lib/late.ts?again#1`);
  assertEquals(urlOf(caller.url("util/unused.ts")), undefined);
  assertEquals(urlOf(caller.url("lib/../../other.ts")), undefined);
  assertEquals(urlOf("file:///etc/passwd"), undefined);
  assertEquals(urlOf("no URL"), undefined);
  for (const other of ["https://example.com/a.ts", "npm:is-odd@^3", "jsr:@a/b", "node:fs"]) {
    assertEquals(urlOf(other), other);
  }
  assertEquals(urlOf(`${ownRoot}lib/errors.ts`), `${ownRoot}lib/errors.ts`);
  assertEquals(urlOf(`${ownRoot}entries/joblib.ts`), `${ownRoot}lib/joblib/mod.ts`);
});

/** Copies the package, as a caller on another machine has it. */
async function copyPackage(folder: string): Promise<void> {
  for (const name of ["mod.ts", "deno.json", "lib", "workers", "scripts/std"]) {
    await cp(fileURLToPath(new URL(name, ROOT)), join(folder, name), { recursive: true });
  }
  for (const name of Object.values(EXPORTS)) {
    const entry = name.split("/").at(-2) ?? "mod";
    await Deno.mkdir(join(folder, "entries"), { recursive: true });
    await Deno.writeTextFile(join(folder, `entries/${entry}.ts`), `export * from "../${name}";`);
  }
}

/** A module that exports what each way to import the package gives it. */
const waysOf = (folder: string, absolute: string) => `
  import * as bare from "@sauropod/multiprocessing";
  import * as alias from "mp";
  import * as jsr from "jsr:@sauropod/multiprocessing@^0.1.0";
  import * as relative from "${folder}mod.ts";
  import * as absolute from "${absolute}mod.ts";
  import * as entry from "${folder}entries/mod.ts";
  import * as shelf from "@sauropod/multiprocessing/joblib";
  import * as relativeShelf from "${folder}lib/joblib/mod.ts";
  import * as jsrShelf from "jsr:/@sauropod/multiprocessing@0/joblib";
  import { Pool } from "${folder}lib/pool/pool.ts";
  const name = "@sauropod/multiprocessing/joblib";
  const late = await import(name);
  const here = (path: string) => import(new URL(path, import.meta.url).href);
  const relativeLate = await here("${folder}entries/joblib.ts");
  const internalLate = await here("${folder}lib/joblib/parallel.ts");
  const absoluteLate = await import(["${absolute}lib/joblib/mod.ts"][0]);
  export const pools = [bare, alias, jsr, relative, absolute, entry, { Pool }].map((m) => m.Pool);
  const unforeseen = [late, relativeLate, internalLate, absoluteLate];
  export const shelves = [shelf, relativeShelf, jsrShelf, ...unforeseen].map((m) => m.Parallel);`;

Deno.test("each import of the package in a packed program leads to the node's own", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await copyPackage(join(caller.path, "package"));
  const config = parseJsonc(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const imports = { ...config.imports as object, mp: "./mod.ts" };
  const absolute = caller.url("package/");
  await caller.write({
    "package/deno.json": { ...config, imports },
    "package/examples/deep/example.ts": `import "@std/cli/parse-args";${
      waysOf("../../", absolute)
    }`,
    "program/deno.json": {
      imports: {
        [PACKAGE]: "../package/mod.ts",
        [`${PACKAGE}/joblib`]: "../package/lib/joblib/mod.ts",
        mp: "jsr:@sauropod/multiprocessing@^0.1.0",
      },
      scopes: { "./": { [PACKAGE]: "../package/lib/pool/pool.ts" } },
    },
    "program/main.ts": waysOf("../package/", absolute),
    "pack.ts": `
      import { packProgram } from "./package/lib/cluster/sources.ts";
      for (const [at, module] of Deno.args.entries()) {
        await Deno.writeFile(new URL(at + ".bin", import.meta.url), (await packProgram(module)).bytes);
      }`,
  });
  const modules = [caller.url("program/main.ts"), caller.url("package/examples/deep/example.ts")];
  await deno("run", "-A", "--quiet", join(caller.path, "pack.ts"), ...modules);
  const packed = [0, 1].map((at) => Deno.readFileSync(join(caller.path, `${at}.bin`)));
  await Deno.remove(caller.path, { recursive: true });
  await Deno.mkdir(caller.path);

  await node.write({
    "main.ts": `
      import { Pool, task } from "${ROOT.href}mod.ts";
      import { Parallel } from "${ROOT.href}lib/joblib/mod.ts";
      const look = task(import.meta, async (url: string) => {
        const { pools, shelves } = await import(url);
        return [pools.map((own) => own === Pool), shelves.map((own) => own === Parallel)];
      });
      if (import.meta.main) {
        const [url, ...denoArgs] = Deno.args;
        const seen = [await look(url)];
        for (const options of [{}, { startMethod: "process", denoArgs }]) {
          await using pool = new Pool({ processes: 1, ...options });
          seen.push(await pool.apply(look, [url]));
        }
        console.log(JSON.stringify(seen));
      }`,
  });
  for (const [at, module] of modules.entries()) {
    const { urlOf, denoArgs } = await unpackProgram(packed[at], join(node.path, "programs"));
    assertEquals(urlOf(`${absolute}lib/errors.ts`), `${ownRoot}lib/errors.ts`);
    const files = await filesIn(fileURLToPath(new URL(".", urlOf(module)!)));
    assertEquals(files.length, 1, "the package was packed");
    const main = join(node.path, "main.ts");
    const run = ["run", "--no-prompt", "-A", ...denoArgs, main];
    const seen = JSON.parse(await deno(...run, urlOf(module)!, ...denoArgs));
    assertEquals(seen, Array(3).fill([Array(7).fill(true), Array(7).fill(true)]), module);
  }
});

Deno.test("an example of the repository runs unpacked, in workers", async () => {
  await using node = await temporary();
  const module = new URL("examples/images/voxel_analysis.ts", ROOT).href;
  const { bytes } = await packProgram(module);
  const { denoArgs, urlOf } = await unpackProgram(bytes, node.path);
  const url = urlOf(module)!;
  const own = (await filesIn(node.path)).filter((path) =>
    /modules\/(mod\.ts|lib|workers)/.test(path)
  );
  assertEquals(own, []);
  const printed = await deno("run", "--no-prompt", "--allow-read", ...denoArgs, url, "--quick");
  assertMatch(printed, /identical/);
});

Deno.test("unpackProgram() knows the exports of the package", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const [name, path] of Object.entries<string>(exports)) {
    assertEquals(`./${EXPORTS[name.slice(1)]}`, path, `${name} is missing in EXPORTS`);
  }
});

Deno.test("packProgram() names --allow-run and --allow-read when they are missing", async () => {
  await using caller = await temporary();
  await caller.write({
    "main.ts": "export {};",
    "pack.ts": `
      import { packProgram } from ${JSON.stringify(new URL("lib/cluster/sources.ts", ROOT).href)};
      const error = await packProgram(Deno.args[0]).catch((error) => error);
      console.log(error.name, error.message);`,
  });
  const [pack, main] = [join(caller.path, "pack.ts"), caller.url("main.ts")];
  const said = await deno("run", "--no-prompt", "--allow-read", pack, main);
  assertMatch(said, /^NotCapable Cannot pack program: .+ needs --allow-run=\S+\. Run the program/);
  const run = await deno("run", "--no-prompt", "--allow-run", pack, main);
  assertMatch(run, /^NotCapable Cannot pack program: it reads .+, which needs --allow-read\. Run/);
});

const FAULTS: [name: string, files: Record<string, string>, error: RegExp][] = [
  ["does not exist", {}, /^NotFound: Cannot pack program: \S+main\.ts does not exist\. Fix/],
  [
    "imports one that does not exist",
    { "main.ts": 'import "./a.ts";', "a.ts": 'export * from "./b.ts";' },
    /^NotFound: Cannot pack program: \S+b\.ts, which \S+a\.ts imports, does not exist\. Fix/,
  ],
  [
    "imports one that does not parse",
    { "main.ts": 'import "./a.ts";', "a.ts": "export const = 1;" },
    /^SyntaxError: Cannot pack program: \S+a\.ts, which \S+main\.ts imports, does not parse: [^]+a\.ts:1:14/,
  ],
  [
    "imports a name that is not known",
    { "main.ts": 'import "nowhere";' },
    /^Error: Cannot pack program: nowhere, which \S+main\.ts imports, cannot be loaded: .+ Fix/,
  ],
  [
    "has a deno.json that does not parse",
    { "main.ts": "", "deno.json": "{" },
    /^Error: Cannot pack program: "deno info" finds no modules of \S+main\.ts: [^]+ Fix/,
  ],
];
for (const [name, files, expected] of FAULTS) {
  Deno.test(`packProgram() throws when the module ${name}`, async () => {
    await using caller = await temporary();
    await caller.write(files);
    const error = await assertRejects(() => packProgram(caller.url("main.ts")), Error);
    assertMatch(`${error.constructor.name}: ${error.message}`, expected);
  });
}

Deno.test("packProgram() throws TypeError when the module is not a file: URL", async () => {
  for (const module of ["https://example.com/a.ts", "npm:is-odd", "a.ts", "", 1, undefined]) {
    await assertRejects(
      () => packProgram(module as string),
      TypeError,
      "Cannot pack program: module must be a file: URL",
    );
  }
});
