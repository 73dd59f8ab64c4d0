// The declarations of lib/loops/explain.ts

/**
 * How a loop runs. {@linkcode explainLoop} and `ArrayExpression.explain` return it; `console.log` and
 * `String()` show its text.
 */
export interface LoopExplanation {
  /** Whether the loop runs as WebAssembly with vectors. */
  readonly isVectorized: boolean;
  /** Sentences that say how the loop runs, or what stood in the way. Their wording may change. */
  readonly sentences: readonly string[];
  /** Returns the sentences, one in each line. */
  toString(): string;
}

export {};
