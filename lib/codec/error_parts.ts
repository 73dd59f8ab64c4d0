/**
 * Errors as parts that cross, and which built-in class an object is an instance of.
 *
 * @module
 */

import { MAX_PROTOTYPES, prototypesOf } from "../arguments/describe.ts";
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
  /** Names of the parts that cannot cross, of an error that was thrown; {@linkcode Thrown} says more. */
  omitted?: string[] | undefined;
}

/** The keys of {@linkcode ErrorParts}, in the order in which they are sent. */
export const PART_KEYS: string[] = [
  ...["class", "name", "message", "stack", "cause", "hasCause", "hidden", "own", "omitted"],
];

/**
 * Takes an error apart. Each of its properties is read once.
 *
 * @param omitted where the names of properties go that cannot be read; without it, what their getters throw
 * is thrown
 */
export function errorPartsOf(error: Error, omitted?: string[]): ErrorParts {
  const read = <T>(key: string, convert: (value: unknown) => T): T | undefined => {
    try {
      return convert(Reflect.get(error, key));
    } catch (thrown) {
      if (omitted === undefined) throw thrown;
      omitted.push(key);
      return undefined;
    }
  };
  const readInto = (target: Record<string, unknown>, key: string) =>
    read(key, (value) => {
      target[key] = value;
    });
  const className = nearestClass(error);
  const parts: ErrorParts = {
    class: className,
    name: read("name", (name) => name === undefined ? className : String(name)) ?? className,
    message: read("message", String) ?? "",
    stack: read("stack", (stack) => typeof stack === "string" ? stack : undefined),
    cause: undefined,
    hasCause: false,
    hidden: {},
    own: {},
  };
  if (Object.hasOwn(error, "cause")) {
    parts.hasCause = read("cause", (cause) => {
      parts.cause = cause;
      return true;
    }) ?? false;
  }
  const keys = Object.keys(error).filter((key) => !VISIBLE_PARTS.includes(key));
  for (const key of keys) readInto(parts.own, key);
  for (const key of HIDDEN_KEYS) {
    if (Object.hasOwn(error, key) && !keys.includes(key)) readInto(parts.hidden, key);
  }
  return parts;
}

/** Parts that are properties of the error. */
const VISIBLE_PARTS = ["name", "message", "stack", "cause"];

/** Whether the parts that have been read are enough for {@linkcode emptyError}. */
export function hasNames(
  parts: Readonly<Record<string, unknown>>,
): parts is Readonly<Record<"class" | "name" | "message", string>> {
  return typeof parts.class === "string" && typeof parts.name === "string" &&
    typeof parts.message === "string";
}

/** Whether the parts are those of an error: they come from a message, which may be damaged. */
export function isErrorParts(parts: object): parts is ErrorParts {
  const { stack, hasCause, hidden, own, omitted } = parts as Record<string, unknown>;
  return hasNames(parts as Record<string, unknown>) &&
    (stack === undefined || typeof stack === "string") && typeof hasCause === "boolean" &&
    typeof hidden === "object" && hidden !== null && typeof own === "object" && own !== null &&
    (omitted === undefined ||
      Array.isArray(omitted) && omitted.every((key) => typeof key === "string"));
}

/** Completes `error`, which {@linkcode emptyError} made from the first parts, with the others. */
export function errorFrom(parts: ErrorParts, error: Error): Error {
  const { name, message, omitted = [] } = parts;
  const define = (key: string, value: unknown, enumerable = false) => {
    if (enumerable && omitted.includes(key)) return;
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable });
  };
  if (parts.class !== "DOMException") {
    if (error.name !== name) define("name", name);
    if (error.message !== message) define("message", message);
  }
  // Without a stack of its own it would get that of the code that reads the message.
  define("stack", parts.stack ?? (message === "" ? name : `${name}: ${message}`));
  if (parts.hasCause) define("cause", parts.cause);
  for (const [key, value] of Object.entries(parts.hidden)) define(key, value);
  for (const [key, value] of Object.entries(parts.own)) define(key, value, true);
  if (omitted.length > 0) {
    const earlier = parts.own.omitted; // the error has been sent before
    Object.defineProperty(error, "omitted", {
      value: Array.isArray(earlier) ? [...earlier, ...omitted] : omitted,
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
  try {
    for (const prototype of prototypesOf(error)) {
      const name = names.get(prototype);
      if (name !== undefined) return name;
    }
  } catch {
    // The trap of a Proxy threw: the class is unknown.
  }
  return "Error";
}

/** Returns the class of an object by its own account; `undefined` if its getter throws. */
export function classOf(value: object): unknown {
  try {
    return value.constructor;
  } catch {
    return undefined;
  }
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
  let at: object | null = Object.getPrototypeOf(value);
  for (let steps = 0; at !== null && steps < MAX_PROTOTYPES; steps++) {
    if (at === Object.prototype) return undefined;
    const owner = Object.hasOwn(at, "constructor") ? classOf(at) : undefined;
    if (typeof owner === "function" && globalNames.has(owner.name)) {
      if (Reflect.get(globalThis, owner.name) === owner && at === owner.prototype) {
        return owner.name;
      }
    } else if (owner === undefined && Object.hasOwn(at, Symbol.toStringTag)) {
      return String(Reflect.get(value, Symbol.toStringTag)); // generators, iterators
    }
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}
