/**
 * Built-in classes that are members of a global: those of `WebAssembly` and `Temporal`.
 *
 * @module
 */

/** Names such as `WebAssembly.Memory`, by prototype. */
const names = new Map<object, string>();

for (const namespace of ["WebAssembly", "Temporal"]) {
  const classes: object = Reflect.get(globalThis, namespace) ?? {};
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(classes))) {
    const prototype = typeof value === "function" ? value.prototype : undefined;
    if (prototype !== undefined) names.set(prototype, `${namespace}.${name}`);
  }
}

/** Returns the name of the object's class, if it is one of these. */
export function namespacedNameOf(value: object): string | undefined {
  return names.get(Object.getPrototypeOf(value));
}

/** Returns the class of that name. */
export function namespacedClass(name: string): { from(parts: unknown): object } {
  const [namespace, key] = name.split(".");
  return Reflect.get(Reflect.get(globalThis, namespace), key);
}

const durationUnits = [
  ...["years", "months", "weeks", "days", "hours", "minutes", "seconds"],
  ...["milliseconds", "microseconds", "nanoseconds"],
];

/** Returns what `from` makes an equal object of. A duration's text would change its units. */
export function temporalParts(name: string, value: object): unknown {
  if (name !== "Temporal.Duration") return String(value);
  return Object.fromEntries(durationUnits.map((unit) => [unit, Reflect.get(value, unit)]));
}
