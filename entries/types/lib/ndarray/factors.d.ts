// The declarations of lib/ndarray/factors.ts

/** Options of a product of arrays. */
export interface ProductOptions {
  /**
   * Number of isolates that compute the product.
   *
   * @default {getNumThreads(); 1 if the work takes less than a millisecond}
   */
  numThreads?: number | undefined;
}

export {};
