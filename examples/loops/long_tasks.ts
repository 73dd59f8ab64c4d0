/**
 * C2: Maps an integral over 100 items of 400,000 points: serial, then with 1, 2, 4 and 8 workers.
 *
 * Python: `pool.map(task, range(1, 101))`, 5.9 s serial, 3.2 s with two workers.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";
import { counted, identical, TimesTable, yesOrNo } from "../support/times.ts";
import { integrate } from "./integral.ts";

const HELP = `
Integrates x*x - x from 0 to 1, 0 to 2, ... 0 to 100, each a task of 400,000 points: serially, and in
Pools of 1, 2, 4 ... workers.

deno run --allow-read examples/loops/long_tasks.ts [--workers MAX] [--points N] [--quick]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"] });
  const maxWorkers = readInteger("workers", options.workers, 8, { max: 64 });
  const points = readInteger("points", options.points, options.quick ? 1000 : 400_000);
  const tasks = Array.from({ length: 100 }, (_, i) => [0, i + 1, points] as const);

  const table = new TimesTable("100 tasks");
  const expected = await table.row("serial", () => tasks.map((task) => integrate(...task)));
  let same = true;
  for (let workers = 1; workers <= maxWorkers; workers *= 2) {
    await using pool = new Pool(workers);
    const name = counted(workers, "worker");
    const results = await table.row(name, () => pool.starmap(integrate, tasks));
    same &&= identical(results, expected);
  }
  console.log(`From 0 to 100: ${expected[99]}`);
  console.log(`Same results: ${yesOrNo(same)}`);
}

if (import.meta.main) await runExample("long_tasks", main);
