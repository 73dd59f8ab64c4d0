import { assert, assertEquals } from "@std/assert";
import type { Cell, Results } from "../../bench/results.ts";
import { CURVES, PLOTS } from "../../bench/growth/curves.ts";
import { linesOf } from "../../scripts/line_plot.ts";
import { ROOT } from "../../scripts/source_files.ts";

Deno.test("bench/growth/main.ts measures every curve", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "bench/growth/main.ts", "--quick"]
        .concat(`--output=${file}`),
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const { rows, plots }: Results = JSON.parse(await Deno.readTextFile(file));
    assertEquals(rows.map(({ id }) => id), CURVES.map(({ id }) => id));
    for (const { id, cells } of rows) {
      const [cell, ...others] = Object.values(cells);
      assert(
        "median" in cell && cell.median > 0 && others.length === 0,
        `${id}: ${JSON.stringify(cells)}`,
      );
    }
    assertEquals(plots!.map(({ id }) => id), PLOTS.map(({ id }) => id));
    assertEquals(
      plots!.flatMap(({ rows }) => rows).toSorted(),
      CURVES.map(({ id }) => id).toSorted(),
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("linesOf() draws a level line for a cost that does not grow, and leaves out what failed", () => {
  const cell = (median: number): Cell => ({ median, min: median / 2, max: median * 2, samples: 3 });
  const plot = { id: "calls", title: "`A` call", x: "calls", rows: ["level", "steep"] };
  const columns = ["10", "100", "1000"].map((id) => ({ id, name: id }));
  const row = (id: string, cells: Record<string, Cell>) =>
    ({ id, title: `\`${id}\``, unit: "µs", better: "less", cells }) as const;
  const svg = linesOf(plot, [
    row("steep", { 10: cell(2), 100: { failed: "hung" }, 1000: cell(200) }),
    row("level", { 10: cell(5), 100: cell(5), 1000: cell(5) }),
    row("other", { 10: cell(1e9) }),
  ], columns);
  const [level, steep, ...others] = [...svg.matchAll(/points="(.*?)"/g)]
    .map(([, points]) => points.split(" ").map((point) => point.split(",").map(Number)));
  assertEquals(others, []);
  assertEquals(new Set(level.map(([, y]) => y)).size, 1);
  assertEquals([level.length, steep.length], [3, 2]);
  assert(steep[0][1] > steep[1][1], svg); // up
  assert(level[0][0] === steep[0][0] && level[2][0] === steep[1][0], svg);
  assert(svg.includes(">A call<") && svg.includes(">steep, µs<") && !svg.includes("other"), svg);
});
