import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  codeOf,
  headingOf,
  notebookFile,
  notebookNames,
  readNotebook,
  runCells,
} from "../../scripts/notebook.ts";
import { ROOT, temporaryDirectory } from "./run_example.ts";

/** Longer than any notebook takes that does not hang. */
const GUARD_MS = 300_000;

const names = await notebookNames();

/** Runs cells as `deno task notebook` does, and returns the lines that each printed. */
async function run(cells: string[]): Promise<{ code: number; outputs: string[][] }> {
  const how = { stdout: "piped", signal: AbortSignal.timeout(GUARD_MS) } as const;
  const { code, stdout } = await runCells(cells, new URL("examples/notebooks/", ROOT), how);
  const outputs: string[][] = [];
  for (const line of stdout.split("\n").slice(0, -1)) {
    if (line === headingOf(outputs.length + 1)) outputs.push([]);
    else outputs.at(-1)!.push(line);
  }
  return { code, outputs };
}

/** Asserts that lines match the patterns, in their order. */
function assertInOrder(lines: string[], patterns: RegExp[]): void {
  let at = 0;
  for (const pattern of patterns) {
    const found = lines.findIndex((line, i) => i >= at && pattern.test(line));
    assertNotEquals(found, -1, `no ${pattern} from line ${at} on in:\n${lines.join("\n")}`);
    at = found + 1;
  }
}

Deno.test("notebooks have version 4.5, the kernel deno, and no outputs", async () => {
  assertEquals(names.length, 5);
  for (const name of names) {
    const { cells, metadata, nbformat, nbformat_minor } = await readNotebook(notebookFile(name));
    assertEquals([nbformat, nbformat_minor], [4, 5], name);
    const kernelspec = { display_name: "Deno", language: "typescript", name: "deno" };
    assertEquals(metadata.kernelspec, kernelspec, name);
    assertEquals(new Set(cells.map(({ id }) => id)).size, cells.length, `${name}: ids differ`);
    assertEquals(cells[0].cell_type, "markdown", name);
    for (const { id, cell_type, metadata, source, execution_count, outputs } of cells) {
      const where = `${name}, cell ${id}`;
      assertMatch(id, /^[\w-]{1,64}$/, where);
      assertEquals(metadata, {}, where);
      const lines = source as string[];
      assert(lines.every((line, i) => line.endsWith("\n") === i < lines.length - 1), where);
      assert(lines.join("").trim() !== "", where);
      const expected = cell_type === "code" ? [null, []] : [undefined, undefined];
      assertEquals([execution_count, outputs], expected, where);
      assert(cell_type === "code" || cell_type === "markdown", where);
    }
  }
});

// Deno 2.9.6 considers every notebook as not formatted, so `deno task ok` skips them.
Deno.test("the cells of each notebook are formatted", async () => {
  await using directory = await temporaryDirectory();
  for (const name of names) {
    for (const { id, cell_type, source } of (await readNotebook(notebookFile(name))).cells) {
      const path = `${directory.path}/${name}_${id}.${cell_type === "code" ? "ts" : "md"}`;
      await Deno.writeTextFile(path, `${(source as string[]).join("")}\n`);
    }
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", "--quiet", "--no-config", "--line-width=100", directory.path],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

Deno.test("the cells of each notebook form a module without type errors", async () => {
  await using directory = await temporaryDirectory();
  const paths = await Promise.all(names.map(async (name) => {
    const path = `${directory.path}/${name}.ts`;
    const cells = codeOf(await readNotebook(notebookFile(name)));
    await Deno.writeTextFile(path, `${cells.join("\n;\n")}\nexport {};\n`);
    return path;
  }));
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", fileURLToPath(new URL("deno.json", ROOT)), ...paths],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

Deno.test("runCells() stops at the first cell that fails", async () => {
  for (const broken of ["one.two.three;", "const two = ;", "await Promise.reject(4)"]) {
    const { code, outputs } = await run(["const one: number = 1; console.log(one)", broken, "one"]);
    assertEquals([code, outputs.length, outputs[0]], [1, 2, ["1"]], broken);
    assertMatch(outputs[1][0], /cell_2\.ts/);
  }
  assertEquals(await run(["let a = 1", "a += 1", "let a = 5; a", "console.log(a)"]), {
    code: 0,
    outputs: [[], [], [], ["5"]],
  });
});

/** Checks of the output of each notebook. */
const checks: Record<string, (lines: string[]) => void> = {
  "1_image_on_all_cores"(lines) {
    assertInOrder(lines, [
      /^this machine has \d+ cores$/,
      /^one core: [0-9.]+ s$/,
      /^4096 voxels, the first is 0\.578620$/,
      /^four threads: [0-9.]+ s$/,
      /^same result: true$/,
      /^four processes: [0-9.]+ s$/,
      /^same result: true$/,
      /^copied: 0 0 0 0$/,
      /^shared: 1 1 1 1$/,
      /^23 tasks, shape in 23,13,11, shape out 23,13,11$/,
      /^same result: true$/,
      /^slice 2 has 143 voxels$/,
      /^0% complete$/,
      /^100% complete$/,
      /^23 slices are back$/,
    ]);
    const percents = lines.flatMap((line) => line.match(/^(\d+)% complete$/)?.[1] ?? []).map(
      Number,
    );
    assertEquals(percents, percents.toSorted((a, b) => a - b));
  },
  "2_threads_locks_and_pools"(lines) {
    const text = lines.join("\n");
    const count = (pattern: RegExp) => text.match(pattern)?.length;
    assertEquals([count(/^Tick$/gm), count(/^Tock$/gm), count(/^finished$/gm)], [5, 4, 2]);
    assertInOrder(lines, [
      /^Tick$/,
      /^waiting for the thread$/,
      /^finished$/,
      /^joining the thread$/,
      /^finished$/,
      /^done$/,
      /^is a daemon: true$/,
      /^0 Woozle 0 Woozle 0 Woozle Wuzzle$/,
      ...Array.from({ length: 6 }, () => /^[01] Woozle Wuzzle$/),
      ...Array.from({ length: 2 }, () => [
        /^first starts$/,
        /^first ends$/,
        /^second starts$/,
        /^second ends$/,
      ]).flat(),
      /^the mean is 2\.5$/,
      /^processing finished$/,
      /^hello from a process$/,
      /^exit code 0$/,
      /^00\.nii\.gz: \d+$/,
      /^the same again: true$/,
      /^t1 00\.nii\.gz: \d{1,2}$/,
      /^t2 00\.nii\.gz: 1\d\d$/,
      /^ready: false$/,
      /^result: 1,4,9$/,
      /^ready: true$/,
      /^20 matrices$/,
      /^00\.nii\.gz to MNI152_T1_2mm\.nii\.gz: begun with a matrix of trace 4$/,
      /^20 warps$/,
    ]);
  },
  "3_integrals_and_distances"(lines) {
    assertInOrder(lines, [
      /^0\.6467999999999999$/,
      /^map of a pool of 2 +[0-9.]+ ms$/,
      /^(0\.66664666\d+) and \1$/,
      /^4 workers +[0-9.]+ ms$/,
      /^the last integral is 40416\.6$/, // 50³/3 - 50²/2, less half a step
      /^0\.666667 and 0\.666667$/,
      /^0\.666665$/, // a step is larger here
      /^0\.6468$/,
      /^0\.666667$/,
      /^\d+ threads by default$/,
      /^3 threads +[0-9.]+ ms$/,
      /^same distances: true$/,
      /^same distances: true$/,
      /^same distances: true$/,
    ]);
  },
  "4_processes_and_shared_memory"(lines) {
    const text = lines.join("\n").replaceAll(/\[\s+|\s+\]/g, " ").replaceAll(/,\s+/g, ", ");
    assert(text.includes(" 1, 2, 5, 10, 17, 26, 37, 50 "), text);
    assert(text.includes(" 0, 2, 4, 6, 8, 10, 12, 14 "), text);
    assert(text.includes(" 0, 1, 1.4142135623730951, 1.7320508075688772, 2, "), text);
    assertEquals(text.match(/ 0, 1, 4, 9, 16, 25, 36, 49 /g)?.length, 2, text);
    assertEquals(new Set(text.match(/π is about [0-9.]+/g)).size, 1, text);
    assertInOrder(lines, [
      /^hello bob$/,
      /^Process-1 of MainProcess ended with exit code 0$/,
      /^\[ "spawn", "forkserver", "process" \]$/,
      /^RangeError: Cannot get context: method must be .*, not "fork"\. /,
      /^\[ 42, null, "hello" \]$/,
      /^\[ 42, null, "hello" \]$/,
      /^a round trip takes \d+ µs$/,
      /^4000$/,
      /^3\.1415927$/,
      /^0 -1 -2 -3 -4 -5 -6 -7$/,
      /^0-25, 25-50, 50-75, 75-100$/,
      /^0 1 1\.414 1\.732 2 2\.236 2\.449 2\.646 2\.828 3$/,
      /^1 workers: π is about 3\.14\d+, after [0-9.]+ s$/,
      /^Process-\d+, Process-\d+, Process-\d+, Test$/,
      /^45$/,
      /^the sum is 137438691328$/, // n (n - 1) / 2 for n = 8 · 65536
      /^everything is copied: true$/,
    ]);
    const doubled = lines.filter((line) => line.includes(" doubled is ")).sort();
    assertEquals(doubled, [10, 15, 2, 5].map((n) => `${n} doubled is ${2 * n}`));
    assertEquals(lines.filter((line) => /^chunk \d+ done$/.test(line)).length, 8);
  },
  "5_task_queues"(lines) {
    const ids = lines.slice(0, 5).map((line) => line.match(/process(?: \d)?: (\d+)$/)![1]);
    assertEquals(new Set(ids).size, 5);
    const done = lines.flatMap((line) => line.match(/does task (\d+)$/)?.[1] ?? []).map(Number);
    assertEquals(done.sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const last = lines.findLastIndex((line) => line.includes("does task"));
    assert(lines.indexOf("all tasks are done") > last, lines.join("\n"));
    assertEquals(lines.filter((line) => line.endsWith("has nothing to do and ends")).length, 4);
    assertInOrder(lines, [
      /^all workers have ended$/,
      /^4 parts: \d+ ms$/,
      /^1 parts: \d+ ms$/,
      /^same grid: true$/,
      /^the last element is 9000009\.0$/,
      /^exit codes: 0, 0$/,
    ]);
  },
};

for (const name of names) {
  Deno.test(`notebook ${name} runs to its end and prints the expected lines`, async () => {
    const cells = codeOf(await readNotebook(notebookFile(name)));
    const { code, outputs } = await run(cells);
    assertEquals([code, outputs.length], [0, cells.length], outputs.flat().join("\n"));
    checks[name](outputs.flat());
  });
}
