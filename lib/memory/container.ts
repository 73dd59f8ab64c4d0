/**
 * What the operations of all shared containers have in common.
 *
 * An operation blocks only briefly, for another operation on the same container, so it needs no
 * `…Sync` form. But a worker may run many of them without a wait, so each operation checks whether
 * the worker was told to end, as each wait does.
 *
 * @module
 */

import type { ObjectAddress } from "../objects/shared_object.ts";
import { refusePromise } from "../sync/settled.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { encode, type Encoder, returnEncoder } from "../codec/encoder.ts";

/** Containers for which user code is computing new contents. */
const computing: number[] = [];

/**
 * Throws if the container must not be changed. Called at the beginning of an operation that changes
 * it.
 *
 * @throws {TerminatedError} if this worker is terminated
 * @throws {Error} inside a function that was passed to an operation of the same container
 */
export function throwIfNotChangeable(container: ObjectAddress): void {
  throwIfStopping();
  if (computing.includes(container)) {
    throw new Error(
      "Cannot change shared container in a function that computes its new contents: such a " +
        "function may run more than once. Return the new value instead",
    );
  }
}

/** Calls user code that computes new contents of the container. */
export function compute<T>(container: ObjectAddress, fn: () => T): T {
  computing.push(container);
  try {
    return fn();
  } finally {
    computing.pop();
  }
}

/**
 * Computes a new value by the function that was passed to `update`.
 *
 * @throws {TypeError} if it returns `undefined`, or a promise
 */
export function computeNext<V, W>(container: ObjectAddress, fn: (value: V) => W, value: V): W {
  const next = compute(container, () => fn(value));
  refusePromise(next, "Cannot update value: the function returned a promise. Await it before");
  if (next === undefined) {
    throw new TypeError(
      "Cannot update value: the function returned undefined. Return the new value",
    );
  }
  return next;
}

/**
 * Encodes a value, and calls `use` with the message.
 *
 * @throws {DataCloneError} if the value cannot be copied into shared memory
 */
export function withMessage<T>(value: unknown, name: string, use: (message: Encoder) => T): T {
  const encoder = encode(value, name);
  try {
    return use(encoder);
  } finally {
    returnEncoder(encoder);
  }
}
