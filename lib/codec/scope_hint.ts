/**
 * Hints for functions that were sent as source and failed because they used their module's scope.
 *
 * @module
 */

import { isErrorOf } from "../arguments/describe.ts";
import { type DefinitionAddress, definitionAt } from "./definition.ts";

const REGISTER = "register it with task(import.meta, fn) at the top level of its module";

/**
 * Appends to the error of a function what it lacked, if that is known: a function that was sent as source
 * its module, an object its private members or its methods.
 *
 * @param address the function that was called
 * @param args what it was called with, if that is known
 */
export function explainScope(error: unknown, address: DefinitionAddress, args?: unknown): void {
  if (!isErrorOf(error, ReferenceError) && !isErrorOf(error, TypeError)) return;
  const definition = definitionAt(address);
  try {
    const hint = hintForArgument(error) ?? hintForMethod(error, args) ??
      (definition.kind === "source" ? hintFor(error, definition.source) : undefined);
    if (hint !== undefined) error.message = `${error.message.replace(/\.$/, "")}. ${hint}`;
  } catch {
    // Its message cannot be read or changed: the error goes on as it is.
  }
}

const SEES_NOTHING =
  "A function that is sent as source sees nothing outside itself: pass what it " +
  `needs as an argument, or ${REGISTER}`;

/** The frame of a function that was made of its source, at the top of a stack. */
const ofSource = /^[^\n]*\n\s+at [^\n]*\(eval at evaluate \([^\n]*unregistered\.ts/;

/** Returns what the arguments of a task lacked: functions and objects that were sent. */
function hintForArgument(error: Error): string | undefined {
  if (error instanceof ReferenceError && ofSource.test(error.stack ?? "")) return SEES_NOTHING;
  return /private member #|^Receiver must be /.test(error.message)
    ? "The private members of an object do not cross: say what does, with registerReducer()"
    : undefined;
}

/** Returns what a plain object among the arguments lacked, if a method was called that is not there. */
function hintForMethod(error: Error, args: unknown): string | undefined {
  if (!/\.[\w$]+ is not a function$/.test(error.message) || !hasPlainObject(args, 3)) {
    return undefined;
  }
  return "If it is an object that was sent: one of a class that is not registered arrives without its " +
    "methods. Write task(import.meta, Class), and for each subclass too";
}

/** How many parts of an argument are looked at. */
const MAX_PARTS = 20;

function hasPlainObject(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth === 0) return false;
  if (!Array.isArray(value)) return Object.getPrototypeOf(value) === Object.prototype;
  return value.slice(0, MAX_PARTS).some((part) => hasPlainObject(part, depth - 1));
}

function hintFor(error: Error, source: string): string | undefined {
  if (error instanceof ReferenceError) return SEES_NOTHING;
  if (/^Module not found/.test(error.message) && /\bimport\(\s*["'`]\.\.?\//.test(source)) {
    return "A function that is sent as source belongs to no module, so its imports are relative to " +
      "nothing of the program's: pass new URL(…, import.meta.url).href as an argument and import " +
      `that, use tasksOf(), or ${REGISTER}`;
  }
  const name = refusedGlobal(error);
  if (name !== undefined && source.includes(`new ${name}`)) {
    return `A function that is sent as source sees no imports: its ${name} is the browser's. ` +
      `Pass the object as an argument, or ${REGISTER}`;
  }
  return undefined;
}

/**
 * Returns the name of the built-in class whose constructor refused the call: an import of the same
 * name may have been meant.
 */
function refusedGlobal(error: Error): string | undefined {
  if (!/^Illegal constructor|: \d+ arguments? required/.test(error.message)) return undefined;
  // Only the stack names the class in both messages. `ext:` is where Deno's own classes are.
  const name = /\bat new (\w+) \(ext:/.exec(error.stack ?? "")?.[1];
  return name !== undefined && typeof Reflect.get(globalThis, name) === "function"
    ? name
    : undefined;
}
