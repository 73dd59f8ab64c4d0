/**
 * What the text of a function tells: whether it is a class, whether it has private members, whether it
 * uses `this`.
 *
 * The compiler is asked, since only it knows what is code, and what is text in a string or a comment.
 *
 * @module
 */

import { readySteps } from "../parking/readiness.ts";

/** Whether the function is a class. */
export function isClass(fn: object): boolean {
  return /^class\b/.test(textOf(fn));
}

/** Returns the text of a function or class. */
function textOf(fn: object): string {
  return Function.prototype.toString.call(fn);
}

/** Returns whether the text is an expression. It is not evaluated. */
function compiles(text: string): boolean {
  try {
    (0, eval)(`"use strict"; () => (${text}\n)`);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns whether the class, or one that it extends, has private members of instances: a copy that is
 * made without the constructor lacks them. A subclass of a built-in class crosses without them.
 */
export function hasPrivateMembers(fn: object): boolean {
  let found = false;
  for (let at: unknown = fn; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    if (at === Function.prototype) return found;
    // Processes keep their state elsewhere.
    if (!isClass(at) || Object.hasOwn(at.prototype, readySteps)) return false;
    found ||= declaresPrivateMember(textOf(at));
  }
  return found;
}

/** Returns whether the text of a class declares a private member of instances. */
function declaresPrivateMember(text: string): boolean {
  const names = new Set(text.match(/#[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
  if (names.size === 0 || !compiles(text)) return false;
  return [...names].some((name) => {
    const isStatic = new RegExp(`\\bstatic\\b[\\s\\w*]*\\${name}(?![\\w$])`).test(text);
    // A second declaration is an error.
    return !isStatic && !compiles(`${text.slice(0, -1)};${name};}`);
  });
}

/**
 * Returns whether an arrow function uses the `this` of the code around it: in place of such a `this`,
 * `new.target` is an error, as in any code outside of a function with a `this` of its own. In a text, a
 * comment or a nested function it is none; in place of the name of a property, `this.it` is an error too.
 */
export function hasOuterThis(text: string): boolean {
  const places = [...text.matchAll(/\bthis\b/g)];
  if (places.length === 0 || compiles(text.replaceAll(/\bthis\b/g, "new.target"))) return false;
  return places.some(({ index }) => {
    const replacedBy = (by: string) => text.slice(0, index) + by + text.slice(index + 4);
    return !compiles(replacedBy("new.target")) && compiles(replacedBy("this.it"));
  });
}

/** Returns whether a method or a function that is not an arrow function uses its `this`. */
export function usesThis(fn: object): boolean {
  // Private names are an error outside of their class.
  const text = textOf(fn).replaceAll(/#(?=[\p{ID_Start}$_])/gu, "_");
  if (!/\bthis\b/.test(text) || isClass(fn)) return false;
  const head = /^(async\b\s*)?(?:function\b\s*)?(?:[\p{ID_Start}$_][\p{ID_Continue}$]*\s*)?(?=\()/u
    .exec(text);
  if (head === null) return false;
  const rest = (head[1] ?? "") + text.slice(head[0].length);
  // As an arrow function, it has the `this` of the code around it.
  for (const { index } of rest.matchAll(/(?<=\))\s*\{/g)) {
    const arrow = `${rest.slice(0, index)} => ${rest.slice(index)}`;
    if (compiles(arrow)) return hasOuterThis(arrow);
  }
  return false;
}
