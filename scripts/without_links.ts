/**
 * Runs the tests with JSR's `@std` packages in place of those in scripts/std, which needs jsr.io:
 * with a copy of deno.json that has no `links`. Arguments go to `deno test`.
 *
 * @module
 */
import { ROOT } from "./source_files.ts";

const COPY = "deno.jsr.json";

const { links: _, ...config } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
await Deno.writeTextFile(new URL(COPY, ROOT), JSON.stringify(config));
try {
  const test = new Deno.Command(Deno.execPath(), {
    args: ["test", `--config=${COPY}`, "--no-lock", "--allow-all", "--doc", ...Deno.args],
    cwd: ROOT,
  });
  Deno.exitCode = (await test.spawn().status).code;
} finally {
  await Deno.remove(new URL(COPY, ROOT));
}
