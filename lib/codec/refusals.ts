/**
 * Why a value cannot cross, and where in the message it is.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { handleMark } from "../objects/shared_object.ts";
import { readySteps } from "../parking/readiness.ts";
import { pathTo, pathToDeepest } from "./path.ts";

/** Thrown through the encoder for a value that cannot cross; callers see a `DataCloneError`. */
export class NotCloneable {
  /** The culprit is part of the message, or the message itself. */
  constructor(readonly culprit: unknown, readonly why: string) {}
}

/** Returns what the caller of the encoder sees for an error that was thrown through it. */
export function toDataCloneError(error: unknown, root: unknown, name: string): unknown {
  if (error instanceof NotCloneable) {
    return new DataCloneError(`Cannot send ${pathTo(error.culprit, root, name)}: ${error.why}`);
  }
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    const path = pathToDeepest(root, name);
    return new DataCloneError(`Cannot send ${path}: it is nested too deeply`);
  }
  return error; // thrown by a getter of the user's
}

/** Rejects an instance of a built-in class that has no encoding. */
export function refuseBuiltin(value: object, className: string): never {
  refuseIterator(value);
  throw new NotCloneable(value, whyNot(className));
}

/** The reason, by class. */
function whyNot(className: string): string {
  switch (className) {
    case "Promise":
      return "a Promise cannot cross: await it first";
    case "Blob":
    case "File":
      return `a ${className} cannot cross: send its bytes, await blob.bytes()`;
    case "URL":
      return "a URL cannot cross: send its href";
    default:
      return `${withArticle(className)} has no meaning outside its isolate`;
  }
}

/** Rejects instances of unregistered classes whose copy of own properties would be useless. */
export function refuseUncopyable(value: object): void {
  if (handleMark in value) {
    const what = withArticle(value.constructor.name);
    throw new NotCloneable(
      value,
      `${what} of another copy of this package cannot cross: import the package from one place`,
    );
  }
  refuseIterator(value);
  // An object to wait for that is not a shared object is a process.
  if (Symbol.dispose in value || Symbol.asyncDispose in value || readySteps in value) {
    const what = withArticle(value.constructor?.name || "resource");
    throw new NotCloneable(value, `${what} holds what cannot be copied: make one there`);
  }
  if ("then" in value) {
    const what = withArticle(value.constructor?.name || "result");
    throw new NotCloneable(value, `${what} may still be pending: await it first`);
  }
}

/** Rejects generators and other iterators that are not plain objects. */
function refuseIterator(value: object): void {
  if (!(Symbol.dispose in value || Symbol.asyncDispose in value) || !("next" in value)) return;
  if (!(Symbol.iterator in value || Symbol.asyncIterator in value)) return;
  const name = Reflect.get(value, Symbol.toStringTag) ?? value.constructor?.name ?? "iterator";
  throw new NotCloneable(
    value,
    `${withArticle(name)} cannot cross: collect it first, with await Array.fromAsync(it), ` +
      "or put the items into a queue",
  );
}

/** Rejects an instance of a class of `WebAssembly` that belongs to its isolate. */
export function refuseWebAssembly(value: object, name: string): never {
  throw new NotCloneable(
    value,
    name === "WebAssembly.Memory"
      ? "this WebAssembly.Memory is not shared: make it with { initial, maximum, shared: true }, " +
        "and compile its module for a shared memory"
      : `a ${name} has no meaning outside its isolate: send its WebAssembly.Module and a shared ` +
        "WebAssembly.Memory, and instantiate it there",
  );
}

/** Returns the class name after "a" or "an". An initial U mostly sounds like "you": a URL, a User. */
function withArticle(className: string): string {
  return `${/^[AEIO]/i.test(className) ? "an" : "a"} ${className}`;
}
