/**
 * Loops: on one thread, on two workers written by hand, with the package, and with numba.
 *
 * @module
 */

import {
  lazy,
  parallelFor,
  parallelForSync,
  parallelReduce,
  parallelReduceSync,
  prange,
  sharedArray,
} from "@sauropod/multiprocessing";
import { compileDistances } from "../examples/loops/kernels/distances.ts";
import { copyAndSum, distances, integral, mapElements } from "./kernels.ts";
import { type Contender, type Scenario, timed, timedNow } from "./measure.ts";
import type { PythonPeer } from "./python_peer.ts";
import type { RawWorkers } from "./raw.ts";
import { type Kernel, simdRow } from "./tasks.ts";

/** The scenarios; `scale` shrinks them. */
export function loops(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  scale: number,
  repeats: number,
): Scenario[] {
  const points = Math.round(100_000_000 * scale);
  return [
    theIntegral(raw, python, points, repeats),
    theExpression(raw, python, Math.round(10_000_000 * scale), repeats),
    thePairs(raw, python, scale === 1 ? 500 : 50, repeats),
    theCopy(raw, python, Math.round(16 * 2 ** 20 * scale), repeats),
    theElements(raw, python, Math.round(1_000_000 * scale), repeats),
  ];
}

/** Halves of the work for the two workers. */
function halves<T>(length: number, ask: (from: number, to: number) => Promise<T>): Promise<T[]> {
  const middle = length >> 1;
  return Promise.all([ask(0, middle), ask(middle, length)]);
}

function numba(python: PythonPeer | undefined, name: string, size: number): Contender[] {
  return python === undefined ? [] : [python.contender("numba, prange", name, size)];
}

function theIntegral(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  points: number,
  repeats: number,
): Scenario {
  const dx = 2 / points;
  const options = { combine: "+", constants: { dx } } as const;
  const body = (i: number, { dx }: { dx: number }) => {
    const x = i * dx;
    return x * x - x;
  };
  return {
    name: `integral over ${points} points`,
    unit: "ms",
    repeats,
    contenders: [
      ["plain loop", () => timedNow(() => integral(0, points, dx))],
      [
        "by hand",
        () =>
          timed(() =>
            halves(points, (from, to) => raw.ask((id) => ({ kind: "integral", id, from, to, dx })))
          ),
      ],
      ["parallelReduce", () => timed(() => parallelReduce(points, body, options))],
      ["parallelReduceSync", () => timedNow(() => parallelReduceSync(points, body, options))],
      ...numba(python, "integral", points),
    ],
  };
}

function theExpression(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  points: number,
  repeats: number,
): Scenario {
  const dx = 2 / points;
  const x = lazy(prange(points)).mul(dx);
  const expression = x.pow(2).sub(x);
  return {
    name: `(X**2 - X).sum() of ${points} points`,
    unit: "ms",
    repeats: 3 * repeats,
    contenders: [
      ["plain loop", () => timedNow(() => integral(0, points, dx))],
      [
        "by hand",
        () =>
          timed(() =>
            halves(points, (from, to) => raw.ask((id) => ({ kind: "integral", id, from, to, dx })))
          ),
      ],
      ["lazy, sum", () => timed(() => expression.sum())],
      ["lazy, sumSync", () => timedNow(() => expression.sumSync())],
      ...(python === undefined
        ? []
        : [python.contender("numba, array expression", "expression", points)]),
    ],
  };
}

function thePairs(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  rows: number,
  repeats: number,
): Scenario {
  const columns = rows / 5;
  const vectors = sharedArray("float64", Array.from({ length: rows * columns }, Math.random));
  const result = sharedArray("float64", rows * rows);
  const pages = Math.ceil((vectors.byteLength + result.byteLength) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float64Array(memory.buffer).set(vectors);
  const kernel: Kernel = { module: compileDistances(), memory, rows, columns };
  const context = { vectors, result, rows, columns };
  const body = (i: number, { vectors, result, rows, columns }: typeof context) => {
    const row = vectors.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < rows; j++) {
      const other = j * columns;
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const difference = row[k] - vectors[other + k];
        sum += difference * difference;
      }
      result[i * rows + j] = Math.sqrt(sum);
    }
  };
  return {
    name: `distances of ${rows} vectors of ${columns}`,
    unit: "ms",
    repeats,
    contenders: [
      ["plain loop", () => timedNow(() => distances(vectors, result, rows, columns, 0, rows))],
      ["by hand", () =>
        timed(() =>
          halves(
            rows,
            (from, to) =>
              raw.ask((id) => ({
                kind: "distances",
                id,
                vectors,
                result,
                rows,
                columns,
                from,
                to,
              })),
          )
        )],
      ["parallelFor", () => timed(() => parallelFor(rows, body, { context }))],
      ["parallelForSync", () => timedNow(() => parallelForSync(rows, body, { context }))],
      [
        "parallelForSync, WebAssembly",
        () => timedNow(() => parallelForSync(rows, simdRow, { context: kernel })),
      ],
      ...numba(python, "pairwise", rows),
    ],
  };
}

function theCopy(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  length: number,
  repeats: number,
): Scenario {
  const input = sharedArray("float64", length);
  for (let i = 0; i < length; i++) input[i] = i;
  const output = sharedArray("float64", length);
  const options = { combine: "+", context: { input, output } } as const;
  const body = (i: number, { input, output }: typeof options.context) => {
    output[i] = input[i];
    return input[i];
  };
  return {
    name: `copy and sum of ${Math.round(length / 131_072)} MiB`,
    unit: "ms",
    repeats,
    contenders: [
      ["plain loop", () => timedNow(() => copyAndSum(input, output, 0, length))],
      ["by hand", () =>
        timed(() =>
          halves(
            length,
            (from, to) => raw.ask((id) => ({ kind: "copy", id, input, output, from, to })),
          )
        )],
      ["parallelReduce", () => timed(() => parallelReduce(length, body, options))],
      ["parallelReduceSync", () => timedNow(() => parallelReduceSync(length, body, options))],
      ...numba(python, "copy", length),
    ],
  };
}

function theElements(
  raw: RawWorkers,
  python: PythonPeer | undefined,
  length: number,
  repeats: number,
): Scenario {
  const input = sharedArray("float64", length);
  for (let i = 0; i < length; i++) input[i] = i / length;
  const output = sharedArray("float64", length);
  const context = { input, output };
  const body = (i: number, { input, output }: typeof context) => {
    output[i] = input[i] * input[i] - input[i];
  };
  return {
    name: `x² - x of a shared array of ${length}`,
    unit: "us",
    repeats: 5 * repeats,
    contenders: [
      ["plain loop", () => timedNow(() => mapElements(input, output, 0, length))],
      ["by hand", () =>
        timed(() =>
          halves(
            length,
            (from, to) => raw.ask((id) => ({ kind: "elements", id, input, output, from, to })),
          )
        )],
      ["parallelFor", () => timed(() => parallelFor(length, body, { context }))],
      ["parallelForSync", () => timedNow(() => parallelForSync(length, body, { context }))],
      ...numba(python, "elements", length),
    ],
  };
}
