/**
 * Where in a value something stands, as its reader would write it: `args[0].model.predict`.
 *
 * @module
 */

/** The path from `root`, which the reader calls `name`, to `culprit`. */
export function pathTo(culprit: unknown, root: unknown, name: string): string {
  const seen = new Set<unknown>();
  const waiting: { value: unknown; path: string }[] = [{ value: root, path: name }];
  for (const { value, path } of waiting) {
    if (value === culprit) return path.replace(/^\./, "");
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const [step, inner] of partsOf(value)) waiting.push({ value: inner, path: path + step });
  }
  return name;
}

function* partsOf(value: object): Generator<[string, unknown]> {
  if (value instanceof Map) {
    for (const [key, inner] of value) {
      yield [".get(" + shown(key) + ")", inner];
      yield [".keys(): " + shown(key), key];
    }
  } else if (value instanceof Set) {
    for (const inner of value) yield [".values(): " + shown(inner), inner];
  } else if (Array.isArray(value)) {
    for (const [at, inner] of value.entries()) yield [`[${at}]`, inner];
  } else {
    if (value instanceof Error) yield [".cause", value.cause];
    for (const key of Object.keys(value)) {
      yield [
        /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
        Reflect.get(value, key),
      ];
    }
  }
}

function shown(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  if (typeof key === "object" && key !== null) return `{${key.constructor?.name ?? ""}}`;
  return typeof key === "function" ? key.name : String(key);
}
