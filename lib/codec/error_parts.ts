/**
 * Errors as parts that cross, and which built-in class an object is an instance of.
 *
 * @module
 */

import { errorClasses } from "../errors.ts";

/** Error classes that every isolate has, by name; in a namespace, by `Namespace.Name`. */
const classes = new Map<string, new (message: string) => Error>();
/** Their names, by prototype. */
const names = new Map<object, string>();

for (
  const [namespace, members] of [
    ["", { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }],
    ["", errorClasses],
    ["Deno.errors.", Deno.errors],
    ["WebAssembly.", WebAssembly],
  ] as const
) {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
    if (value !== Error && !(value?.prototype instanceof Error)) continue;
    classes.set(namespace + name, value);
    names.set(value.prototype, namespace + name);
  }
}
names.set(DOMException.prototype, "DOMException");
names.set(AggregateError.prototype, "AggregateError");
names.set(SuppressedError.prototype, "SuppressedError");

/** Properties of some built-in error classes that `Object.keys` does not show. */
export const HIDDEN_KEYS = ["errors", "error", "suppressed"];

/** The parts of an error that cross. */
export interface ErrorParts {
  /** Name of the nearest ancestor class that every isolate has. */
  class: string;
  name: string;
  message: string;
  stack?: string | undefined;
  cause?: unknown;
  hasCause: boolean;
  /** Its own properties of {@linkcode HIDDEN_KEYS} that are not enumerable. */
  hidden: Record<string, unknown>;
  /** Its own enumerable properties. */
  own: Record<string, unknown>;
}

/** Takes an error apart. */
export function errorPartsOf(error: Error): ErrorParts {
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    if (!["name", "message", "stack", "cause"].includes(key)) own[key] = Reflect.get(error, key);
  }
  const hidden: Record<string, unknown> = {};
  for (const key of HIDDEN_KEYS) {
    if (Object.hasOwn(error, key) && !(key in own)) hidden[key] = Reflect.get(error, key);
  }
  return {
    class: nearestClass(error),
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === "string" ? error.stack : undefined,
    cause: error.cause,
    hasCause: Object.hasOwn(error, "cause"),
    hidden,
    own,
  };
}

/** Completes `error`, which {@linkcode emptyError} made from the first parts, with the others. */
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
  for (const [key, value] of Object.entries(parts.hidden)) define(key, value);
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

/** Returns an error of the class that still lacks the parts which may refer to it. */
export function emptyError(className: string, name: string, message: string): Error {
  if (className === "DOMException") return new DOMException(message, name);
  if (className === "AggregateError") return new AggregateError([], message);
  if (className === "SuppressedError") return new SuppressedError(undefined, undefined, message);
  return new (classes.get(className) ?? Error)(message);
}

function nearestClass(error: Error): string {
  for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const name = names.get(at);
    if (name !== undefined) return name;
  }
  return "Error";
}

/** Names of the built-in globals, taken before the program can add its own. */
const globalNames = new Set(Object.getOwnPropertyNames(globalThis));

/**
 * Returns the name of the built-in class that the object is an instance of.
 *
 * @returns `undefined` if all its classes are the program's own
 */
export function builtinNameOf(value: object): string | undefined {
  if (Error.isError(value)) return "Error";
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    if (at === Object.prototype) return undefined;
    const owner = Object.hasOwn(at, "constructor") ? at.constructor : undefined;
    if (typeof owner !== "function" || !globalNames.has(owner.name)) {
      if (Object.hasOwn(at, Symbol.toStringTag) && owner === undefined) {
        return String(Reflect.get(value, Symbol.toStringTag)); // generators, iterators
      }
      continue;
    }
    if (Reflect.get(globalThis, owner.name) === owner && at === owner.prototype) return owner.name;
  }
  return undefined;
}
