/**
 * Errors taken apart and put together again, and what kind of built-in an object is.
 *
 * @module
 */

import { errorClasses } from "../errors.ts";

/** Classes that every isolate has, by name; those of a namespace with its name before theirs. */
const classes = new Map<string, new (message: string) => Error>();
/** The names, by what the instances inherit from. */
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

/** What errors of some built-in classes refer to, and `Object.keys` does not show. */
export const HIDDEN_KEYS = ["errors", "error", "suppressed"];

/** The parts of an error that cross. */
export interface ErrorParts {
  /** Name of the nearest class that every isolate has. */
  class: string;
  name: string;
  message: string;
  stack?: string;
  cause?: unknown;
  hasCause: boolean;
  /** Those of {@linkcode HIDDEN_KEYS} that it has and that are not enumerable. */
  hidden: Record<string, unknown>;
  /** Its enumerable properties. */
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

/** An error of the class, whose parts that may refer to itself are still missing. */
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

/** The names of the globals that come with the runtime: a program may add classes of its own. */
const globalNames = new Set(Object.getOwnPropertyNames(globalThis));

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
