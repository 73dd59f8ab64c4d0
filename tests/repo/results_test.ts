import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Results } from "../../bench/results.ts";
import {
  barsOf,
  DOCUMENTS,
  PLOTS,
  plotsOf,
  readResults,
  tableOf,
  withTables,
} from "../../scripts/results.ts";
import { ROOT } from "../../scripts/source_files.ts";

const RESULTS: Results = {
  title: "Pools",
  command: "deno task bench:pools",
  date: "2030-01-02",
  machine: { cpu: "a processor", cores: 2, memoryGiB: 8, os: "linux 1", load: 0 },
  versions: { Deno: "2.9.6" },
  columns: [{ id: "ours", name: "this package" }, { id: "raw", name: "`postMessage`" }, {
    id: "other",
    name: "other",
  }],
  rows: [
    {
      id: "time",
      title: "a call",
      unit: "ms",
      better: "less",
      cells: {
        ours: { median: 12345.6, min: 1, max: 20000, samples: 5 },
        raw: { median: 0.12345, min: 0.1, max: 1, samples: 5, note: "copied" },
        other: { failed: "hung: no result within 60 s" },
      },
    },
    {
      id: "rate",
      title: "calls",
      unit: "calls/s",
      better: "more",
      cells: {
        ours: { median: 2, min: 2, max: 2, samples: 5 },
        raw: { median: 1, min: 1, max: 1, samples: 5 },
      },
    },
  ],
};

Deno.test("tableOf() shows medians, the best of a row, notes and failures", () => {
  assertEquals(
    tableOf(RESULTS),
    `|  | this package | \`postMessage\` | other |
| --- | ---: | ---: | ---: |
| a call, ms | 12,300 | **0.123** (copied) | hung |
| calls, calls/s (more is better) | **2** | 1 |  |

Medians of 5 rounds; the best of a row is bold. An empty cell: it does not offer this. ` +
      `Measured on 2030-01-02 with Deno 2.9.6, on 2 cores (a processor, 8 GiB, linux 1), which had ` +
      `nothing else to do. \`deno task bench:pools\` measures it on your machine.

- other, a call: hung: no result within 60 s`,
  );
});

Deno.test("tableOf() says when other programs used the machine", () => {
  const busy = tableOf({ ...RESULTS, machine: { ...RESULTS.machine, load: 3 } });
  assert(busy.includes("which other programs used too (load 3)"), busy);
});

Deno.test("withTables() replaces the tables of a document, with the rows and columns it names", async () => {
  const all = new Map([["pools", RESULTS]]);
  const marker = "<!-- results: pools rows=rate columns=raw,ours -->";
  const text = await withTables(`# A\n\n${marker}\nOUTDATED\n<!-- end -->\n\nB\n`, all);
  assert(text.includes(`| calls, calls/s (more is better) |`), text);
  assert(!text.includes("a call,") && !text.includes("OUTDATED") && text.endsWith("B\n"), text);
  assertEquals(await withTables(text, all), text);
  await assertRejects(() => withTables(text, new Map()), Error, "no bench/results/pools.json");
  const wrong = text.replace("rows=rate", "rows=none");
  await assertRejects(() => withTables(wrong, all), Error, "has no none");
});

Deno.test("barsOf() draws the best contender first, and what failed last", () => {
  const [time, rate] = RESULTS.rows.map((row) => barsOf(row, RESULTS.columns));
  const order = (svg: string) =>
    [...svg.matchAll(/<text [^>]*text-anchor="end">(.*?)</g)].map(([, name]) => name);
  assertEquals(order(time), ["postMessage", "this package", "other"]);
  assertEquals(order(rate), ["this package", "postMessage"]);
  assert(time.includes(">0.123 ms (copied)<") && time.includes(">hung<"), time);
});

Deno.test("The tables and plots of the documentation are made from bench/results", async () => {
  const all = await readResults();
  for (const path of DOCUMENTS) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    assertEquals(await withTables(text, all), text, `${path}: run deno task bench:tables`);
  }
  const plots = plotsOf(all);
  for (const [name, svg] of plots) {
    assertEquals(await Deno.readTextFile(new URL(name, PLOTS)), svg, "run deno task bench:tables");
  }
  const files = (await Array.fromAsync(Deno.readDir(PLOTS))).map(({ name }) => name);
  assertEquals(files.toSorted(), [...plots.keys()].toSorted());
});
