/**
 * Runs the tests with JSR's `@std` packages in place of those in scripts/std, which needs jsr.io:
 * with a copy of deno.json that imports them. Arguments go to `deno test`.
 *
 * @module
 */
import { ROOT } from "./source_files.ts";

const COPY = "deno.jsr.json";
const ORIGINALS = {
  "@std/assert": "jsr:@std/assert@^1.0.0",
  "@std/async": "jsr:@std/async@^1.0.0",
  "@std/cli/parse-args": "jsr:@std/cli@^1.0.0/parse-args",
};

const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const imports = { ...config.imports, ...ORIGINALS };
await Deno.writeTextFile(new URL(COPY, ROOT), JSON.stringify({ ...config, imports }));
try {
  const test = new Deno.Command(Deno.execPath(), {
    args: ["test", `--config=${COPY}`, "--no-lock", "--allow-all", "--doc", ...Deno.args],
    cwd: ROOT,
  });
  Deno.exitCode = (await test.spawn().status).code;
} finally {
  await Deno.remove(new URL(COPY, ROOT));
}
