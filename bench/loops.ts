/**
 * Loops: on one core, on two hand-written workers, with the package, and with numba.
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
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { compileDistances } from "../examples/loops/kernels/distances.ts";
import { copyAndSum, distances, integral, mapElements } from "./kernels.ts";
import { type Contender, type Scenario, timed, timedNow } from "./measure.ts";
import { type Peer, pythonContender } from "./python_peer.ts";
import type { RawWorkers } from "./raw.ts";
import type { Request } from "./raw_worker.ts";
import { type Kernel, simdRow } from "./tasks.ts";

/** A loop, with the ways to run it. */
interface Loop extends Omit<Scenario, "contenders"> {
  /** The number of its indices. */
  length: number;
  /** Runs it on one core. */
  plain: () => void;
  /** Returns the request for a hand-written worker. */
  part: (id: number, from: number, to: number) => Request;
  /** The contenders of the package. */
  parallel: Contender[];
  /** Its name in the Python script, and the contender's title if it does not use `prange`. */
  python: { name: string; title?: string };
}

/** Returns the scenarios; a `scale` below 1 makes them smaller. */
export function loops(
  raw: RawWorkers,
  python: Peer | undefined,
  scale: number,
  repeats: number,
): Scenario[] {
  return [
    integralLoop(Math.round(100_000_000 * scale), repeats),
    expressionLoop(Math.round(10_000_000 * scale), repeats),
    distancesLoop(scale === 1 ? 500 : 50, repeats),
    copyLoop(Math.round(16 * 2 ** 20 * scale), repeats),
    elementsLoop(Math.round(1_000_000 * scale), repeats),
  ].map((loop) => scenarioOf(loop, raw, python));
}

function scenarioOf(loop: Loop, raw: RawWorkers, peer: Peer | undefined): Scenario {
  const { name, unit, repeats, length, plain, part, parallel, python } = loop;
  const middle = length >> 1;
  const request = (from: number, to: number) => raw.request((id) => part(id, from, to));
  return {
    name,
    unit,
    repeats,
    contenders: [
      ["plain loop", () => timedNow(plain)],
      ["by hand", () => timed(() => Promise.all([request(0, middle), request(middle, length)]))],
      ...parallel,
      ...pythonContender(peer, python.title ?? "numba, prange", python.name, length),
    ],
  };
}

function integralLoop(points: number, repeats: number): Loop {
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
    length: points,
    plain: () => integral(0, points, dx),
    part: (id, from, to) => ({ kind: "integral", id, from, to, dx }),
    parallel: [
      ["parallelReduce", () => timed(() => parallelReduce(points, body, options))],
      ["parallelReduceSync", () => timedNow(() => parallelReduceSync(points, body, options))],
    ],
    python: { name: "integral" },
  };
}

function expressionLoop(points: number, repeats: number): Loop {
  const dx = 2 / points;
  const x = lazy(prange(points)).mul(dx);
  const expression = x.pow(2).sub(x);
  return {
    name: `(X**2 - X).sum() of ${points} points`,
    unit: "ms",
    repeats: 3 * repeats,
    length: points,
    plain: () => integral(0, points, dx),
    part: (id, from, to) => ({ kind: "integral", id, from, to, dx }),
    parallel: [
      ["lazy, sum", () => timed(() => expression.sum())],
      ["lazy, sumSync", () => timedNow(() => expression.sumSync())],
    ],
    python: { name: "expression", title: "numba, array expression" },
  };
}

function distancesLoop(rows: number, repeats: number): Loop {
  const columns = rows / 5;
  const vectors = sharedArray("float64", Array.from({ length: rows * columns }, Math.random));
  const result = sharedArray("float64", rows * rows);
  const pages = Math.ceil((vectors.byteLength + result.byteLength) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float64Array(memory.buffer).set(vectors);
  const kernel: Kernel = { module: compileDistances(), memory, rows, columns };
  const context = { vectors, result, rows, columns };
  // Repeats the row of distances(): a function shared by both would slow both down, the plain loop by a
  // third, and would not be a loop as it is usually written.
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
  // The same additions in the same order, but for four vectors at a time, so they need not wait for each other.
  const bodyInFours = (i: number, { vectors, result, rows, columns }: typeof context) => {
    const row = vectors.subarray(i * columns, (i + 1) * columns);
    for (let at = 0; at < rows; at += 4) {
      const j = Math.min(at, rows - 4);
      const a = j * columns;
      const b = a + columns;
      const c = b + columns;
      const d = c + columns;
      let sumA = 0;
      let sumB = 0;
      let sumC = 0;
      let sumD = 0;
      for (let k = 0; k < columns; k++) {
        const x = row[k];
        const differenceA = x - vectors[a + k];
        const differenceB = x - vectors[b + k];
        const differenceC = x - vectors[c + k];
        const differenceD = x - vectors[d + k];
        sumA += differenceA * differenceA;
        sumB += differenceB * differenceB;
        sumC += differenceC * differenceC;
        sumD += differenceD * differenceD;
      }
      const to = i * rows + j;
      result[to] = Math.sqrt(sumA);
      result[to + 1] = Math.sqrt(sumB);
      result[to + 2] = Math.sqrt(sumC);
      result[to + 3] = Math.sqrt(sumD);
    }
  };
  return {
    name: `distances of ${rows} vectors of ${columns}`,
    unit: "ms",
    repeats,
    length: rows,
    plain: () => distances(vectors, result, rows, columns, 0, rows),
    part: (id, from, to) => ({ kind: "distances", id, ...context, from, to }),
    parallel: [
      ["parallelFor", () => timed(() => parallelFor(rows, body, { context }))],
      ["parallelForSync", () => timedNow(() => parallelForSync(rows, body, { context }))],
      [
        "parallelForSync, in fours",
        () => timedNow(() => parallelForSync(rows, bodyInFours, { context })),
      ],
      [
        "parallelForSync, WebAssembly",
        () => timedNow(() => parallelForSync(rows, simdRow, { context: kernel })),
      ],
    ],
    python: { name: "pairwise" },
  };
}

function copyLoop(length: number, repeats: number): Loop {
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
    length,
    plain: () => copyAndSum(input, output, 0, length),
    part: (id, from, to) => ({ kind: "copy", id, input, output, from, to }),
    parallel: [
      ["parallelReduce", () => timed(() => parallelReduce(length, body, options))],
      ["parallelReduceSync", () => timedNow(() => parallelReduceSync(length, body, options))],
    ],
    python: { name: "copy" },
  };
}

function elementsLoop(length: number, repeats: number): Loop {
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
    length,
    plain: () => mapElements(input, output, 0, length),
    part: (id, from, to) => ({ kind: "elements", id, input, output, from, to }),
    parallel: [
      ["parallelFor", () => timed(() => parallelFor(length, body, { context }))],
      ["parallelForSync", () => timedNow(() => parallelForSync(length, body, { context }))],
    ],
    python: { name: "elements" },
  };
}
