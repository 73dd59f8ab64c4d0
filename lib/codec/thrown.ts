/**
 * What was thrown: it always arrives, whatever it carries.
 *
 * @module
 */

import { describeThrown, isError, textOf } from "../arguments/describe.ts";
import { MaybeEncodingError } from "../errors.ts";
import { emptyError, errorFrom, errorPartsOf } from "./error_parts.ts";

/**
 * A thrown value in a message. The receiver gets the value without this wrapper.
 *
 * - Of an error, all that can cross arrives: class, name, message, stack, `cause`, the errors of an
 *   `AggregateError`, and its own enumerable properties. What cannot cross, such as a socket, or what a
 *   getter throws, is left out. The paths of what was left out are in the error's property `omitted`:
 *   `["request", "response.body"]`.
 * - For a cause, a part of an `AggregateError`, or a thrown value that is no error and cannot cross, a
 *   `MaybeEncodingError` arrives that describes it. So does one for an error whose name or message cannot be
 *   read; the rest of that error is its cause.
 */
export class Thrown {
  readonly #value: unknown;

  /** Wraps what was thrown. */
  constructor(value: unknown) {
    this.#value = value;
  }

  /** What was thrown. */
  get value(): unknown {
    return this.#value;
  }

  /** Whether an object is such a wrapper. Unlike `instanceof`, it runs no trap of a `Proxy`. */
  static is(object: object): object is Thrown {
    return #value in object;
  }
}

/** Returns the value to send for what was thrown. */
export function arriving(thrown: unknown): unknown {
  if (!isError(thrown)) return thrown;
  const unreadable = (["name", "message"] as const).find((key) =>
    textOf(thrown, key) === undefined
  );
  if (unreadable === undefined) return thrown;
  const omitted: string[] = [];
  const parts = { ...errorPartsOf(thrown, omitted), omitted };
  const rest = errorFrom(parts, emptyError(parts.class, parts.name, parts.message));
  return new MaybeEncodingError(
    `Cannot send back an error of class ${parts.class}: its ${unreadable} cannot be read. ` +
      "The rest of it is the cause",
    { cause: rest },
  );
}

/** Returns an error that stands for a thrown value that cannot cross. */
export function standIn(thrown: unknown, why: unknown): MaybeEncodingError {
  return new MaybeEncodingError(
    `Cannot send back the thrown value, ${describeThrown(thrown)}: ${reasonOf(why)}`,
    { cause: isError(why) ? why : undefined },
  );
}

/** Returns why something cannot be sent, as the end of a sentence. */
export function reasonOf(why: unknown): string {
  return describeThrown(why).replace(/^DataCloneError: Cannot send (value: )?/, "");
}
