/**
 * Array expressions as the source of one loop.
 *
 * The source depends on the structure of the expression, the types of its arrays and the definitions
 * of its functions, on nothing else: constants and arrays are handed in. So an expression that runs
 * again is not compiled again, and the engine, which keeps what it learnt for one text, never sees
 * other types or functions in it.
 *
 * The loop of `(X**2 - X).sum()`, without the catch that tells where it failed:
 *
 * ```text
 * const a0 = c.a0;
 * for (const last = (end - 3) | 0; i < last; i = (i + 4) | 0) {
 *   { const v0 = a0[i]; const v1 = v0 * v0; const v2 = v1 - v0; s0 += v2; }
 *   …                                              // into s1, s2 and s3, each without the others
 * }
 * for (; i < end; i++) { … }
 * s0 += s1; s2 += s3; s0 += s2; return s0;
 * ```
 *
 * @module
 */

import type { ChunkLoop } from "./run_chunks.ts";
import {
  type AnyArray,
  type ElementKind,
  elementKind,
  type Node,
  nodesOf,
} from "./expression_tree.ts";

/** What is made of the elements. */
export type Goal =
  /** Each is stored in `out`. */
  | { kind: "store"; out: AnyArray }
  /** They become one. */
  | { kind: "fold"; fold: Fold }
  /** Their sum, one added after the other. */
  | { kind: "total" }
  /** The sum of all up to each is stored in `out`, block by block. */
  | { kind: "scan"; out: AnyArray; offsets: ArrayLike<number | bigint>; size: number };

/** How elements become one: by name, or by a function and the address of its definition. */
export type Fold = "sum" | "prod" | "min" | "max" | { fn: unknown; address: number };

/** A loop, and what it works on. */
export interface Program {
  run: ChunkLoop;
  context: Record<string, unknown>;
}

/** Loops by their source. */
const compiled = new Map<string, ChunkLoop>();

/**
 * Makes a loop of an expression.
 *
 * @param isShort whether 32 bits are enough to count the elements, which is faster
 */
export function compileLoop(
  root: Node,
  kind: ElementKind,
  goal: Goal,
  isShort: boolean,
): Program {
  const context: Record<string, unknown> = {};
  const code = new Code(root, kind, context);
  const loop = loopFor(goal, code, context, isShort);
  const whole = isShort ? " | 0" : "";
  const source = `function (first, count, step, c, identity, at) {
  // ${code.key.join(" ")}
  ${Object.keys(context).map((name) => `const ${name} = c.${name};`).join(" ")}
  const end = (first + count)${whole};
  let i = first${whole};
  try {
    ${loop}
  } catch (error) {
    at(i);
    throw error;
  }
}`;
  let run = compiled.get(source);
  if (run === undefined) {
    run = new Function(`"use strict"; return ${source}`)() as ChunkLoop;
    Object.defineProperty(run, "name", { value: "array expression" });
    compiled.set(source, run);
  }
  return { run, context };
}

/** The elements of an expression as source. */
class Code {
  /** What tells this loop from others that read the same. */
  readonly key: string[] = [];
  /** Whether nothing in it can fail: functions can, and bigints, by a division by 0n. */
  readonly isSafe: boolean;
  /** What the elements are. */
  readonly kind: ElementKind;
  readonly #root: Node;
  readonly #names = new Map<Node, string>();
  readonly #lines: ((index: string) => string)[] = [];

  constructor(root: Node, kind: ElementKind, context: Record<string, unknown>) {
    this.#root = root;
    this.kind = kind;
    const arrays = new Map<AnyArray, string>();
    const kinds = new Map<Node, ElementKind>();
    let isSafe = kind === "number";
    for (const node of nodesOf(root)) {
      const at = this.#names.size;
      const name = `v${at}`;
      const kind = kindOfNode(node, kinds);
      kinds.set(node, kind);
      if (kind === "bigint") isSafe = false;
      switch (node.op) {
        case "constant":
          this.#names.set(node, `k${at}`);
          context[`k${at}`] = node.value;
          continue;
        case "array": {
          const before = arrays.get(node.data);
          this.#names.set(node, before ?? name);
          if (before !== undefined) continue;
          arrays.set(node.data, name);
          context[`a${at}`] = node.data;
          this.key.push(`a${at}: ${classNameOf(node.data)}`);
          this.#lines.push((index) => `const ${name} = a${at}[${index}];`);
          continue;
        }
        case "range": {
          // What is 0 or 1 is left away: the engine does not know it.
          context[`b${at}`] = node.start;
          context[`d${at}`] = node.step;
          const begin = node.start === 0 ? "" : `b${at} + `;
          const times = node.step === 1 ? "" : ` * d${at}`;
          this.#lines.push((index) => `const ${name} = ${begin}(${index})${times};`);
          break;
        }
        case "call": {
          isSafe = false;
          context[`f${at}`] = node.fn;
          this.key.push(`f${at}: ${node.address}`);
          const args = node.args.map((arg) => this.#names.get(arg)).join(", ");
          this.#lines.push(() => `const ${name} = f${at}(${args}); ${resultCheck(name, kind)}`);
          break;
        }
        default: {
          const operation = operations[kinds.get(node.args[0])!][node.op];
          const args = node.args.map((arg) => this.#names.get(arg)!);
          this.#lines.push(() => `const ${name} = ${operation(args[0], args[1])};`);
        }
      }
      this.#names.set(node, name);
    }
    this.isSafe = isSafe;
  }

  /** A block that has the element at `index` and does `what` with it. */
  element(index: string, what: (element: string) => string): string {
    const lines = this.#lines.map((line) => line(index));
    return `{ ${lines.join(" ")} ${what(this.#names.get(this.#root)!)} }`;
  }
}

/** Refuses what is no element, such as a promise: it would go on as NaN. */
function resultCheck(name: string, kind: ElementKind): string {
  return `if (typeof ${name} !== "${kind}") throw new TypeError("Cannot compute expression: its ` +
    `function must return a ${kind}, not " + (typeof ${name}?.then === "function" ? "a promise" : ` +
    `typeof ${name}));`;
}

/** What the elements of a part are; those of its operands are known. */
function kindOfNode(node: Node, known: Map<Node, ElementKind>): ElementKind {
  if (node.op === "array") return elementKind(node.data);
  if (node.op === "constant") return typeof node.value as ElementKind;
  if (node.op === "range" || node.op === "numbers") return "number";
  return known.get(node.args[0])!;
}

/** The name of a typed array's class, whatever its own class says. */
function classNameOf(data: AnyArray): string {
  return typedArrayTag.call(data);
}

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

type Operation = (a: string, b: string) => string;

const commonOperations: Record<string, Operation> = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  pow: (a, b) => `${a} ** ${b}`,
  square: (a) => `${a} * ${a}`,
  cube: (a) => `${a} * ${a} * ${a}`,
  neg: (a) => `-${a}`,
  numbers: (a) => `Number(${a})`,
};

const operations: Record<ElementKind, Record<string, Operation>> = {
  number: {
    ...commonOperations,
    abs: (a) => `Math.abs(${a})`,
    sqrt: (a) => `Math.sqrt(${a})`,
    exp: (a) => `Math.exp(${a})`,
    log: (a) => `Math.log(${a})`,
    sin: (a) => `Math.sin(${a})`,
    cos: (a) => `Math.cos(${a})`,
    minimum: (a, b) => `Math.min(${a}, ${b})`,
    maximum: (a, b) => `Math.max(${a}, ${b})`,
  },
  bigint: {
    ...commonOperations,
    abs: (a) => `${a} < 0n ? -${a} : ${a}`,
    minimum: (a, b) => `${b} < ${a} ? ${b} : ${a}`,
    maximum: (a, b) => `${b} > ${a} ? ${b} : ${a}`,
  },
};

/** How the next element `v` is taken into `s`. */
function foldStep(fold: Fold, kind: ElementKind): (s: string, v: string) => string {
  switch (fold) {
    case "sum":
      return (s, v) => `${s} += ${v};`;
    case "prod":
      return (s, v) => `${s} *= ${v};`;
    case "min":
    case "max": {
      const extreme = operations[kind][`${fold}imum`];
      return (s, v) => `${s} = ${extreme(s, v)};`;
    }
    default:
      return (s, v) => `${s} = fold(${s}, ${v});`;
  }
}

/** Where a fold begins; with the first element if it is not here. */
const initial: Record<ElementKind, Partial<Record<string, string>>> = {
  number: { sum: "0", prod: "1", min: "Infinity", max: "-Infinity" },
  bigint: { sum: "0n", prod: "1n" },
};

function loopFor(
  goal: Goal,
  code: Code,
  context: Record<string, unknown>,
  isShort: boolean,
): string {
  switch (goal.kind) {
    case "fold":
      return foldLoop(goal.fold, code, context, code.isSafe && isShort ? 4 : 1);
    case "total":
      return foldLoop("sum", code, context, 1);
    case "store":
      context.out = goal.out;
      code.key.push(`out: ${classNameOf(goal.out)}`);
      return `for (; i < end; i++) ${code.element("i", (v) => `out[i] = ${v};`)}`;
    case "scan":
      Object.assign(context, { out: goal.out, offsets: goal.offsets, size: goal.size });
      code.key.push(`out: ${classNameOf(goal.out)}`);
      return scanLoop(code);
  }
}

/**
 * Elements become one, in so many separate lanes: the processor then need not wait for one operation
 * to begin with the next.
 */
function foldLoop(
  fold: Fold,
  code: Code,
  context: Record<string, unknown>,
  lanes: 1 | 4,
): string {
  const take = foldStep(fold, code.kind);
  if (typeof fold !== "string") {
    context.fold = fold.fn;
    code.key.push(`fold: ${fold.address}`);
  }
  const start = typeof fold === "string" ? initial[code.kind][fold] : undefined;
  const rest = `for (; i < end; i++) ${code.element("i", (v) => take("s0", v))}`;
  if (start === undefined) {
    return `let s0; ${code.element("i", (v) => `s0 = ${v};`)} i++; ${rest} return s0;`;
  }
  if (lanes === 1) return `let s0 = ${start}; ${rest} return s0;`;
  return `let s0 = ${start}, s1 = ${start}, s2 = ${start}, s3 = ${start};
    for (const last = (end - 3) | 0; i < last; i = (i + 4) | 0) {
      ${code.element("i", (v) => take("s0", v))}
      ${code.element("i + 1", (v) => take("s1", v))}
      ${code.element("i + 2", (v) => take("s2", v))}
      ${code.element("i + 3", (v) => take("s3", v))}
    }
    ${rest}
    ${take("s0", "s1")} ${take("s2", "s3")} ${take("s0", "s2")} return s0;`;
}

/** Sums up to each element, in blocks of `size`; `offsets` has what comes before the first one. */
function scanLoop(code: Code): string {
  return `let before = offsets[first / size];
    while (i < end) {
      const stop = Math.min(i + size, end);
      let sum = ${initial[code.kind].sum};
      for (; i < stop; i++) ${code.element("i", (v) => `sum += ${v}; out[i] = before + sum;`)}
      before += sum;
    }`;
}
