/**
 * Errors taken apart and put together again, and what kind of built-in an object is.
 *
 * @module
 */

import { errorClasses } from "../errors.ts";

const nativeErrors: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** The parts of an error that cross. */
export interface ErrorParts {
  /** Name of the nearest class that every isolate has. */
  class: string;
  name: string;
  message: string;
  stack?: string;
  cause?: unknown;
  hasCause: boolean;
  errors?: unknown;
  own: Record<string, unknown>;
}

/** Takes an error apart. */
export function errorPartsOf(error: Error): ErrorParts {
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (!["name", "message", "stack", "cause", "errors"].includes(key)) {
      own[key] = Reflect.get(error, key);
    }
  }
  return {
    class: nearestClass(error),
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === "string" ? error.stack : undefined,
    cause: error.cause,
    hasCause: Object.hasOwn(error, "cause"),
    errors: error instanceof AggregateError ? error.errors : undefined,
    own,
  };
}

/** Gives `error`, which {@linkcode emptyError} made from the first parts, the others. */
export function errorFrom(parts: ErrorParts, error: Error): Error {
  const { name, message } = parts;
  const define = (key: string, value: unknown) =>
    Object.defineProperty(error, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  if (parts.class !== "DOMException") {
    if (error.name !== name) define("name", name);
    if (error.message !== message) define("message", message);
  }
  if (parts.stack !== undefined) define("stack", parts.stack);
  if (parts.hasCause) define("cause", parts.cause);
  if (parts.errors !== undefined) define("errors", parts.errors);
  for (const [key, value] of Object.entries(parts.own)) {
    Object.defineProperty(error, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
  return error;
}

/** An error of the class, whose parts that may refer to itself are still missing. */
export function emptyError(className: string, name: string, message: string): Error {
  if (className === "DOMException") return new DOMException(message, name);
  if (className === "AggregateError") return new AggregateError([], message);
  const known = Object.hasOwn(errorClasses, className)
    ? errorClasses[className]
    : nativeErrors[className] ?? Error;
  return new known(message);
}

function nearestClass(error: Error): string {
  if (error instanceof DOMException) return "DOMException";
  for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const name = at.constructor?.name;
    if (name === "AggregateError" && at === AggregateError.prototype) return name;
    if (Object.hasOwn(errorClasses, name) && errorClasses[name].prototype === at) return name;
    if (Object.hasOwn(nativeErrors, name) && nativeErrors[name].prototype === at) return name;
  }
  return "Error";
}

/**
 * The name of the built-in class that the object is an instance of.
 *
 * @returns `undefined` for an instance of no class but the user's own
 */
export function builtinNameOf(value: object): string | undefined {
  if (Error.isError(value)) return "Error";
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype) return undefined;
    const owner = Object.hasOwn(at, "constructor") ? at.constructor : undefined;
    if (typeof owner !== "function" || !Object.hasOwn(globalThis, owner.name)) {
      if (Object.hasOwn(at, Symbol.toStringTag) && owner === undefined) {
        return String(Reflect.get(value, Symbol.toStringTag)); // generators, iterators
      }
      continue;
    }
    if (Reflect.get(globalThis, owner.name) === owner && at === owner.prototype) return owner.name;
  }
  return undefined;
}
