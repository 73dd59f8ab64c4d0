import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomVolume } from "../../examples/images/voxels/arrays.ts";
import { runExample } from "./run_example.ts";

type Shape = [number, number, number];

/** Returns the expected line of an example with one of its results. */
function expectedLine(shape: Shape, z: number, y: number, x: number): string {
  const value = randomVolume(shape).get(z, y, x);
  return `exp(${value.toFixed(4)}) = ${Math.exp(value).toFixed(4)}`;
}

Deno.test("voxels_serial computes all voxels one after the other", async () => {
  const { code, lines } = await runExample("voxels_serial", "--quick");
  assertEquals(code, 0);
  assertEquals(lines.slice(0, 3), [
    "Id: 0: Processing 4096 voxels",
    "Id: 0: Done",
    expectedLine([16, 16, 16], 1, 2, 3),
  ]);
  assertMatch(lines[3], /^Data processing took \d+\.\d\d seconds$/);
});

Deno.test("voxels_process computes equal chunks in as many processes", async () => {
  for (const [args, workers] of [[[], 4], [["--workers", "2"], 2]] as const) {
    const { code, lines } = await runExample("voxels_process", "--quick", ...args);
    assertEquals(code, 0);
    for (let id = 0; id < workers; id++) {
      const started = lines.indexOf(`Starting worker for chunk ${id}`);
      const begun = lines.indexOf(`Id: ${id}: Processing ${4096 / workers} voxels`);
      const done = lines.indexOf(`Id: ${id}: Done`);
      assert(0 <= started && started < begun && begun < done, lines.join("\n"));
    }
    assertEquals(lines.at(-1), "Same result: yes");
  }
});

Deno.test("voxels_process rejects a number of chunks that are not equal", async () => {
  const { code, errors } = await runExample("voxels_process", "--workers", "3");
  assertEquals([code, errors.length], [2, 1]);
});

Deno.test("voxels_pool_map computes slices and concatenates them", async () => {
  const { code, lines } = await runExample("voxels_pool_map", "--quick");
  assertEquals(code, 0);
  assertEquals(lines.slice(0, 4), [
    "Input data shape=(23, 13, 11)",
    "Processing 23 parts with 4 workers",
    "Processed data, output shape=(23, 13, 11)",
    expectedLine([23, 13, 11], 22, 2, 3),
  ]);
});

Deno.test("voxels_progress_queue shows a percentage that climbs to 100", async () => {
  const { code, lines } = await runExample("voxels_progress_queue", "--quick");
  assertEquals(code, 0);
  assertEquals(lines.slice(0, 2), [
    "Input data shape=(23, 19, 17)",
    "We are processing 23 parts with 4 workers",
  ]);
  const percentages = lines.filter((line) => line.endsWith("% complete")).map(parseFloat);
  assertEquals(percentages, percentages.toSorted((a, b) => a - b));
  assertEquals(percentages.at(-1), 100);
  assertEquals(lines.slice(-3, -1), [
    "Processed data, output shape=(23, 19, 17)",
    expectedLine([23, 19, 17], 22, 2, 3),
  ]);
});

Deno.test("voxels_threads computes one chunk after the other in threads, and the same in processes", async () => {
  const { code, lines, errors } = await runExample("voxels_threads", "--quick");
  assertEquals([code, errors], [0, []]);
  const [one, threads, processes] = ["One core", "Threads", "Processes"].map((name) =>
    lines.findIndex((line) =>
      /^.*: data processing took \d+\.\d\d seconds$/.test(line) && line.startsWith(name)
    )
  );
  assertEquals(one, 0);
  const ids = [0, 1, 2, 3];
  assertEquals(lines.slice(1, threads), [
    ...ids.map((id) => `Starting worker for chunk ${id}`),
    ...ids.flatMap((id) => [`Id: ${id}: Processing 1024 voxels`, `Id: ${id}: Done`]),
  ]);
  assertEquals(lines[threads + 1], "Threads: same result: yes");
  assertEquals(
    lines.slice(threads + 2, processes).toSorted(),
    lines.slice(1, threads).toSorted(),
  );
  assertEquals(lines.slice(processes + 1), ["Processes: same result: yes"]);
});
