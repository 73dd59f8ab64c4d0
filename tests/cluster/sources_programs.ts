/**
 * Folders, and a program, for the tests of the modules that travel.
 *
 * @module
 */
import { assert } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A folder that is removed at the end. */
export async function temporary() {
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
export async function deno(...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  return text.decode(stdout).trim();
}

/** A program: some modules, JSON, a package of npm, and imports of what is not there. */
export const PROGRAM = {
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
