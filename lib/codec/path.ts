/**
 * Paths to a part of a value, as the caller would write them: `args[0].model.predict`.
 *
 * The encoder notes a step where an error passes through it. So no getter runs for the sake of a path.
 *
 * @module
 */

import { classNameOf } from "../arguments/describe.ts";

/** A step of a path: the index of an array, or the text of another step. */
export type Step = number | string;

/** Number of steps of a path before "…", where the whole path would be long. */
const MAX_STEPS = 3;

/**
 * Returns a path.
 *
 * @param name what the caller calls the value where the path begins
 * @param steps from the innermost to the outermost
 * @param isLong whether only the first steps are of interest
 */
export function pathOf(name: string, steps: readonly Step[], isLong: boolean): string {
  const shown = isLong ? steps.slice(-MAX_STEPS) : steps;
  const path = shown.toReversed().map((step) => typeof step === "number" ? `[${step}]` : step);
  const rest = shown.length < steps.length ? "…" : "";
  return (name + path.join("")).replace(/^\./, "") + rest;
}

/** Returns the step to a property. */
export function propertyStep(key: string): Step {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Returns the step to the value of a key of a `Map`. */
export function mapValueStep(key: unknown): Step {
  return `.get(${describeKey(key)})`;
}

/** Returns the step to a key of a `Map`. */
export function mapKeyStep(key: unknown): Step {
  return `.keys(): ${describeKey(key)}`;
}

/** Returns the step to a member of a `Set`. */
export function memberStep(member: unknown): Step {
  return `.values(): ${describeKey(member)}`;
}

function describeKey(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  if (typeof key === "function") {
    return Object.hasOwn(key, "name") ? String(key.name) : "a function";
  }
  return typeof key === "object" && key !== null ? `{${classNameOf(key)}}` : String(key);
}
