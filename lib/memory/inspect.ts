/**
 * How `console.log` shows a shared container.
 *
 * @module
 */

import { addressOf, type SharedHandle } from "../objects/shared_object.ts";

/** Containers that are being shown, so that one that contains itself is shown once. */
const showing = new Set<SharedHandle>();

/** Makes `console.log` show instances of a class by `show`; `inspect` formats their contents. */
export function showContents<T extends SharedHandle>(
  // deno-lint-ignore no-explicit-any
  classOf: new (...args: any[]) => T,
  show: (container: T, inspect: (value: unknown) => string) => string,
): void {
  Object.defineProperty(classOf.prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions): string {
      if (addressOf(this) === undefined) return `${classOf.name}.prototype`;
      if (showing.has(this)) return `[Circular ${classOf.name}]`;
      showing.add(this);
      try {
        return show(this, (value) => inspect(value, options));
      } finally {
        showing.delete(this);
      }
    },
  });
}

/** Returns the contents of a container in one line. */
export function inOneLine(container: SharedHandle): string {
  return Deno.inspect(container, { breakLength: Infinity, compact: true, colors: false });
}
