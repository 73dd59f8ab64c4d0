/**
 * Curves of loops: how many indices they have.
 *
 * @module
 */

import {
  lazy,
  parallelReduce,
  parallelReduceSync,
  stopTeam,
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { integral } from "../kernels.ts";
import { type Curve, tens, timeOf, timeOfNow } from "./curve.ts";

const NS_PER_US = 1000;

/** The curves of loops. */
export const LOOP_CURVES: readonly Curve[] = [
  {
    id: "loop_plain",
    title: "plain loop, one core",
    unit: "ns",
    plot: "loops",
    sizes: tens(1, 9),
    async measure(size, patience) {
      let kept = 0; // used, so that V8 does not leave the loop out
      // Awaited: V8 may stay with slow code for a loop that a function calls which never returns to the event loop.
      const run = async () => void (kept += await integral(0, size, 2 / size));
      const time = await timeOf(run, patience);
      if (Number.isNaN(kept)) throw new Error("wrong result");
      return time / size * NS_PER_US;
    },
  },
  {
    id: "loop_sync",
    title: "`parallelReduceSync`",
    unit: "ns",
    plot: "loops",
    sizes: tens(1, 9),
    async measure(size, patience) {
      const { body, options } = integralOver(size);
      const time = timeOfNow(() => void parallelReduceSync(size, body, options), patience);
      await stopTeam();
      return time / size * NS_PER_US;
    },
  },
  {
    id: "loop_awaited",
    title: "`parallelReduce`, awaited",
    unit: "ns",
    plot: "loops",
    sizes: tens(1, 9),
    async measure(size, patience) {
      const { body, options } = integralOver(size);
      const time = await timeOf(() => parallelReduce(size, body, options), patience);
      await stopTeam();
      return time / size * NS_PER_US;
    },
  },
  {
    id: "lazy",
    title: "`lazy(X).pow(2).sub(X).sumSync()`",
    unit: "ns",
    plot: "loops",
    sizes: tens(1, 7),
    async measure(size, patience) {
      const X = sharedArray("float64", size);
      for (let i = 0; i < size; i++) X[i] = 2 * i / size;
      const x = lazy(X);
      const expression = x.pow(2).sub(x);
      const time = timeOfNow(() => void expression.sumSync(), patience);
      await stopTeam();
      return time / size * NS_PER_US;
    },
  },
];

function integralOver(size: number) {
  const body = (i: number, { dx }: { dx: number }) => {
    const x = i * dx;
    return x * x - x;
  };
  return { body, options: { combine: "+", constants: { dx: 2 / size } } as const };
}
