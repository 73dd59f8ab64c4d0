/**
 * Paths to a part of a value, as the caller would write them: `args[0].model.predict`.
 *
 * The encoder notes a step where an error passes through it. So no getter runs for the sake of a path.
 *
 * @module
 */

import { classNameOf } from "../arguments/describe.ts";

/**
 * A step of a path: the index of an array, or the name of a property, or what is described once the path is
 * complete. The encoder makes steps where little of the stack may be left.
 */
export type Step = number | string | OtherStep;

/** A step to a part of a `Map` or `Set`. */
export interface OtherStep {
  readonly kind: "value of" | "key" | "member";
  readonly key: unknown;
}

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
  const path = name + shown.toReversed().map(textOfStep).join("");
  return (path.startsWith(".") ? path.slice(1) : path) + (shown.length < steps.length ? "…" : "");
}

function textOfStep(step: Step): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "string") {
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  const key = describeKey(step.key);
  switch (step.kind) {
    case "value of":
      return `.get(${key})`;
    case "key":
      return `.keys(): ${key}`;
    case "member":
      return `.values(): ${key}`;
  }
}

function describeKey(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  if (typeof key === "function") {
    return Object.hasOwn(key, "name") ? String(key.name) : "a function";
  }
  return typeof key === "object" && key !== null ? `{${classNameOf(key)}}` : String(key);
}
