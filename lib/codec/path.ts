/**
 * Paths to a part of a value, as the caller would write them: `args[0].model.predict`.
 *
 * @module
 */

import { HIDDEN_KEYS } from "./error_parts.ts";

/** Returns the path from `root`, which the caller knows as `name`, to `culprit`. */
export function pathTo(culprit: unknown, root: unknown, name: string): string {
  const seen = new Set<unknown>();
  const pending: { value: unknown; path: string }[] = [{ value: root, path: name }];
  for (const { value, path } of pending) {
    if (value === culprit) return path.replace(/^\./, "");
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const [step, inner] of partsOf(value)) pending.push({ value: inner, path: path + step });
  }
  return name;
}

/** Number of steps of a path before "…". */
const MAX_STEPS = 3;

/** Returns the first steps of the path to the part that is nested deepest, in encoding order. */
export function pathToDeepest(root: unknown, name: string): string {
  const seen = new Set<unknown>();
  const steps: string[] = [];
  const open: Iterator<[string, unknown]>[] = [];
  let deepest = 0;
  let path = "";
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
      path = steps.slice(0, MAX_STEPS).join("");
    }
  }
  return (name + path).replace(/^\./, "") + (deepest > MAX_STEPS ? "…" : "");
}

/** Yields the parts of a value, each with the step of a path that leads to it. */
function* partsOf(value: object): Generator<[string, unknown]> {
  if (ArrayBuffer.isView(value)) return; // its elements have no parts
  if (value instanceof Map) {
    for (const [key, inner] of value) {
      yield [".get(" + describeKey(key) + ")", inner];
      yield [".keys(): " + describeKey(key), key];
    }
  } else if (value instanceof Set) {
    for (const inner of value) yield [".values(): " + describeKey(inner), inner];
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

function describeKey(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  if (typeof key === "object" && key !== null) return `{${key.constructor?.name ?? ""}}`;
  return typeof key === "function" ? key.name : String(key);
}
