/**
 * Why a value cannot cross, and where in the message it is.
 *
 * @module
 */

import { isErrorOf, messageOf } from "../arguments/describe.ts";
import { DataCloneError } from "../errors.ts";
import { isStackOverflow } from "../heap/stack.ts";
import { type Destination, handleMark, sharedTypes, typeOf } from "../objects/shared_object.ts";
import { readySteps } from "../parking/readiness.ts";
import { classOf } from "./error_parts.ts";
import { pathOf, type Step } from "./path.ts";
import { reducedBaseOf } from "./reducers.ts";
import { isRegisteredInVain } from "./task.ts";

const TOO_DEEP = "it is nested too deeply";

/** Thrown through the encoder for a value that cannot cross; callers see a `DataCloneError`. */
export class NotCloneable {
  readonly #steps: Step[] = [];

  /** Its path is added on the way to the caller, by {@linkcode located}. */
  constructor(readonly why: string) {}

  /** The path to the culprit, from its end. */
  get steps(): Step[] {
    return this.#steps;
  }

  /** Whether the value is one. Unlike `instanceof`, it runs no trap of a `Proxy` that was thrown. */
  static is(value: unknown): value is NotCloneable {
    return typeof value === "object" && value !== null && #steps in value;
  }
}

/** Makes the error for an object that is nested too deeply. */
export function tooDeep(): NotCloneable {
  return new NotCloneable(TOO_DEEP);
}

/** Returns what goes on to the caller for an error that was thrown behind this step of the path. */
export function located(error: unknown, step: Step): unknown {
  const refusal = refusalOf(error);
  refusal?.steps.push(step);
  return refusal ?? error;
}

/** Returns the refusal that the error is, or stands for; `undefined` for what a getter of the user's threw. */
function refusalOf(error: unknown): NotCloneable | undefined {
  if (NotCloneable.is(error)) return error;
  if (isStackOverflow(error)) return tooDeep();
  if (isErrorOf(error, TypeError) && messageOf(error).includes("proxy that has been revoked")) {
    return new NotCloneable("it is a Proxy that has been revoked");
  }
  return undefined;
}

/** Returns what the caller of the encoder sees for an error that was thrown through it. */
export function toDataCloneError(error: unknown, name: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === undefined) return error; // thrown by a getter of the user's
  const { steps, why } = refusal;
  return new DataCloneError(`Cannot send ${pathOf(name, steps, why === TOO_DEEP)}: ${why}`);
}

/** What only a true instance of a built-in class can do, by class. */
const brandChecks: Readonly<Record<string, (value: never) => unknown>> = {
  Map: Function.prototype.call.bind(Map.prototype.has),
  Set: Function.prototype.call.bind(Set.prototype.has),
  Date: Function.prototype.call.bind(Date.prototype.getTime),
  RegExp: (pattern: RegExp) => pattern.source,
  ArrayBuffer: (buffer: ArrayBuffer) => buffer.byteLength,
  SharedArrayBuffer: (buffer: SharedArrayBuffer) => buffer.byteLength,
  Boolean: Function.prototype.call.bind(Boolean.prototype.valueOf),
  Number: Function.prototype.call.bind(Number.prototype.valueOf),
  String: Function.prototype.call.bind(String.prototype.valueOf),
  BigInt: Function.prototype.call.bind(BigInt.prototype.valueOf),
};

/** Rejects an object that has the prototype of a built-in class, but not its content. */
export function refuseImitation(value: object, className: string): void {
  try {
    brandChecks[className]?.(value as never);
  } catch {
    throw new NotCloneable(
      `it is a Proxy of ${withArticle(className)}, or inherits from one: send the ${className}`,
    );
  }
}

/** Rejects an instance of a built-in class that has no encoding. */
export function refuseBuiltin(value: object, className: string): never {
  refuseIterator(value);
  throw new NotCloneable(whyNot(className));
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
      `${what} of another copy of this package cannot cross: import the package from one place`,
    );
  }
  refuseIterator(value);
  const owner = classOf(value);
  if (typeof owner === "function" && isRegisteredInVain(owner)) {
    const { name } = owner;
    throw new NotCloneable(
      `the private members of class ${
        name || "(without a name)"
      } do not cross. Say what does, with ` +
        `registerReducer({ is: ${name || "Class"}, reduce, revive })`,
    );
  }
  const base = reducedBaseOf(value);
  if (base !== undefined) {
    const name = typeof owner === "function" && owner.name || "a subclass";
    throw new NotCloneable(
      `${name} extends ${
        base.name || "a class"
      }, whose reducer would not keep the subclass. Say how its ` +
        `objects cross, with registerReducer({ is: ${name}, reduce, revive })`,
    );
  }
  // An object to wait for that is not a shared object is a process.
  if (Symbol.dispose in value || Symbol.asyncDispose in value || readySteps in value) {
    const what = withArticle(value.constructor?.name || "resource");
    throw new NotCloneable(`${what} holds what cannot be copied: make one there`);
  }
  if ("then" in value) {
    const what = withArticle(value.constructor?.name || "result");
    throw new NotCloneable(`${what} may still be pending: await it first`);
  }
}

/** Rejects generators and other iterators that are not plain objects. */
function refuseIterator(value: object): void {
  if (!(Symbol.dispose in value || Symbol.asyncDispose in value) || !("next" in value)) return;
  if (!(Symbol.iterator in value || Symbol.asyncIterator in value)) return;
  const name = Reflect.get(value, Symbol.toStringTag) ?? value.constructor?.name ?? "iterator";
  throw new NotCloneable(
    `${withArticle(name)} cannot cross: collect it first, with await Array.fromAsync(it), ` +
      "or put the items into a queue",
  );
}

/** Rejects an instance of a class of `WebAssembly` that belongs to its isolate. */
export function refuseWebAssembly(name: string): never {
  throw new NotCloneable(
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

/** Refuses a shared object in a message that is read elsewhere. */
export function refuseOutside(address: number, destination: Destination): never {
  const type = typeOf(address);
  const name = sharedTypes.owners.get(type);
  if (destination.startsWith("machine")) {
    throw new NotCloneable(
      `${name} is shared by the isolates of one program, and other machines cannot use it: send its contents, ` +
        "and return what the task has found",
    );
  }
  throw new NotCloneable(
    destination === "program"
      ? `${name} was made in this process, and the program does not see its memory: make it in the program, ` +
        "and send it here"
      : `it lies in memory that another process cannot see (${name}): send a copy of its contents, ` +
        `${
          name === "SharedArrayBuffer" ? "make it with processes: true, " : ""
        }or use startMethod "spawn"`,
  );
}
