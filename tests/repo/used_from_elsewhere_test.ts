/**
 * A program in another folder, with an empty cache, imports the package by URL and from JSR and runs
 * its function in workers, with the permissions that this needs.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async";
import { fileURLToPath } from "node:url";
import { build, CONFIG, ROOT } from "../fixtures/built.ts";
import { serveJsr, servePackage } from "../fixtures/jsr_registry.ts";

const GUARD_MS = 120_000;

const programOf = (specifier: string, items = "[1, 2, 3]") => `
import { Pool, task } from "${specifier}";

const square = task(import.meta, (x: number) => x * x);

if (import.meta.main) {
  await using pool = new Pool(2);
  console.log(await pool.map(square, ${items}));
}
`;

/** Runs Deno on a program in its own folder. */
async function elsewhere(
  args: string[],
  program: string,
  env: Record<string, string> = {},
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, program);
    await using child = new Deno.Command(Deno.execPath(), {
      args: [...args, "main.ts"],
      cwd: folder,
      clearEnv: true,
      env: { ...env, DENO_DIR: `${folder}/cache`, NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { success, stdout, stderr } = await deadline(child.output(), GUARD_MS);
    const text = new TextDecoder();
    return { success, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// A program may read its folder, because workers import it.
const RUN = ["run", "--no-prompt", "--allow-read=."];

for (const entry of ["mod.ts", "dist/mod.js"]) {
  Deno.test(`a program elsewhere uses the package by the URL of ${entry}`, async () => {
    await build();
    await using server = await servePackage(ROOT);
    const { success, stdout, stderr } = await elsewhere(
      [...RUN, `--allow-import=${new URL(server.origin).host}`],
      programOf(`${server.origin}/${entry}`),
    );
    assertEquals(stdout, "[ 1, 4, 9 ]\n", stderr);
    assertEquals(success, true, stderr);
  });
}

Deno.test("a program elsewhere uses the package from JSR, and loads its build alone", async () => {
  await build();
  await using server = await serveJsr(ROOT, CONFIG);
  const { success, stdout, stderr } = await elsewhere(
    RUN,
    programOf("jsr:@sauropod/multiprocessing"),
    { JSR_URL: `${server.origin}/` },
  );
  assertEquals(stdout, "[ 1, 4, 9 ]\n", stderr);
  assertEquals(success, true, stderr);
  const sources = server.requested.filter((path) => path.endsWith(".ts"));
  assertEquals(sources, []);
});

Deno.test("a program elsewhere is checked against the types of the package from JSR", async () => {
  await build();
  await using server = await serveJsr(ROOT, CONFIG);
  const check = (items: string) =>
    elsewhere(["check"], programOf("jsr:@sauropod/multiprocessing", items), {
      JSR_URL: `${server.origin}/`,
    });
  const right = await check("[1, 2, 3]");
  assertEquals(right.success, true, right.stderr);
  const wrong = await check('["one"]');
  assertEquals(wrong.success, false);
  assertMatch(wrong.stderr, /Type 'string' is not assignable to type 'number'/);
});

const imported = "@sauropod/multiprocessing";
const configs: Record<string, object> = {
  "an import": { imports: { [imported]: `${ROOT.href}entries/mod.ts` } },
  "an import of the build": { imports: { [imported]: `${ROOT.href}dist/mod.js` } },
  "a link": {
    links: [fileURLToPath(`${ROOT.href}entries`)],
    imports: { [imported]: `jsr:${imported}@^0.1.0` },
  },
};
for (const [how, config] of Object.entries(configs)) {
  Deno.test(`a program beside a copy finds all entries by ${how}, and Deno warns of nothing`, async () => {
    await build();
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
      const { success, stdout, stderr } = await elsewhere(
        ["run", "--no-prompt", "--allow-read", `--config=${folder}/deno.json`],
        `import "${imported}/dummy";\nimport "${imported}/futures";\n${programOf(imported)}`,
      );
      assertEquals({ success, stdout, stderr }, {
        success: true,
        stdout: "[ 1, 4, 9 ]\n",
        stderr: "",
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("entries/deno.json names the package as deno.json does", async () => {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
  const [{ name, version, exports }, entries] = [
    await read("deno.json"),
    await read("entries/deno.json"),
  ];
  assertEquals([entries.name, entries.version], [name, version]);
  assertEquals(Object.keys(entries.exports), Object.keys(exports));
  for (const [entry, path] of Object.entries<string>(entries.exports)) {
    const module = await import(new URL(`entries/${path}`, ROOT).href);
    assertEquals(
      Object.keys(module),
      Object.keys(await import(new URL(exports[entry], ROOT).href)),
    );
  }
});
