import { assertEquals } from "@std/assert";
import type { Results } from "../../bench/results.ts";
import { denoContenders } from "../../bench/peers/contenders.ts";
import { SCENARIOS } from "../../bench/peers/scenarios.ts";
import { ROOT } from "../../scripts/source_files.ts";

/** Runs bench/peers/main.ts, and returns its results. */
async function resultsOf(...options: string[]): Promise<Results> {
  const file = await Deno.makeTempFile();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "bench/peers/main.ts", "--quick"]
        .concat(`--output=${file}`, ...options),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(file);
  }
}

/** Returns the cells that have a number, and those that have none with the reason. */
function cellsOf({ rows, columns }: Results): Record<string, string | undefined> {
  return Object.fromEntries(rows.flatMap(({ id, cells }) =>
    columns.map((column) => {
      const cell = cells[column.id] ?? { failed: "not offered" };
      return [`${column.id} ${id}`, "failed" in cell ? cell.failed : "measured"];
    })
  ));
}

Deno.test("bench/peers/main.ts measures each contender", async () => {
  const ids = denoContenders().map(({ id }) => id);
  assertEquals(
    cellsOf(await resultsOf("--only=start,objects", "--python=")),
    Object.fromEntries(
      ["start", "objects"].flatMap((row) => ids.map((id) => [`${id} ${row}`, "measured"])),
    ),
  );
});

Deno.test("bench/peers/main.ts measures every scenario", async () => {
  assertEquals(
    cellsOf(await resultsOf("--contender=ours,raw", "--python=")),
    Object.fromEntries(
      SCENARIOS.flatMap(({ id }) => [
        [`ours ${id}`, id === "moved" ? "not offered" : "measured"],
        [`raw ${id}`, "measured"],
      ]),
    ),
  );
});

Deno.test("bench/peers/main.ts shows what is not offered, and what hangs", async () => {
  const results = await resultsOf(
    "--only=abort",
    "--contender=multithreading,comlink",
    "--python=",
  );
  assertEquals(cellsOf(results), {
    "multithreading abort": "hung: the next call did not end within 5 s",
    "comlink abort": "not offered",
  });
});
