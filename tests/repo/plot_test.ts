import { assert, assertEquals } from "@std/assert";
import { rowsOf, shortest, type Speedups } from "../../scripts/measure_examples.ts";
import { plot, pointsOf } from "../../scripts/plot.ts";

const speedups: Speedups = {
  machine: "a machine",
  cores: 2,
  deno: Deno.version.deno,
  scenarios: [{
    id: "C2",
    title: "C2: integrals",
    rows: rowsOf([
      "100 tasks               first         best   speed-up",
      "serial                40.0 ms      40.0 ms     1.00 x",
      "1 worker             100.0 ms      40.0 ms     1.00 x",
      "2 workers            120.0 ms      20.0 ms     2.00 x",
      "Same results: yes",
    ]),
  }],
};

Deno.test("pointsOf() computes speed-ups over the first row", () => {
  assertEquals(pointsOf(speedups), [
    { scenario: "C2: integrals", workers: 1, speedUp: 1 },
    { scenario: "C2: integrals", workers: 2, speedUp: 2 },
  ]);
});

Deno.test("shortest() takes the shortest time of each row", () => {
  const runs = [[3, 2], [2, 5]].map(([serial, parallel]) => [
    { name: "serial", first: serial, best: serial },
    { name: "2 workers", first: 9, best: parallel },
  ]);
  assertEquals(shortest(runs), [
    { name: "serial", first: 2, best: 2 },
    { name: "2 workers", first: 9, best: 2 },
  ]);
});

Deno.test("plot() draws an SVG that names the curves and the machine", async () => {
  const svg = await plot(speedups);
  assert(svg.startsWith("<svg"), svg.slice(0, 100));
  for (const text of ["C2: integrals", "on 2 cores (a machine)", "workers"]) {
    assert(svg.includes(text), text);
  }
});

Deno.test("docs/speedups.svg is drawn from docs/speedups.json", async () => {
  const docs = new URL("../../docs/", import.meta.url);
  const measured = JSON.parse(await Deno.readTextFile(new URL("speedups.json", docs)));
  assertEquals(
    await plot(measured) + "\n",
    await Deno.readTextFile(new URL("speedups.svg", docs)),
    "run deno task plot",
  );
});
