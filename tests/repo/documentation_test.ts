/**
 * Runs the programs in the documentation as programs: doc tests run examples inside a function and
 * with `import.meta.main` false, so they skip these. Checks links, and facts that stand in two places.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { readExamples } from "../../scripts/list_examples.ts";
import { sourceFiles } from "../../scripts/source_files.ts";
import config from "../../deno.json" with { type: "json" };
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
const GUARD_MS = 120_000;

/** Returns the TypeScript examples of a file, Markdown or doc comments, that test `import.meta.main`. */
async function programsOf(path: string): Promise<string[]> {
  const text = (await Deno.readTextFile(new URL(path, ROOT))).replaceAll(/^ \* ?/gm, "");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, program]) => program)
    .filter((program) => program.includes("import.meta.main"));
}

/** Runs a program in its own folder, where the package has its name. */
async function run(program: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, program);
    const config = fileURLToPath(new URL("deno.json", ROOT));
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `--config=${config}`, "--allow-read", `${folder}/main.ts`],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { code, stdout, stderr } = await deadline(child.output(), GUARD_MS);
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("README.md begins with a program that estimates pi", async () => {
  const [program] = await programsOf("README.md");
  const { code, stdout, stderr } = await run(program);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertAlmostEquals(Number(stdout), Math.PI, 0.01); // 19 standard deviations
});

const documented = [
  ...["mod.ts", "lib/codec/reducers.ts", "lib/codec/task.ts", "lib/dummy/mod.ts"],
  ...["lib/logging/logger.ts", "lib/runtime/finalize.ts"],
  ...["docs/crossing.md", "docs/errors.md", "docs/sharing.md"],
];
for (const path of documented) {
  Deno.test(`${path} shows programs that run`, async () => {
    const programs = await programsOf(path);
    assertEquals(programs.length > 0, true);
    for (const program of programs) {
      assertEquals(await run(program), { code: 0, stdout: "", stderr: "" });
    }
  });
}

Deno.test("examples/README.md lists every example, as its header does", async () => {
  const text = await Deno.readTextFile(new URL("examples/README.md", ROOT));
  const rows = [...text.matchAll(/^\| (\S.*?) +\| \[(\S+)\]\(\2\) +\| (.+?) +\|/gm)];
  const listed = rows.map(([, ids, path, sentence]) => `${path}: ${ids}: ${sentence}`).sort();
  const expected = (await readExamples()).map(({ path, ids, sentence }) =>
    `${path.slice("examples/".length)}: ${ids.join(", ")}: ${sentence}`
  );
  assertEquals(listed, expected.sort());
});

/** The Markdown files for users and contributors. */
const guides = [
  ...["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"],
  ...["bench/README.md", "examples/README.md"],
  ...[...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`)
    .filter((path) => path.endsWith(".md")),
  ...[...Deno.readDirSync(new URL("lib/", ROOT))].map(({ name }) => `lib/${name}/README.md`)
    .filter((path) => existsSync(new URL(path, ROOT))),
];

/** Returns the anchors of the headings of a Markdown file, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.replaceAll(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm)].map((
    [, heading],
  ) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-"));
}

for (const guide of guides) {
  Deno.test(`${guide} links only to files and headings that exist`, async () => {
    const markdown = await Deno.readTextFile(new URL(guide, ROOT));
    const text = markdown.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`]*`/g, "");
    for (const [, target] of text.matchAll(/(?:\]\(|^\[[^\]]+\]: )([^)\s]+)/gm)) {
      if (/^[a-z]+:/.test(target)) continue;
      const url = new URL(target, new URL(guide, ROOT));
      const anchor = url.hash.slice(1);
      url.hash = "";
      const { isFile } = await Deno.stat(url);
      if (anchor === "") continue;
      assertEquals(
        isFile && anchorsOf(await Deno.readTextFile(url)).includes(anchor),
        true,
        target,
      );
    }
  });
}

Deno.test("docs/troubleshooting.md quotes messages that the package has", async () => {
  const messages = [
    "there is no option",
    "a Promise cannot cross",
    "Cannot start a process while its module is being imported",
    "is not on shared memory",
    "has done its work and waits for room in a queue",
    "bytes of shared memory",
  ];
  const text = await Deno.readTextFile(new URL("docs/troubleshooting.md", ROOT));
  const sources = await Promise.all(
    (await sourceFiles("lib")).map((path) => Deno.readTextFile(new URL(path, ROOT))),
  );
  const code = sources.join("\n").replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, "")
    .replaceAll(/["`] \+\s+["`]/g, "");
  for (const message of messages) {
    assert(text.includes(message), `not in the guide: ${message}`);
    assert(code.includes(message), `not in the package: ${message}`);
  }
});

Deno.test("CONTRIBUTING.md has the layers of scripts/check_layers.ts", async () => {
  const script = await Deno.readTextFile(new URL("scripts/check_layers.ts", ROOT));
  const expected = [...script.matchAll(/^ {2}\["(\w+)", (\d+)\],$/gm)]
    .map(([, folder, layer]) => `${layer} ${folder}`);
  const text = await Deno.readTextFile(new URL("CONTRIBUTING.md", ROOT));
  const listed = [...text.matchAll(/^\| +(\d+) \| (.*?) \|/gm)].flatMap(([, layer, folders]) =>
    [...folders.matchAll(/`(\w+)`/g)].map(([, folder]) => `${layer} ${folder}`)
  );
  assert(listed.length > 0);
  assertEquals(listed.sort(), expected.sort());
});

Deno.test("README.md and docs/importing.md list every import", async () => {
  for (const [path, prefix] of [["README.md", config.name], ["docs/importing.md", "."]]) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const listed = [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name]) => name)
      .filter((name) => name.startsWith(prefix));
    const expected = Object.keys(config.exports).map((name) => prefix + name.slice(1));
    assertEquals(listed.sort(), expected.sort(), path);
  }
});
