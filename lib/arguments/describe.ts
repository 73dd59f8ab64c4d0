/**
 * Values in error messages. No function here throws or takes long, whatever the value: its getters and
 * the traps of a `Proxy` may throw, and its texts may be long.
 *
 * @module
 */

/** Number of characters of a text that are shown. */
const MAX_TEXT = 200;

/** Returns a short description of a value, for an error message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}...` : value);
    case "bigint":
      return value >> 128n === value >> 127n ? `${value}n` : "a large bigint";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : describeObject(value);
    default:
      return shorten(String(value));
  }
}

/** Returns a description of what was thrown: the name and message of an error, or {@linkcode describe}. */
export function describeThrown(thrown: unknown): string {
  if (!isError(thrown)) return describe(thrown);
  const name = shorten(textOf(thrown, "name") ?? "Error");
  const message = textOf(thrown, "message");
  if (message === undefined) return `${name}, whose message cannot be read`;
  return message === "" ? name : `${name}: ${shorten(message)}`;
}

/** Returns the message of an error, or a description of another value. */
export function messageOf(thrown: unknown): string {
  return (isError(thrown) ? textOf(thrown, "message") : undefined) ?? describeThrown(thrown);
}

/**
 * Returns whether the value is an error. Unlike `instanceof`, it also says so of errors of other realms,
 * and does not run the traps of a `Proxy`.
 */
export function isError(value: unknown): value is Error {
  return Error.isError(value);
}

/** As `value instanceof errorClass`, but never throws. */
export function isErrorOf<E extends Error>(
  value: unknown,
  // deno-lint-ignore no-explicit-any
  errorClass: abstract new (...args: any[]) => E,
): value is E {
  if (!isError(value)) return false;
  try {
    return prototypesOf(value).includes(errorClass.prototype);
  } catch {
    return false; // the trap of a Proxy threw
  }
}

/** Length of a chain of prototypes that is followed: proxies can make one without end. */
export const MAX_PROTOTYPES = 100;

/** Returns the prototype of an object, that one's prototype, and so on. */
export function prototypesOf(value: object): object[] {
  const chain: object[] = [];
  for (let at = value; chain.length < MAX_PROTOTYPES; chain.push(at)) {
    at = Object.getPrototypeOf(at);
    if (at === null) break;
  }
  return chain;
}

/** Returns the name of the class of an object; "" if it has none, or the name cannot be read. */
export function classNameOf(value: object): string {
  try {
    return shorten(String(value.constructor?.name ?? ""));
  } catch {
    return "";
  }
}

function describeObject(value: object): string {
  if (isRevoked(value)) return "a revoked Proxy";
  const name = classNameOf(value);
  return name === "" ? "an object without a class" : `an object of class ${name}`;
}

function isRevoked(value: object): boolean {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

/** Returns a property of an error as text; `undefined` if it cannot be read. */
export function textOf(error: Error, key: "name" | "message"): string | undefined {
  try {
    return String(error[key]);
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
