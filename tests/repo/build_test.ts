/**
 * The published form of the package, bundled into `dist/`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { runExampleWith } from "../examples/run_example.ts";
import { build, CONFIG, ROOT } from "../fixtures/built.ts";

const { exports }: { exports: Record<string, string> } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);

/** Prints the exports of a module, their types, and the names of classes, which messages show. */
const LIST_EXPORTS = `
const module = await import(Deno.args[0]);
const entries = Object.entries(module).map(([key, it]) => [
  key,
  typeof it,
  /^[A-Z]/.test(key) && it.name || "",
]);
console.log(JSON.stringify(entries.sort()));
`;

async function exportsOf(module: string): Promise<string[][]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", LIST_EXPORTS, new URL(module, ROOT).href],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("a build exports what the sources export, and its classes keep their names", async () => {
  await build();
  const built = JSON.parse(await Deno.readTextFile(new URL(CONFIG, ROOT)));
  assertEquals(Object.keys(built.exports), Object.keys(exports));
  for (const [name, source] of Object.entries(exports)) {
    const names = await exportsOf(source);
    assert(names.length > 0, name);
    assertEquals(await exportsOf(built.exports[name]), names, name);
  }
});

/** A module in the answer of `deno info`. */
interface ModuleInfo {
  specifier: string;
  dependencies?: { specifier: string; isDynamic?: boolean }[];
}

/** Returns what a module of the build loads. */
async function modulesOf(module: string): Promise<ModuleInfo[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: ROOT,
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

Deno.test("a build has few modules", async () => {
  await build();
  const loaded = (await modulesOf("dist/mod.js")).filter(({ specifier }) =>
    specifier.endsWith(".js")
  );
  // What the same exports use is a module: each export may make one more.
  assert(loaded.length > 1 && loaded.length < 30, String(loaded.length));
});

Deno.test("a build loads modules of Node, which take long to load, only when they are needed", async () => {
  await build();
  const modules = [...await modulesOf("dist/mod.js"), ...await modulesOf("dist/workers/worker.js")];
  const imports = modules.flatMap(({ dependencies }) => dependencies ?? [])
    .filter(({ specifier }) => specifier.startsWith("node:"));
  assert(imports.length > 0);
  assertEquals(imports.filter(({ isDynamic }) => isDynamic !== true), []);
});

Deno.test("Pool rejects an object of another copy of the package", async () => {
  await build();
  const program = `
    import { Pool } from "${new URL("dist/mod.js", ROOT)}";
    import { Lock } from "${new URL("mod.ts", ROOT)}";
    await using pool = new Pool(1);
    await pool.apply(String, [{ lock: new Lock() }]).catch(({ message }) => console.log(message));
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", program] }).output();
  assertEquals(
    new TextDecoder().decode(stdout),
    "Cannot send args[0].lock: a Lock of another copy of this package cannot cross: " +
      "import the package from one place\n",
  );
});

for (
  const [example, ...args] of [
    ["pool_map"],
    ["errors"],
    ["futures"],
    ["doubler"],
    ["logging"],
    ["pipe"],
    ["lock"],
    ["manager"],
    ["shared_grid"],
    ["map_reduce_critical"],
    ["array_expression", "--quick"],
    ["joblib_parallel"],
    ["monte_carlo_pi", "--quick"],
    ["thread_local"],
  ]
) {
  Deno.test(`the example ${example} runs on a build`, async () => {
    await build();
    const { code, errors } = await runExampleWith([`--config=${CONFIG}`], example, ...args);
    assertEquals(code, 0, errors.join("\n"));
  });
}
