/**
 * Definitions of functions that were not registered: the path of a built-in, or the source text.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { hasOuterThis, isClass, usesThis } from "./class_text.ts";
import type { Definition } from "./definition.ts";
import { type AnyClass, type AnyFunction, registrationAdvice } from "./task.ts";

/** What to do about a function that uses the `this` of its surroundings. */
export const SEND_OBJECT: string =
  "Send the object as an argument, for example with starmap(), to " +
  "task(import.meta, (object, item) => object.method(item)); task(import.meta, Class) lets it keep its class";
const SEND_BOUND = "Send that as an argument too, for example with starmap(), to " +
  "task(import.meta, (bound, item) => …)";

/**
 * Rejects a function that is to be called by itself, but uses `this`: a method crosses without its object.
 *
 * @throws {DataCloneError} if it does
 */
export function refuseMethod(fn: AnyFunction): void {
  if (!usesThis(fn)) return;
  throw new DataCloneError(
    `${titled("method", fn.name)} cannot be sent without its object, its \`this\`. ${SEND_OBJECT}`,
  );
}

/**
 * Defines a function that was not registered, by its path or its source text.
 *
 * @throws {DataCloneError} if it has neither
 */
export function defineUnregistered(fn: AnyFunction | AnyClass): Definition {
  const name = fn.name;
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return defineNative(fn);
  // Many globals of Deno are written in JavaScript: structuredClone, atob, URL.
  if (name !== "" && Reflect.get(globalThis, name) === fn && !isDeclaredGlobally(name)) {
    return { kind: "global", name };
  }
  if (isClass(fn)) {
    throw new DataCloneError(
      `${titled("class", name)} cannot be sent unregistered: write ${
        registrationAdvice(name || "fn")
      }`,
    );
  }
  if (hasOuterThis(source)) {
    throw new DataCloneError(
      `${
        titled("function", name)
      } cannot be sent as source: its \`this\` belongs to where it was written. ${SEND_OBJECT}`,
    );
  }
  return defineBySource(name, source);
}

function defineNative(fn: AnyFunction | AnyClass): Definition {
  const path = globalPaths().get(fn);
  if (path !== undefined) return { kind: "global", name: path };
  const { name } = fn;
  throw new DataCloneError(
    name.startsWith("bound ")
      ? `a bound function (${name}) cannot be sent: what it is bound to is hidden. ${SEND_BOUND}`
      : `${titled("built-in function", name)} cannot be sent: it has no path from globalThis`,
  );
}

function defineBySource(name: string, source: string): Definition {
  // The text of a method is not an expression, but it is one inside an object literal.
  const method = `{${source}}[${JSON.stringify(name)}]`;
  let usesMeta = false;
  for (const text of [source, method]) {
    try {
      if (typeof evaluate(text) === "function") return { kind: "source", name, source: text };
    } catch (error) { // not an expression, or one of a name that it computes: try the next form
      usesMeta ||= error instanceof SyntaxError && error.message.includes("import.meta");
    }
  }
  const why = usesMeta
    ? "its import.meta belongs to its module. Pass what it needs of that as an argument, or "
    : "";
  throw new DataCloneError(
    `${titled("function", name)} cannot be sent as source: ${why}register it with ` +
      registrationAdvice(name || "fn"),
  );
}

/** Evaluates a function's source in strict mode, as the module that it comes from is. */
export function evaluate(source: string): object {
  return (0, eval)(`"use strict"; (${source}\n)`);
}

/**
 * Whether the program's own text declared the global: a function of a notebook's cell or of a script.
 * Workers do not have it. Unlike a built-in, it cannot be deleted.
 */
function isDeclaredGlobally(name: string): boolean {
  return Object.getOwnPropertyDescriptor(globalThis, name)?.configurable === false;
}

function titled(kind: string, name: string): string {
  return name === "" ? `a ${kind} without a name` : `the ${kind} ${name}`;
}

/** Globals whose members are built-in functions. */
const namespaces = [
  ...["Math", "JSON", "Number", "String", "Object", "Array", "BigInt", "Date"],
  ...["Reflect", "Atomics", "Symbol", "Promise", "Intl", "console"],
];

let paths: Map<object, string> | undefined;

/** Returns the paths of the built-in functions. */
function globalPaths(): Map<object, string> {
  if (paths !== undefined) return paths;
  paths = new Map();
  const add = (object: object, prefix: string) => {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof value === "function" && !paths!.has(value)) paths!.set(value, prefix + key);
    }
  };
  add(globalThis, "");
  for (const key of namespaces) add(Reflect.get(globalThis, key), `${key}.`);
  const temporal: object = Reflect.get(globalThis, "Temporal") ?? {};
  for (const key of Object.getOwnPropertyNames(temporal)) {
    add(Reflect.get(temporal, key), `Temporal.${key}.`);
  }
  return paths;
}
