/**
 * E3: Workers change rows of a shared grid, with tasks from a JoinableQueue: in parts, then all at once.
 *
 * Python: `Array('d', rows * cols, lock=False)`, seen through NumPy as a grid, and tasks such as
 * `{'task': 'inc_rows', 'data': {'start': 0, 'end': 3}}`; 20.2 s in parts, 33.2 s at once. The first
 * time includes the start of the workers, and one of two workers has at least six of the ten rows. So
 * parts are at most 1.7 times as fast, and come close to that with more than a million iterations.
 *
 * @module
 */
import { JoinableQueue, Process, task } from "@sauropod/multiprocessing";
import { type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { identical, yesOrNo } from "../support/times.ts";

const HELP = `
Adds a number a million times to each element of a shared 10x10 grid: in four tasks, then in one.

deno run --allow-read examples/arrays/shared_grid.ts [--workers N] [--iterations N] [--quick]
`;

type Task =
  | { task: "inc_rows"; data: { start: number; end: number } }
  | { task: "exit" };

const work = task(import.meta, (queue: JoinableQueue<Task>, grid: NdArray, iterations: number) => {
  for (;;) {
    const next = queue.getSync();
    if (next.task === "exit") break;
    incRows(grid, next.data.start, next.data.end, iterations);
    queue.taskDone();
  }
  console.log("(sub-process ends)");
});

function incRows(grid: NdArray, start: number, end: number, iterations: number): void {
  console.log(`Doing ${start}-${end}`);
  for (let row = start; row < end; row++) {
    for (let col = 0; col < grid.shape[1]; col++) {
      for (let i = 0; i < iterations; i++) {
        grid.set(row, col, grid.get(row, col) + (0.000001 * col + row));
      }
    }
  }
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "iterations"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const iterations = readInteger(
    "iterations",
    options.iterations,
    options.quick ? 1000 : 1_000_000,
  );

  const queue = new JoinableQueue<Task>();
  const rows = 10;
  const grid = zeros([rows, 10], "float64");
  const processes = Array.from(
    { length: workers },
    () => new Process({ target: work, args: [queue, grid, iterations] }),
  );
  for (const process of processes) process.start();

  const answers: number[][] = [];
  for (const size of [3, rows]) {
    for (let at = 0; at < grid.size; at++) grid.data[at] = 0;
    const { seconds } = await timed(async () => {
      for (let start = 0; start < rows; start += size) {
        const data = { start, end: Math.min(rows, start + size) };
        await queue.put({ task: "inc_rows", data });
      }
      await queue.join();
    });
    console.log(`done in ${seconds.toFixed(3)} s`);
    answers.push([...grid.data]);
  }
  console.log(`Same grid: ${yesOrNo(identical(answers[0], answers[1]))}`);
  console.log(`Last element: ${answers[0].at(-1)}`);

  for (const _ of processes) await queue.put({ task: "exit" });
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("shared_grid", main);
