/**
 * Loops: on one core, on two hand-written workers, with the package, and with numba.
 *
 * @module
 */

import {
  parallelForSync,
  parallelReduce,
  parallelReduceSync,
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { compileDistances } from "../examples/loops/kernels/distances.ts";
import { copyAndSum } from "./kernels.ts";
import {
  distancesLoop,
  elementsLoop,
  integralLoop,
  type LimitLoop,
  rangeLoop,
  type Vectors,
} from "./limit/loops.ts";
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
    integralScenario(Math.round(100_000_000 * scale), repeats),
    rangeScenario(Math.round(10_000_000 * scale), repeats),
    distancesScenario(scale === 1 ? 500 : 50, repeats),
    copyScenario(Math.round(16 * 2 ** 20 * scale), repeats),
    elementsScenario(Math.round(1_000_000 * scale), repeats),
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

/** The contenders of the package: awaited, and blocking. */
function packageContenders(name: string, loop: LimitLoop): Contender[] {
  return [
    [name, () => timed(loop.awaited)],
    [`${name}Sync`, () => timedNow(loop.blocking)],
  ];
}

/** What a loop and its scenario have in common. */
function common({ title, size, plain }: LimitLoop, repeats: number) {
  return { name: title, unit: "ms", repeats, length: size, plain } as const;
}

function integralScenario(points: number, repeats: number): Loop {
  const loop = integralLoop(points);
  return {
    ...common(loop, repeats),
    part: (id, from, to) => ({ kind: "integral", id, from, to, ...loop.context }),
    parallel: packageContenders("parallelReduce", loop),
    python: { name: "integral" },
  };
}

function rangeScenario(points: number, repeats: number): Loop {
  const loop = rangeLoop(points);
  return {
    ...common(loop, 3 * repeats),
    name: `(X**2 - X).sum() of ${points} points`,
    part: (id, from, to) => ({ kind: "integral", id, from, to, ...loop.context }),
    parallel: packageContenders("lazy, sum", loop),
    python: { name: "expression", title: "numba, array expression" },
  };
}

function distancesScenario(rows: number, repeats: number): Loop {
  const loop = distancesLoop(rows);
  const { context } = loop;
  const { vectors, result, columns } = context;
  const pages = Math.ceil((vectors.byteLength + result.byteLength) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Float64Array(memory.buffer).set(vectors);
  const kernel: Kernel = { module: compileDistances(), memory, rows, columns };
  // The same additions in the same order, but for four vectors at a time, so they need not wait for each other.
  const bodyInFours = (i: number, { vectors, result, rows, columns }: Vectors) => {
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
    ...common(loop, repeats),
    part: (id, from, to) => ({ kind: "distances", id, ...context, from, to }),
    parallel: [
      ...packageContenders("parallelFor", loop),
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

function copyScenario(length: number, repeats: number): Loop {
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

function elementsScenario(length: number, repeats: number): Loop {
  const loop = elementsLoop(length);
  return {
    ...common(loop, 5 * repeats),
    unit: "us",
    part: (id, from, to) => ({ kind: "elements", id, from, to, ...loop.context }),
    parallel: packageContenders("parallelFor", loop),
    python: { name: "elements" },
  };
}
