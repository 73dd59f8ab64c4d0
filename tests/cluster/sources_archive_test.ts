/**
 * A program is unpacked as a whole or not at all, and nothing of what is in its bytes is believed.
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
import { join } from "node:path";
import { packProgram, unpackProgram } from "../../lib/cluster/sources.ts";
import { type ProgramHeader, writeArchive } from "../../lib/cluster/sources_archive.ts";
import { CorruptMessageError } from "../../lib/errors.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { PROGRAM, temporary } from "./sources_programs.ts";

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
