/**
 * From a function to the address of its definition, and from the address to this isolate's function.
 *
 * @module
 */

import { DataCloneError, TaskLookupError } from "../errors.ts";
import { hooks } from "../heap/hooks.ts";
import {
  type Definition,
  type DefinitionAddress,
  definitionAt,
  exportedNameAt,
  storeDefinition,
  storeExportedName,
} from "./definition.ts";
import {
  type AnyClass,
  type AnyFunction,
  fileName,
  findRegistered,
  knownDefinition,
  rememberDefinition,
} from "./task.ts";
import { defineUnregistered, evaluate, refuseMethod } from "./unregistered.ts";

/** Addresses of the definitions of functions that were sent or received. */
const addresses = new WeakMap<object, number>();
/** Addresses of functions sent as source, by name and text: a literal in a call is a new object each time. */
const addressesBySource = new Map<string, number>();
/** What the definitions at these addresses mean in this isolate. */
const resolved = new Map<number, object>();

/**
 * Returns the address of the function's definition, which is written now if it is new.
 *
 * @throws {DataCloneError} if the function cannot be named
 */
export function functionAddress(fn: AnyFunction | AnyClass): DefinitionAddress {
  let address = addresses.get(fn);
  if (address === undefined) {
    const definition = knownDefinition(fn);
    address = definition === undefined ? unregisteredAddress(fn) : storeDefinition(definition);
    addresses.set(fn, address);
  }
  return address;
}

/** Functions that have been found to need no `this`. */
const callable = new WeakSet<object>();

/**
 * Returns the address of a function that is to be called by itself: not as a method of an object.
 *
 * @param name what the caller calls the function, for the error
 * @throws {DataCloneError} if it cannot be named, or is a method that uses `this`
 */
export function calleeAddress(fn: AnyFunction, name: string): DefinitionAddress {
  try {
    if (!callable.has(fn)) {
      const definition = knownDefinition(fn);
      const isMethod = definition?.kind === "task" && definition.member?.[0] === "prototype";
      if (isMethod || definition === undefined) refuseMethod(fn);
      callable.add(fn);
    }
    return functionAddress(fn);
  } catch (error) {
    if (error instanceof DataCloneError) error.message = `Cannot send ${name}: ${error.message}`;
    throw error;
  }
}

function unregisteredAddress(fn: AnyFunction | AnyClass): number {
  const text = `${String(fn.name)} ${Function.prototype.toString.call(fn)}`;
  let address = addressesBySource.get(text);
  if (address === undefined) {
    const definition = defineUnregistered(fn);
    address = storeDefinition(definition);
    if (definition.kind === "source") addressesBySource.set(text, address);
  }
  return address;
}

/** Returns a human-readable name of a function, which need not be able to cross. */
export function functionName(fn: AnyFunction): string {
  if (knownDefinition(fn) !== undefined) return functionNameAt(functionAddress(fn));
  return fn.name || shortened(String(fn));
}

/** Returns a human-readable name of the function at `address`. */
export function functionNameAt(address: DefinitionAddress): string {
  const definition = definitionAt(address);
  if (definition.kind === "task" && definition.member !== undefined) {
    return `${definition.name}.${definition.member.at(-1)}`;
  }
  if (definition.name !== "") return definition.name;
  const exported = exportedNameAt(address);
  if (exported !== undefined) return exported;
  if (definition.kind === "source") return shortened(definition.source);
  const { module, index, at } = definition as Definition & { kind: "task" };
  return at === undefined ? `number ${index + 1} of ${fileName(module)}` : `at ${at}`;
}

function shortened(source: string): string {
  const line = source.replace(/\s+/g, " ");
  return line.length <= 40 ? line : `${line.slice(0, 37)}...`;
}

/**
 * Returns the function that the definition at `address` means here.
 *
 * @returns `undefined` if its module must be imported first, with {@linkcode importFunction}
 */
export function functionAt(address: DefinitionAddress): object | undefined {
  const known = resolved.get(address);
  if (known !== undefined) return known;
  const found = resolve(definitionAt(address));
  if (found !== undefined) remember(address, found);
  return found;
}

/** Returns what the definition means here, without importing a module. */
function resolve(definition: Definition): object | undefined {
  switch (definition.kind) {
    case "task":
      return findRegistered(definition);
    case "export":
      return undefined;
    case "global":
      return definition.name.split(".").reduce(
        // deno-lint-ignore no-explicit-any
        (object: any, key) => object[key],
        globalThis,
      );
    case "source":
      return evaluate(definition.source);
  }
}

function remember(address: DefinitionAddress, fn: object): void {
  resolved.set(address, fn);
  addresses.set(fn, address);
  rememberDefinition(fn, () => definitionAt(address));
}

/**
 * Imports the module of a function, and finds the function there.
 *
 * @throws {TaskLookupError} if the module cannot be imported, or does not have the function
 */
export async function importFunction(address: DefinitionAddress): Promise<object> {
  const known = functionAt(address);
  if (known !== undefined) return known;
  const definition = definitionAt(address);
  if (!("module" in definition)) {
    throw new TaskLookupError(
      `Cannot find function ${definition.name}: globalThis of this worker does not have it`,
    );
  }
  const module = await importModule(definition.module, address);
  const found = definition.kind === "export"
    ? exportOf(module, definition.name)
    : resolve(definition);
  if (typeof found !== "function") {
    throw new TaskLookupError(
      definition.kind === "export"
        ? `Cannot find function ${definition.name}: ${definition.module} ` +
          (definition.name in module ? "exports no function of this name" : "does not export it")
        : `Cannot find task ${functionNameAt(address)} in ${definition.module}: the ` +
          `worker's import of the module did not register it, or registered another. ` +
          `Call task() at the top level of the module, not inside a function or a condition` +
          (definition.twins! > 1
            ? `; ${definition.twins} tasks have this text, and all of them must be registered there`
            : "") +
          hintForImport(". "),
    );
  }
  remember(address, found);
  const exported = Object.keys(module).find((name) => module[name] === found);
  if (definition.name === "" && exported !== undefined) storeExportedName(address, exported);
  return found;
}

/** Returns what a module exports. A CommonJS module may export all of it as properties of `default`. */
function exportOf(module: Record<string, unknown>, name: string): unknown {
  if (name in module) return module[name];
  const all = Object(module.default);
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

async function importModule(
  url: string,
  address: DefinitionAddress,
): Promise<Record<string, unknown>> {
  importing++;
  try {
    return await import(url);
  } catch (error) {
    throw new TaskLookupError(
      `Cannot import ${url} for task ${functionNameAt(address)}: ${describeFailure(error)}`,
      { cause: error },
    );
  } finally {
    importing--;
  }
}

/** What Deno says of an import by a name that is in no import map. */
const UNKNOWN_NAME = /not a dependency|not prefixed with/;

function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return UNKNOWN_NAME.test(message) ? message + hintForImport("\n") : message;
}

/** Returns what may explain that a module is another one here than in the program, behind a separator. */
function hintForImport(separator: string): string {
  const hint = hooks.hintForImport?.() ?? "";
  return hint && separator + hint;
}

/** Number of imports under way on behalf of tasks. */
let importing = 0;

/** Whether this isolate is importing a module on behalf of a task. */
export function isImporting(): boolean {
  return importing > 0;
}
