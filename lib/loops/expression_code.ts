/**
 * Compiles array expressions: each becomes the source of one loop.
 *
 * The source depends on the structure of the expression, the types of its arrays and the definitions
 * of its functions, and on nothing else: constants and arrays are arguments. So an expression is
 * compiled once, and the engine, which keeps type feedback by source text, never sees other types or
 * functions in the same text.
 *
 * The loop of `(X**2 - X).sum()`, without the catch block that reports the index of an error:
 *
 * ```text
 * const a0 = c.a0;
 * for (const last = (end - 7) | 0; i < last; i = (i + 8) | 0) {
 *   { const v0 = a0[i]; const v1 = v0 * v0; const v2 = v1 - v0; s0 += v2; }
 *   …                                              // the same for s1 to s7
 * }
 * …                                                // what is left
 * s0 += s2; s4 += s6; … return s0;
 * ```
 *
 * @module
 */

import type { ChunkLoop } from "./chunk_loop.ts";
import {
  type AnyArray,
  type ElementKind,
  elementKind,
  isComparison,
  type Node,
  nodesOf,
  type TypedNode,
} from "./expression_tree.ts";

/** What a loop does with the elements. */
export type Goal =
  /** Stores each in `out`. */
  | { kind: "store"; out: AnyArray }
  /** Folds them into one value. */
  | { kind: "fold"; fold: Fold }
  /** Adds them up, in order. */
  | { kind: "total" }
  /** Stores the running sums in `out`, piece by piece. */
  | { kind: "scan"; out: AnyArray; offsets: ArrayLike<number | bigint>; size: number };

/** A fold: by name, or a function and the address of its definition. */
export type Fold = "sum" | "prod" | "min" | "max" | { fn: unknown; address: number };

/** A compiled loop, and the constants, arrays and functions that it uses. */
export interface Program {
  loop: ChunkLoop;
  context: Record<string, unknown>;
}

/** Compiled loops, by their source. */
const compiled = new Map<string, ChunkLoop>();

/**
 * Compiles the loop of an expression, unless it has been compiled before.
 *
 * @param isShort whether the indices fit in 32 bits, which makes a faster loop
 */
export function compileLoop(
  { root, kind }: TypedNode,
  goal: Goal,
  isShort: boolean,
): Program {
  const context: Record<string, unknown> = {};
  const code = new Code(root, kind, context);
  const statements = statementsFor(goal, code, context, isShort);
  const whole = isShort ? " | 0" : "";
  const source = `function (first, count, step, c, identity, at) {
  // ${code.key.join(" ")}
  ${Object.keys(context).map((name) => `const ${name} = c.${name};`).join(" ")}
  const end = (first + count)${whole};
  let i = first${whole};
  try {
    ${statements}
  } catch (error) {
    at(i);
    throw error;
  }
}`;
  let loop = compiled.get(source);
  if (loop === undefined) {
    loop = new Function(`"use strict"; return ${source}`)() as ChunkLoop;
    Object.defineProperty(loop, "name", { value: "array expression" });
    compiled.set(source, loop);
  }
  return { loop, context };
}

/** The source that computes one element of an expression. */
class Code {
  /** Types and functions of the loop: makes the source of different loops differ. */
  readonly key: string[] = [];
  /** Whether nothing in it can throw: functions can, and bigints, when divided by 0n. */
  readonly isSafe: boolean;
  /** The type of the elements. */
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
          // The engine cannot omit `0 +` and `* 1`, since it does not know the values.
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
          this.#lines.push(() => `const ${name} = ${operation(args[0], args[1], args[2])};`);
        }
      }
      this.#names.set(node, name);
    }
    this.isSafe = isSafe;
  }

  /** Returns a block that computes the element at `index`, and then runs the statement `use`. */
  element(index: string, use: (element: string) => string): string {
    const lines = this.#lines.map((line) => line(index));
    return `{ ${lines.join(" ")} ${use(this.#names.get(this.#root)!)} }`;
  }
}

/** Returns a statement that checks the result of a function: a promise, say, would become NaN. */
function resultCheck(name: string, kind: ElementKind): string {
  return `if (typeof ${name} !== "${kind}") throw new TypeError("Cannot compute expression: its ` +
    `function must return a ${kind}, not " + (typeof ${name}?.then === "function" ? "a promise" : ` +
    `typeof ${name}));`;
}

/** Returns the type of the elements of a node, given those of its operands. */
function kindOfNode(node: Node, known: Map<Node, ElementKind>): ElementKind {
  if (node.op === "array") return elementKind(node.data);
  if (node.op === "constant") return typeof node.value as ElementKind;
  if (node.op === "range" || node.op === "numbers" || isComparison(node.op)) return "number";
  return known.get(node.args[node.op === "where" ? 1 : 0])!;
}

/** Returns the name of the built-in class of a typed array, also of a subclass's instance. */
function classNameOf(data: AnyArray): string {
  return typedArrayTag.call(data);
}

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

type Operation = (a: string, b: string, c?: string) => string;

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
  lt: (a, b) => `${a} < ${b} ? 1 : 0`,
  le: (a, b) => `${a} <= ${b} ? 1 : 0`,
  gt: (a, b) => `${a} > ${b} ? 1 : 0`,
  ge: (a, b) => `${a} >= ${b} ? 1 : 0`,
  eq: (a, b) => `${a} === ${b} ? 1 : 0`,
  ne: (a, b) => `${a} !== ${b} ? 1 : 0`,
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
    tanh: (a) => `Math.tanh(${a})`,
    floor: (a) => `Math.floor(${a})`,
    ceil: (a) => `Math.ceil(${a})`,
    trunc: (a) => `Math.trunc(${a})`,
    round: (a) => `Math.round(${a})`,
    where: (a, b, c) => `${a} !== 0 ? ${b} : ${c}`,
    int8: (a) => `${a} << 24 >> 24`,
    uint8: (a) => `${a} & 0xff`,
    int16: (a) => `${a} << 16 >> 16`,
    uint16: (a) => `${a} & 0xffff`,
    int32: (a) => `${a} | 0`,
    uint32: (a) => `${a} >>> 0`,
    float16: (a) => `Math.f16round(${a})`,
    float32: (a) => `Math.fround(${a})`,
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

/** Returns a function that makes the statement which folds element `v` into `s`. */
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

/** The initial value of each fold; the others start with the first element. */
const initial: Record<ElementKind, Partial<Record<string, string>>> = {
  number: { sum: "-0", prod: "1", min: "Infinity", max: "-Infinity" },
  bigint: { sum: "0n", prod: "1n" },
};

function statementsFor(
  goal: Goal,
  code: Code,
  context: Record<string, unknown>,
  isShort: boolean,
): string {
  switch (goal.kind) {
    case "fold":
      return foldLoop(goal.fold, code, context, code.isSafe && isShort ? LANES : 1);
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

/** Values that elements are folded into independently, in the order in which kernels have them. */
const LANES = 8;

/**
 * Folds the elements, in one lane or in eight. With eight, the processor need not wait for one operation to
 * finish before it starts the next; and the result is that of a kernel, bit for bit: what is left takes the
 * first two lanes, and the last element one of its own.
 */
function foldLoop(
  fold: Fold,
  code: Code,
  context: Record<string, unknown>,
  lanes: 1 | typeof LANES,
): string {
  const take = foldStep(fold, code.kind);
  if (typeof fold !== "string") {
    context.fold = fold.fn;
    code.key.push(`fold: ${fold.address}`);
  }
  const start = typeof fold === "string" ? initial[code.kind][fold] : undefined;
  const rest = `for (; i < end; i++) ${code.element("i", (v) => take("s", v))}`;
  if (start === undefined) {
    return `let s; ${code.element("i", (v) => `s = ${v};`)} i++; ${rest} return s;`;
  }
  if (lanes === 1) return `let s = ${start}; ${rest} return s;`;
  const names = Array.from({ length: lanes }, (_, lane) => `s${lane}`);
  const turn = (count: number) => {
    const elements = names.slice(0, count).map((name, at) =>
      code.element(at === 0 ? "i" : `i + ${at}`, (v) => take(name, v))
    );
    return `for (const last = (end - ${count - 1}) | 0; i < last; i = (i + ${count}) | 0) {
      ${elements.join("\n      ")}
    }`;
  };
  const pairs = [[0, 2], [4, 6], [1, 3], [5, 7], [0, 4], [1, 5], [0, 1]];
  return `let s = ${start}, ${names.map((name) => `${name} = ${start}`).join(", ")};
    ${turn(lanes)}
    ${turn(2)}
    ${rest}
    ${pairs.map(([into, from]) => take(`s${into}`, `s${from}`)).join(" ")} ${take("s0", "s")}
    return s0;`;
}

/** Stores running sums, in pieces of `size`; `offsets` has the sum before each piece. */
function scanLoop(code: Code): string {
  return `let before = offsets[first / size];
    while (i < end) {
      const stop = Math.min(i + size, end);
      let sum = ${initial[code.kind].sum};
      for (; i < stop; i++) ${code.element("i", (v) => `sum += ${v}; out[i] = before + sum;`)}
      before += sum;
    }`;
}
