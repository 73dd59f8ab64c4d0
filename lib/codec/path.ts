/**
 * Where in a value something stands, as its reader would write it: `args[0].model.predict`.
 *
 * @module
 */

import { HIDDEN_KEYS } from "./error_parts.ts";

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

/** Steps of a path that are shown before "…". */
const STEPS_SHOWN = 3;

/** The first steps of the path to what is nested deepest when the parts are written in their order. */
export function pathToDeepest(root: unknown, name: string): string {
  const seen = new Set<unknown>();
  const steps: string[] = [];
  const open: Iterator<[string, unknown]>[] = [];
  let deepest = 0;
  let shown = "";
  const enter = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return false;
    seen.add(value);
    open.push(partsOf(value));
    return true;
  };
  enter(root);
  while (open.length > 0) {
    const { value: part, done } = open.at(-1)!.next();
    if (done) {
      open.pop();
      steps.pop();
    } else if (enter(part[1])) {
      steps.push(part[0]);
      if (steps.length <= deepest) continue;
      deepest = steps.length;
      shown = steps.slice(0, STEPS_SHOWN).join("");
    }
  }
  return (name + shown).replace(/^\./, "") + (deepest > STEPS_SHOWN ? "…" : "");
}

function* partsOf(value: object): Generator<[string, unknown]> {
  if (ArrayBuffer.isView(value)) return; // its elements have no parts
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
    if (Error.isError(value)) {
      for (const key of ["cause", ...HIDDEN_KEYS]) {
        if (Object.hasOwn(value, key)) yield [`.${key}`, Reflect.get(value, key)];
      }
    }
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
