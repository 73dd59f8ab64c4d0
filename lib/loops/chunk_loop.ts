/**
 * The loop over the indices of a chunk, compiled for each body, so that the engine can inline the body.
 *
 * @module
 */

import { refusePromise } from "../sync/settled.ts";
import { type Kernel, kernelLoop } from "../kernels/kernel.ts";
import { isWithin32Bits, type LoopPlan } from "./loop_plan.ts";
import { combine, type Reduction } from "./reduction.ts";

/** Runs `count` indices from `first` on; if one throws, its index is passed to `at` first. */
export type ChunkLoop = (
  first: number,
  count: number,
  step: number,
  context: object,
  identity: unknown,
  at: (index: number) => void,
) => unknown;

/** The parts of the source that depend on the reduction. */
interface ReductionCode {
  /** Expression for the value that the chunk starts with. */
  initial: string;
  /** What is passed to the body after the index and the context. */
  extra: string;
  /** Returns the statement that combines `v`, a value of the body, with the value of the chunk. */
  take(v: string): string;
}

function reductionCode(reduction: Reduction | undefined): ReductionCode {
  if (reduction === undefined) return { initial: "undefined", extra: "", take: (v) => v };
  if (reduction.kind === "arrays") {
    return { initial: "identity.slice()", extra: ", value", take: (v) => v };
  }
  if (reduction.kind === "values") {
    return { initial: "identity", extra: "", take: (v) => `value = combine(value, ${v})` };
  }
  const take = {
    "+": (v: string) => `value += ${v}`,
    "*": (v: string) => `value *= ${v}`,
    min: (v: string) => `value = Math.min(value, ${v})`,
    max: (v: string) => `value = Math.max(value, ${v})`,
  };
  return { initial: "identity", extra: "", take: take[reduction.name] };
}

interface Compiled {
  source: string;
  combine: unknown;
  loop: ChunkLoop;
}

const compiled = new WeakMap<LoopPlan["body"], Compiled>();
/**
 * Factories of chunk loops, by the source of the loop and of the body. A body that is written inline
 * is a new function at each call; with the same factory the engine keeps its optimized code.
 */
const factories = new Map<string, (...parts: unknown[]) => ChunkLoop>();

/** Returns the loop for the body of a plan, compiled at most once for each source. */
export function chunkLoopFor(plan: LoopPlan): ChunkLoop {
  const { body, isCompiled, reduction, step } = plan;
  if (plan.kernel !== undefined) return loopOfKernel(plan.kernel, plan);
  if (isCompiled) return body;
  const { initial, extra, take } = reductionCode(reduction);
  const call = `body(i, context${extra})`;
  // With `| 0` the engine counts in 32-bit integers: as fast as a loop written by hand.
  const whole = isWithin32Bits(plan) ? "| 0" : "";
  const hasNext = step > 0 ? "i < end" : "i > end";
  const next = `i = (i + ${step}) ${whole}`;
  const source = `"use strict";
    return (first, count, _step, context, identity, at) => {
      let i = first;
      try {
        let value = ${initial};
        if (count > 0) {
          const v = ${call};
          check(v);
          ${take("v")};
          const end = (first + count * ${step}) ${whole};
          for (${next}; ${hasNext}; ${next}) {
            ${take(call)};
          }
        }
        return value;
      } catch (error) {
        at(i);
        throw error;
      }
    };`;
  const combine = reduction?.kind === "values" ? reduction.combine : undefined;
  const known = compiled.get(body);
  if (known?.source === source && known.combine === combine) return known.loop;
  const check = reduction?.kind === "numbers" ? checkNumber : checkNoPromise;
  const text = `${source}\n${body}`;
  let make = factories.get(text);
  if (make === undefined) {
    // The engine keeps type feedback by source text: with another body in the same text the loop would
    // be slow. The number in the comment makes the text unique.
    make = new Function(
      "body",
      "check",
      "combine",
      `${source} // ${factories.size}`,
    ) as () => ChunkLoop;
    factories.set(text, make);
  }
  const loop = make(body, check, combine);
  compiled.set(body, { source, combine, loop });
  return loop;
}

/** Returns the loop of a kernel. Its program takes positions in the range if the step is not 1. */
function loopOfKernel(kernel: Kernel, { start, step, reduction }: LoopPlan): ChunkLoop {
  const run = kernelLoop(kernel);
  return (first, count, _step, _context, identity) => {
    const value = run(step === 1 ? first : (first - start) / step, count);
    return reduction === undefined ? value : combine(reduction, identity, value);
  };
}

/** Checks the first value of a chunk. */
function checkNumber(value: unknown): void {
  checkNoPromise(value);
  if (typeof value === "number") return;
  throw new TypeError(
    `Cannot reduce: the body must return a number, not ${value === null ? "null" : typeof value}`,
  );
}

function checkNoPromise(value: unknown): void {
  refusePromise(
    value,
    "Cannot run loop: its body returns a promise. Use Pool.map() for asynchronous work",
  );
}
