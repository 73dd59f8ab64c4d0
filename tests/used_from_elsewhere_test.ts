/**
 * A user's program somewhere else on the disk, with nothing cached, imports the package by URL and
 * from JSR and runs a function of its own in workers, with the permissions that this takes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { serveJsr, servePackage } from "./fixtures/jsr_registry.ts";

const ROOT = new URL("../", import.meta.url);
const GUARD_MS = 120_000;

const programOf = (specifier: string) => `
import { Pool, task } from "${specifier}";

const square = task(import.meta, (x: number) => x * x);

if (import.meta.main) {
  await using pool = new Pool(2);
  console.log(await pool.map(square, [1, 2, 3]));
}
`;

/**
 * Runs the program that imports `specifier` in a folder of its own, and gives what it printed. It
 * may read its folder, because workers import the program; more takes `flags`.
 */
async function runElsewhere(
  specifier: string,
  { flags = [], env }: { flags?: string[]; env?: Record<string, string> },
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, programOf(specifier));
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `--allow-read=${folder}`, ...flags, "main.ts"],
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

Deno.test("a program elsewhere uses the package by URL", async () => {
  await using server = await servePackage(ROOT);
  const { success, stdout, stderr } = await runElsewhere(`${server.origin}/mod.ts`, {
    flags: [`--allow-import=${new URL(server.origin).host}`],
  });
  assertEquals(stdout, "[ 1, 4, 9 ]\n", stderr);
  assertEquals(success, true, stderr);
});

Deno.test("a program elsewhere uses the package from JSR", async () => {
  await using server = await serveJsr(ROOT);
  const { success, stdout, stderr } = await runElsewhere("jsr:@sauropod/multiprocessing", {
    env: { JSR_URL: `${server.origin}/` },
  });
  assertEquals(stdout, "[ 1, 4, 9 ]\n", stderr);
  assertEquals(success, true, stderr);
});
