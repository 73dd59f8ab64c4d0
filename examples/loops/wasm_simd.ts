/**
 * C9: Computes a distance matrix in a parallel loop over rows, by a plain body and by a kernel of one's own.
 *
 * The package compiles the plain body to WebAssembly with vectors. A kernel that is written by hand is for what
 * it cannot compile. This one is written in the text format. It uses a memory that all loop workers share. The
 * module is compiled once. It and the memory are in the loop's context, and each loop worker makes an instance.
 *
 * @module
 */
import { cpuCount, task } from "@sauropod/multiprocessing";
import { explainLoop, parallelForSync } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { compileDistances, type Row } from "./kernels/distances.ts";

const HELP = `
Computes the distances between all rows of a matrix by two loops, with a plain body and with
WebAssembly that is written by hand, each on one thread and on more.

deno run --allow-read examples/loops/wasm_simd.ts [--rows N] [--columns N] [--workers N] [--quick]

--rows N      number of rows (default 500)
--columns N   numbers in a row (default 100)
--workers N   number of threads (default: the number of cores)
--quick       60 rows
`;

/** The context of the loop with the plain body. */
interface Arrays {
  X: Float64Array;
  D: Float64Array;
  rows: number;
  columns: number;
}

/** The context of the loop with the kernel: `X` begins at byte 0 of the memory, `D` at `out`. */
interface Kernel {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  rows: number;
  columns: number;
  out: number;
}

function plainRow(i: number, { X, D, rows, columns }: Arrays): void {
  for (let j = 0; j < rows; j++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) {
      const d = X[i * columns + k] - X[j * columns + k];
      sum += d * d;
    }
    D[i * rows + j] = Math.sqrt(sum);
  }
}

/** The instances of this loop worker. */
const instances = new WeakMap<WebAssembly.Memory, Row>();

const simdRow = task(import.meta, (i: number, kernel: Kernel) => {
  const { module, memory, rows, columns, out } = kernel;
  let row = instances.get(memory);
  if (row === undefined) {
    row = new WebAssembly.Instance(module, { env: { memory } }).exports.row as unknown as Row;
    instances.set(memory, row);
  }
  row(i, rows, columns, 0, out);
});

/** Makes a shared memory of at least `bytes` bytes. */
function sharedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / 65536);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["rows", "columns", "workers"] });
  const rows = readInteger("rows", options.rows, options.quick ? 60 : 500, { max: 5000 });
  const columns = readInteger("columns", options.columns, 100, { max: 5000 });
  const threads = readInteger("workers", options.workers, cpuCount(), { max: 64 });

  const out = rows * columns * 8;
  const memory = sharedMemory(out + rows * rows * 8);
  const X = sharedArray("float64", Array.from({ length: rows * columns }, Math.random));
  const D = sharedArray("float64", rows * rows);
  new Float64Array(memory.buffer).set(X);
  const kernelD = new Float64Array(memory.buffer, out, rows * rows);

  const arrays: Arrays = { X, D, rows, columns };
  const kernel: Kernel = { module: compileDistances(), memory, rows, columns, out };
  const loops: [name: string, result: Float64Array, run: (numThreads: number) => void][] = [
    [
      "plain body",
      D,
      (numThreads) => parallelForSync(rows, plainRow, { context: arrays, numThreads }),
    ],
    [
      "written by hand",
      kernelD,
      (numThreads) => parallelForSync(rows, simdRow, { context: kernel, numThreads }),
    ],
  ];
  const counts = threads === 1 ? [1] : [1, threads];
  const runs = options.quick ? 3 : 15;
  const best = loops.map(() => counts.map(() => Infinity));
  const results: Float64Array[] = []; // of the last run
  // In turn: the speed of a shared machine changes from second to second.
  for (let run = 0; run < runs; run++) {
    for (const [at, [, result, loop]] of loops.entries()) {
      for (const [count, numThreads] of counts.entries()) {
        result.fill(NaN);
        const { seconds } = await timed(() => loop(numThreads));
        best[at][count] = Math.min(best[at][count], seconds);
      }
      results[at] = result.slice();
    }
  }
  console.log(String(explainLoop(rows, plainRow, { context: arrays })));
  console.log(`${rows} x ${columns}, the best of ${runs} runs:`);
  for (const [at, [name]] of loops.entries()) {
    const times = best[at].map((seconds, count) =>
      `${(seconds * 1000).toFixed(2)} ms on ${counts[count]}`.padStart(16)
    );
    const speed = `${(best[0].at(-1)! / best[at].at(-1)!).toFixed(2)} x`.padStart(8);
    console.log(`${name.padEnd(22)}${times.join("")}${speed}`);
  }
  console.log(
    `largest difference: ${
      largestDifference(results[0], results[1]) < 1e-12 ? "below 1e-12" : "LARGE"
    }`,
  );
}

function largestDifference(left: Float64Array, right: Float64Array): number {
  let largest = 0;
  for (let at = 0; at < left.length; at++) {
    const difference = Math.abs(left[at] - right[at]);
    if (!(difference <= largest)) largest = difference; // NaN too
  }
  return largest;
}

if (import.meta.main) await runExample("wasm_simd", main);
