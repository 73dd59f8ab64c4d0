import { assertEquals } from "@std/assert";
import { test } from "../fixtures/guarded.ts";

const PARSER = new URL("../../lib/kernels/parse_body.ts", import.meta.url).href;

test("parseBody() finds an obstacle in each body in a project without acorn", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }');
    await Deno.writeTextFile(`${folder}/deno.json`, '{ "nodeModulesDir": "manual" }');
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      `import { parseBody } from "${PARSER}";\n` +
        `console.log(JSON.stringify(parseBody("(i) => i", {})));`,
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "main.ts"],
      cwd: folder,
    }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stderr), "");
    assertEquals(JSON.parse(text.decode(stdout)), {
      obstacle: { reason: "acorn is not installed: npm install acorn", line: 1, column: 1 },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
