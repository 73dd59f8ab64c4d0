/**
 * The modules of a program are packed, lose their folder, and run on a node.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packProgram, unpackProgram } from "../../lib/cluster/sources.ts";
import { type ProgramHeader, sha256, writeArchive } from "../../lib/cluster/sources_archive.ts";
import { parseJsonc } from "../../lib/cluster/sources_graph.ts";
import { EXPORTS, ownRoot, PACKAGE } from "../../lib/cluster/sources_own.ts";
import { CorruptMessageError } from "../../lib/errors.ts";
import { ROOT } from "../../scripts/source_files.ts";

/** A folder that is removed at the end. */
async function temporary() {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return {
    path,
    url: (file: string) => pathToFileURL(join(path, file)).href,
    async write(files: Record<string, string | object>) {
      for (const [name, content] of Object.entries(files)) {
        const file = join(path, name);
        await Deno.mkdir(join(file, ".."), { recursive: true });
        const text = typeof content === "string" ? content : JSON.stringify(content);
        await Deno.writeTextFile(file, text);
      }
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Runs Deno, and returns what it printed. */
async function deno(...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  return text.decode(stdout).trim();
}

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

const PROGRAM = {
  "deno.jsonc": `{
    // "imports": "a comment",
    "imports": { "is-odd": "npm:is-odd@^3.0.1", "#": "./lib/", "#/": "./lib/", /* , } */ },
    "compilerOptions": { "experimentalDecorators": true, "lib": ["deno.window"], },
  }`,
  "lib/fit.ts": `
    import isOdd from "is-odd";
    import { scale } from "../util/my%20scale.ts";
    import type { Missing } from "./types_that_nobody_has.ts";
    import data from "./data.json" with { type: "json" };
    export async function fit(x: Missing): Promise<unknown> {
      const { late } = await import("./late.ts");
      const anywhere = "#/late.ts";
      const same = await import(anywhere);
      const gone = await import("./gone.ts").catch((error) => error.code);
      const absolute = await import(new URL("./late.ts", import.meta.url).href);
      return [scale(x), isOdd(3), data, late, same.late, absolute.late, gone];
    }
    if (import.meta.main) console.log(JSON.stringify(await fit(4)));`,
  "lib/data.json": { kept: ["é"] },
  "lib/late.ts": "export const late = 'late';",
  "util/my scale.ts": "export const scale = (x: number) => x * 10;",
  "util/unused.ts": "export const unused = 1;",
};
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

Deno.test("unpackProgram() knows the exports of the package", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const [name, path] of Object.entries<string>(exports)) {
    assertEquals(`./${EXPORTS[name.slice(1)]}`, path, `${name} is missing in EXPORTS`);
  }
});

Deno.test("unpackProgram() writes a program once, and at once", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await caller.write(PROGRAM);
  const { bytes, hash } = await packProgram(caller.url("lib/fit.ts"));
  const all = await Promise.all(
    Array.from({ length: 8 }, () => unpackProgram(bytes, node.path)),
  );
  const urls = new Set(all.map(({ urlOf }) => urlOf(caller.url("lib/fit.ts"))));
  assertEquals(urls.size, 1);
  assertEquals([...Deno.readDirSync(node.path)].map(({ name }) => name), [hash]);
  assertEquals([...Deno.readDirSync(join(node.path, hash))].length, 2);

  const file = join(node.path, hash, "modules", "lib", "late.ts");
  await Deno.writeTextFile(file, "// it is used as it is");
  await unpackProgram(bytes, node.path);
  assertStringIncludes(await Deno.readTextFile(file), "as it is");
});

/** Asserts that bytes are refused, and that nothing is written. */
async function assertCorrupt(bytes: Uint8Array, node: string, what: string): Promise<void> {
  const error = await assertRejects(
    () => unpackProgram(bytes, node),
    CorruptMessageError,
    "",
    what,
  );
  assertMatch(error.message, /^Cannot unpack program: .+\. Check where the bytes come from/);
  assertEquals([...Deno.readDirSync(node)], [], what);
}

Deno.test("unpackProgram() throws CorruptMessageError when bytes are damaged", async () => {
  await using caller = await temporary();
  await using node = await temporary();
  await caller.write(PROGRAM);
  const { bytes } = await packProgram(caller.url("lib/fit.ts"));
  const step = Math.ceil(bytes.length / 300);
  for (let at = 0; at < bytes.length; at += at < 64 ? 1 : step) {
    await assertCorrupt(bytes.slice(0, at), node.path, `cut off at ${at}`);
    const changed = bytes.slice();
    changed[at] ^= 1 + (at % 255);
    await assertCorrupt(changed, node.path, `changed at ${at}`);
  }
  await assertCorrupt(new Uint8Array([...bytes, 0]), node.path, "a byte too many");
});

Deno.test("unpackProgram() throws CorruptMessageError when a header is hostile", async () => {
  await using node = await temporary();
  const good: ProgramHeader = {
    root: "file:///home/me/",
    own: "file:///opt/package/",
    modules: [["a.ts", 1]],
    imports: {},
    scopes: {},
    options: { compilerOptions: {}, unstable: [] },
  };
  const pack = (changes: object) => writeArchive({ ...good, ...changes }, [new Uint8Array(1)]);
  const bad: unknown[] = [
    ...[
      ...["../a.ts", "a/../../b.ts", "/etc/a.ts", "//host/a.ts", "a\\b.ts", "..\\a.ts", "a\0.ts"],
      ...["a%00.ts", "a%2fb.ts", "a%5Cb.ts", "%2e%2e/a.ts", "a/%2E%2e/b", "./a.ts", "a//b.ts"],
      ...["", ".", "..", "a/", "C:/a.ts", "file:///a.ts", "http://a/b", "a.ts?b", "a.ts#b", "%.ts"],
      ...["a\nb.ts", " a.ts", "a".repeat(300), "a/".repeat(600) + "b", "é".repeat(128)],
    ].map((path) => ({ modules: [[path, 1]] })),
    ...[-1, 0, 2, 0.5, 2 ** 32, 2 ** 53, 1e300, null, "1", NaN].map((length) => ({
      modules: [["a.ts", length]],
    })),
    { modules: Array(30_000).fill(["a.ts", 0]) },
    { modules: Array.from({ length: 20_001 }, (_, at) => [`${at + 100_000}`, 0]) },
    { modules: [["a.ts", 1], ["a.ts", 0]] },
    { modules: [["b.ts", 1], ["a.ts", 0]] },
    { modules: [["a", 1], ["a/b.ts", 0]] },
    ...[null, {}, "a.ts", [["a.ts"]], [[1, 1]], [null]].map((modules) => ({ modules })),
    ...[null, [], "", "/home/", "file:///home", "file:///a/../b/", "https://a/", "file:///a/?/"]
      .map((root) => ({ root })),
    ...[null, "", "package/", "data:,/"].map((own) => ({ own })),
    ...[
      ...[null, [], { a: 1 }, { a: "file:///etc/passwd" }, { a: "../b.ts" }, { a: "./../b.ts" }],
      ...[{ a: "own:../../b.ts" }, { a: "own:/b.ts" }, { "./../a": "./b.ts" }, { a: "b" }, {
        "": "./",
      }],
    ].map((imports) => ({ imports })),
    ...[null, [], { "./": 1 }, { "./../": {} }, { "./": { a: "/b" } }].map((scopes) => ({
      scopes,
    })),
    ...[null, 1, []].map((options) => ({ options })),
  ];
  for (const changes of bad) {
    await assertCorrupt(
      await pack(changes as object),
      node.path,
      JSON.stringify(changes).slice(0, 99),
    );
  }
  const headerOf = async (text: string, length = text.length) => {
    const bytes = await pack({});
    const all = new Uint8Array([...bytes.subarray(0, 44), ...new TextEncoder().encode(text)]);
    new DataView(all.buffer).setUint32(40, length, true);
    const digest = await crypto.subtle.digest("SHA-256", all.subarray(40));
    all.set(new Uint8Array(digest), 8);
    return all;
  };
  for (
    const text of ["", "null", "1", "[]", "{", "{}", "[".repeat(1_000_000), '{"__proto__":{}}']
  ) {
    await assertCorrupt(await headerOf(text), node.path, text.slice(0, 99));
  }
  await assertCorrupt(await headerOf("{}", 2 ** 32 - 1), node.path, "a header of 4 GiB");
  await unpackProgram(await pack({}), node.path); // which is none of these
});

Deno.test("unpackProgram() needs permissions of its folder only", async () => {
  await using node = await temporary();
  await using caller = await temporary();
  await caller.write(PROGRAM);
  const { bytes, hash } = await packProgram(caller.url("lib/fit.ts"));
  await node.write({
    "unpack.ts": `
      import { unpackProgram } from ${JSON.stringify(new URL("lib/cluster/sources.ts", ROOT).href)};
      const bytes = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
      await unpackProgram(bytes, Deno.args[0]);`,
  });
  const folder = join(node.path, "programs");
  await using child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", `--allow-read=${folder}`, `--allow-write=${folder}`],
      ...[join(node.path, "unpack.ts"), folder],
    ],
    stdin: "piped",
    stderr: "piped",
  }).spawn();
  await new Response(bytes).body!.pipeTo(child.stdin);
  const { success, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [hash]);
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
  assertMatch(said, /^NotCapable Cannot pack program: .+ needs --allow-run=deno\. Run the program/);
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
