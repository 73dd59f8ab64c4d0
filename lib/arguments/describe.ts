/**
 * Values in error messages.
 *
 * @module
 */

/** Returns a short description of a value, for an error message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 37)}...` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : `an object of class ${value.constructor?.name}`;
    default:
      return String(value);
  }
}
