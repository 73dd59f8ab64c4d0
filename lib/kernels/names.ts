/**
 * What the names in the text of a function mean.
 *
 * @module
 */

import type { Acorn } from "./acorn.ts";
import { refuse } from "./obstacle.ts";
import type { ArrayName, Expression, Variable } from "./program.ts";
import { isCondition } from "./visit.ts";

/** What a member of the context is, as far as a kernel can use it. */
export type MemberKind = "number" | "array" | "other" | NdArrayKind;

/**
 * An ndarray. It is used by its parts, which are members too: the array `x.data`, and the numbers `x.offset`,
 * `x.size`, `x.shape.0`, `x.stride.0` and so on.
 */
export interface NdArrayKind {
  /** Number of its axes. */
  readonly axes: number;
}

/** The members of the context, by name. */
export type ContextKinds = Readonly<Record<string, MemberKind>>;

/** What a name means. */
export type Meaning =
  /** A variable; `fixed` says what it is if no statement may assign to it. */
  | { readonly kind: "variable"; readonly variable: Variable; readonly fixed: string | undefined }
  /** A number that does not change. */
  | { readonly kind: "number"; readonly expression: Expression }
  | { readonly kind: "array"; readonly array: ArrayName }
  | ({ readonly kind: "ndarray"; readonly name: string } & NdArrayKind)
  /** The context itself. */
  | { readonly kind: "context" }
  /** A member of the context, which is looked up when it is used. */
  | { readonly kind: "member"; readonly name: string }
  /** A name whose declaration is further down in its block. */
  | { readonly kind: "later" };

/** The names of a function: scopes, the members of the context that are used, kinds of variables. */
export class Names {
  readonly #context: ContextKinds;
  readonly #arrays = new Map<string, ArrayName>();
  readonly #numbers = new Set<string>();
  readonly #isCondition = new Map<Variable, boolean>();
  #scopes: Map<string, Meaning>[] = [new Map()];

  constructor(context: ContextKinds) {
    this.#context = context;
  }

  /** The arrays of the context that are used. */
  get arrays(): ArrayName[] {
    return [...this.#arrays.values()];
  }

  /** The numbers of the context that are used. */
  get numbers(): string[] {
    return [...this.#numbers];
  }

  /** Runs `parse` in a scope of its own. */
  inScope<R>(parse: () => R): R {
    this.#scopes.push(new Map());
    const parsed = parse();
    this.#scopes.pop();
    return parsed;
  }

  /** Says that this scope declares the names of a pattern, and that their declaration is still to come. */
  announce(pattern: Acorn.Pattern): void {
    if (pattern.type === "Identifier") {
      this.#scopes.at(-1)!.set(pattern.name, { kind: "later" });
    } else if (pattern.type === "ObjectPattern") {
      for (const property of pattern.properties) {
        if (property.type === "Property") this.announce(property.value);
      }
    }
  }

  /** Declares a name in this scope. */
  declare(node: Acorn.Identifier, meaning: Meaning): void {
    const { name } = node;
    const scope = this.#scopes.at(-1)!;
    if ((scope.get(name)?.kind ?? "later") !== "later") refuse(node, `declares \`${name}\` twice`);
    scope.set(name, meaning);
  }

  /** Returns whether a name is declared in the function. */
  has(name: string): boolean {
    return this.#scopes.some((scope) => scope.has(name));
  }

  /** Returns what a name means, if it is declared in the function. */
  lookUp(node: Acorn.Identifier): Meaning | undefined {
    const { name } = node;
    const meaning = this.#scopes.findLast((scope) => scope.has(name))?.get(name);
    if (meaning?.kind === "later") refuse(node, `uses \`${name}\` before its declaration`);
    return meaning?.kind === "member" ? this.member(meaning.name, name, node) : meaning;
  }

  /**
   * Returns what a member of the context means, and counts it as used.
   *
   * @param shown how the text writes it
   */
  member(name: string, shown: string, node: Acorn.Node): Meaning {
    if (!Object.hasOwn(this.#context, name)) {
      refuse(node, `uses \`${shown}\`, which the context does not have`);
    }
    const kind = this.#context[name];
    if (typeof kind === "object") return { kind: "ndarray", name, axes: kind.axes };
    switch (kind) {
      case "number":
        return { kind: "number", expression: this.number(name) };
      case "array":
        return { kind: "array", array: this.array(name) };
      case "other":
        return refuse(
          node,
          `uses \`${shown}\`, which is not a number or a typed array of the context`,
        );
    }
  }

  /** Returns a number of the context, and counts it as used. */
  number(name: string): Expression {
    this.#numbers.add(name);
    return { op: "context", name };
  }

  /** Returns an array of the context, and counts it as used. */
  array(name: string): ArrayName {
    const array = this.#arrays.get(name) ?? { name };
    this.#arrays.set(name, array);
    return array;
  }

  /** Returns whether an expression is a condition; all others are numbers. */
  isCondition(expression: Expression): boolean {
    return isCondition(expression, (variable) => this.#isCondition.get(variable) ?? false);
  }

  /** Notes that a variable is set to a value; a variable is a number or a condition throughout. */
  noteValue(variable: Variable, value: Expression, node: Acorn.Node): void {
    const now = this.isCondition(value);
    const before = this.#isCondition.get(variable) ?? now;
    this.#isCondition.set(variable, before);
    if (before === now) return;
    const kinds = ["a number", "a condition"];
    refuse(
      node,
      `sets \`${variable.name}\` to ${kinds[+now]}, which is ${kinds[+before]} elsewhere`,
    );
  }
}
