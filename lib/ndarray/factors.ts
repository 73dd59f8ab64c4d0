/**
 * What products of arrays have in common: options, checks of the factors.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import { wrongType } from "../arguments/values.ts";
import type { AbortOptions } from "../loops/parallel_for.ts";
import { checkArray } from "./array.ts";
import { dtypeOf, isBig, type NdArray } from "./types.ts";

/** Options of a product of arrays. */
export interface ProductOptions {
  /**
   * Number of isolates that compute the product.
   *
   * @default {getNumThreads(); 1 if the work takes less than a millisecond}
   */
  numThreads?: number | undefined;
}

/** The names of the options of blocking products. */
export const syncNames: OptionNames<ProductOptions> = { numThreads: true };
/** The names of the options of products. */
export const asyncNames: OptionNames<ProductOptions & AbortOptions> = {
  ...syncNames,
  signal: true,
};

/** Begins the messages of errors of products. */
export const VERB = "multiply arrays";

/**
 * Checks a factor of a product.
 *
 * @throws {TypeError} if it is not an ndarray of numbers
 */
export function checkFactor(array: NdArray, name: string): void {
  checkArray(array, VERB, name);
  if (!isBig(dtypeOf(array.data))) return;
  const advice = "Copy its elements to a float64 array";
  throw wrongType(VERB, name, "an ndarray of numbers", array, advice);
}
