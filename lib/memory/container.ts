/**
 * What the operations of all shared containers have in common.
 *
 * They wait for nothing, so each has one form, and a thread that blocks has no need of another. But a
 * worker may do nothing else for a long time: it looks at each operation whether it was told to end,
 * as it does at each wait.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import { stopRequested } from "../heap/isolate_record.ts";
import { encode, type Encoder, returnEncoder } from "../codec/encoder.ts";

/**
 * To be called at the beginning of every operation.
 *
 * @throws {TerminatedError} if this worker is told to end
 */
export function checkControlBefore(): void {
  if (stopRequested()) {
    throw new TerminatedError("Cannot use shared container: this worker was told to end");
  }
}

/** Containers for which a function of the user's computes something now. */
const computing: number[] = [];

/**
 * To be called at the beginning of every operation that changes the container.
 *
 * @throws {TerminatedError} if this worker is told to end
 * @throws {Error} inside a function that was given to an operation of the same container
 */
export function checkControlBeforeChange(container: number): void {
  checkControlBefore();
  if (computing.length > 0 && computing.includes(container)) {
    throw new Error(
      "Cannot change shared container in a function that computes its new contents: such a function " +
        "may run more than once. Return the new value instead",
    );
  }
}

/** Calls a function of the user's that computes new contents of the container. */
export function compute<T>(container: number, fn: () => T): T {
  computing.push(container);
  try {
    return fn();
  } finally {
    computing.pop();
  }
}

/**
 * Computes a new value by the function that was given to `update`.
 *
 * @throws {TypeError} if it returns nothing
 */
export function computeNext<V, W>(container: number, fn: (value: V) => W, value: V): W {
  const next = compute(container, () => fn(value));
  if (next === undefined) {
    throw new TypeError(
      "Cannot update value: the function returned undefined. Return the new value",
    );
  }
  return next;
}

/**
 * Has `use` do something with the message of a value.
 *
 * @throws {DataCloneError} if the value cannot cross
 */
export function withMessage<T>(value: unknown, name: string, use: (message: Encoder) => T): T {
  const encoder = encode(value, name);
  try {
    return use(encoder);
  } finally {
    returnEncoder(encoder);
  }
}
