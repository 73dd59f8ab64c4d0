/**
 * What is left out of an error that must arrive.
 *
 * @module
 */

import { pathOf, type Step } from "./path.ts";
import { tooDeep } from "./refusals.ts";

/** Thrown through the encoder when too much of what was thrown cannot cross. */
export const SPENT = Symbol("too much cannot cross");

/**
 * How many parts that cannot cross are left out one by one: of those that follow, the property of the
 * error. So an error whose getters return further errors without end takes bounded time.
 */
const MAX_OMITTED = 100;
/** How many errors may lie one inside the other: a chain of causes that is longer is cut. */
const MAX_NESTED = 100;

/** Longer paths are cut. */
const MAX_STEPS = 20;

/** The parts that are left out of one error. */
export class Leniency {
  /** Paths of the parts, from the error on. */
  readonly omitted: string[] = [];
  /** The path to the part that is being written. */
  readonly steps: Step[] = [];
  readonly #budget: { left: number };
  readonly #nested: number;

  /**
   * Starts without omissions.
   *
   * @param outer that of the error that this one is a part of
   * @throws {NotCloneable} if too many errors lie one inside the other
   */
  constructor(outer?: Leniency) {
    this.#budget = outer === undefined ? { left: MAX_OMITTED } : outer.#budget;
    this.#nested = outer === undefined ? 0 : outer.#nested + 1;
    if (this.#nested > MAX_NESTED) throw tooDeep();
  }

  /** Notes that the part with the current path is left out. */
  omit(): void {
    const { steps } = this;
    this.omitted.push(pathOf("", steps.toReversed(), steps.length > MAX_STEPS));
    this.spend();
  }

  /** Notes that a part was replaced. */
  spend(): void {
    this.#budget.left--;
  }

  /** Throws {@linkcode SPENT} if too many parts have been left out to go into another one. */
  check(): void {
    if (this.#budget.left <= 0) throw SPENT;
  }

  /** Returns the paths of the parts that were left out, if there are any. */
  namesOmitted(): string[] | undefined {
    return this.omitted.length > 0 ? this.omitted : undefined;
  }
}
