import { assert, assertEquals } from "@std/assert";
import { limitLoops } from "../../bench/limit/loops.ts";
import type { Results } from "../../bench/results.ts";
import { ROOT } from "../../scripts/source_files.ts";

Deno.test("bench/limit/main.ts measures every loop, without Python and a compiler of C too", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "bench/limit/main.ts", "--quick"]
        .concat("--python=no-python", "--cc=no-cc", `--output=${file}`),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const { rows, columns }: Results = JSON.parse(await Deno.readTextFile(file));
    assertEquals(columns.map(({ id }) => id), ["plain", "awaited", "blocking"]);
    assertEquals(rows.map(({ id }) => id), limitLoops(0.001).map(({ id }) => id));
    for (const { id, cells } of rows) {
      const values = Object.values(cells);
      assertEquals(values.length, 3);
      assert(values.every((cell) => "median" in cell && cell.median > 0), id);
    }
  } finally {
    await Deno.remove(file);
  }
});
