/**
 * Random bodies of loops, as source text, with a context to run them with.
 *
 * They have what is easily computed wrong: indices out of range, fractions and NaN as indices, stores that
 * round or wrap, -0, loops that end early, assignments under conditions, arrays that a loop reads and
 * writes. Every loop ends within some rounds.
 *
 * @module
 */

import type { Context, NumberArray } from "./evaluate.ts";

/** A random body. */
export interface RandomBody {
  /** The text of a function of an index and a context. */
  readonly source: string;
  /** Makes the context anew: the same each time. */
  makeContext(): Context;
  /** The number of indices to run it for, from 0 on. */
  readonly length: number;
}

/** The types of arrays that a context can have. */
export const ARRAY_TYPES = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
} satisfies Record<string, new (length: number) => NumberArray>;

/** What to write random bodies of. */
export interface BodyOptions {
  /** About how many statements and operations it has. */
  readonly size: number;
  /** The types of the arrays; all if not given. */
  readonly types?: readonly (keyof typeof ARRAY_TYPES)[];
  /** Whether no index reads or writes an element that another one writes. */
  readonly isIndependent?: boolean;
  /** Whether loops take up to 20 rounds, in place of 5, over longer arrays. */
  readonly isLong?: boolean;
}

/** The elements that an index uses of an array which an independent body writes. */
const OWN_INDICES = ["i", "i", "i + 1", "i - 1", "i * 2", "9 - i", "3 * i - 4"];

const LENGTH = 9;
const LONG_LENGTH = 23;
const SPECIAL = ["0", "-0", "NaN", "Infinity", "-1", "0.5", "1e-300", "3e9", "4294967295", "1 / 3"];

/** Writes a random body: the same for the same seed and options. */
export function randomBody(
  seed: number,
  { size, types, isIndependent = false, isLong = false }: BodyOptions,
): RandomBody {
  const all = types ?? Object.keys(ARRAY_TYPES) as (keyof typeof ARRAY_TYPES)[];
  const writer = new Writer(seed, size, all, isIndependent, isLong);
  const source = writer.body();
  const length = isLong ? LONG_LENGTH : LENGTH;
  return { source, length, makeContext: () => writer.makeContext(seed) };
}

/** A generator of random 32-bit integers: xorshift. */
class Bits {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 3) % limit;
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** The names that a block can use. */
interface Scope {
  /** Numbers that can be read. */
  readonly numbers: string[];
  /** Numbers that can be assigned to. */
  readonly variables: string[];
  /** Conditions, which can be assigned to. */
  readonly conditions: string[];
  /** Integers of a small range, which are good indices. */
  readonly counters: string[];
  readonly arrays: string[];
  /** What ends a round of the innermost loop. */
  readonly jumps: readonly string[];
  readonly depth: number;
}

class Writer {
  readonly #bits: Bits;
  readonly #types: readonly (keyof typeof ARRAY_TYPES)[];
  readonly #members: Record<string, keyof typeof ARRAY_TYPES>;
  /** The elements that an independent body writes. */
  readonly #own: string[] = [];
  readonly #isLong: boolean;
  #budget: number;
  #names = 0;
  #prefix = "";

  constructor(
    seed: number,
    size: number,
    types: readonly (keyof typeof ARRAY_TYPES)[],
    isIndependent: boolean,
    isLong: boolean,
  ) {
    this.#isLong = isLong;
    this.#bits = new Bits(seed);
    this.#budget = size;
    this.#types = types;
    const count = 2 + this.#bits.below(3);
    this.#members = Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`a${at}`, this.#bits.oneOf(this.#types)]),
    );
    for (let at = 0; isIndependent && at < 2; at++) {
      this.#members[`o${at}`] = this.#bits.oneOf(this.#types);
      this.#own.push(`o${at}[${this.#bits.oneOf(OWN_INDICES)}]`);
    }
  }

  makeContext(seed: number): Context {
    const bits = new Bits(seed ^ 0x55555555);
    const value = () =>
      bits.below(4) === 0
        ? bits.oneOf([0, -0, NaN, Infinity, -Infinity, 1e10, -129.5, 2 ** 31, 255.5])
        : (bits.below(4000) - 2000) / bits.oneOf([1, 1, 8, 7]);
    const arrays = Object.fromEntries(
      Object.entries(this.#members).map(([name, type]) => {
        const array: NumberArray = new ARRAY_TYPES[type](5 + bits.below(this.#isLong ? 60 : 9));
        for (let at = 0; at < array.length; at++) array[at] = value();
        return [name, array];
      }),
    );
    return {
      numbers: { n: 2 + bits.below(this.#isLong ? 20 : 4), x: value(), y: value() },
      arrays,
    };
  }

  body(): string {
    const members = [...Object.keys(this.#members), "n", "x", "y"];
    const form = this.#bits.below(3);
    const prefix = form === 2 ? "context." : "";
    const scope: Scope = {
      numbers: ["i", ...["n", "x", "y"].map((name) => prefix + name)],
      variables: [],
      conditions: [],
      counters: ["i", `${prefix}n`],
      arrays: Object.keys(this.#members).filter((name) => name.startsWith("a"))
        .map((name) => prefix + name),
      jumps: [],
      depth: 0,
    };
    this.#prefix = prefix;
    const pattern = `{ ${members.join(", ")} }`;
    const open = [
      `(i, ${pattern}) => {`,
      `function (i, context) {\nconst ${pattern} = context;`,
      "method(i, context) {",
    ];
    const lines = this.#statements(scope, 4 + this.#bits.below(5));
    const last = this.#bits.below(2) === 0 ? `return +(${this.#number(scope, 2)});` : "";
    return `${open[form]}\n${lines}\n${last}\n}`;
  }

  #newName(letter: string): string {
    return `${letter}${++this.#names}`;
  }

  /** Writes a block with names of its own. */
  #block(scope: Scope, jumps = scope.jumps, counters: string[] = []): string {
    const inner: Scope = {
      numbers: [...scope.numbers, ...counters],
      variables: [...scope.variables],
      conditions: [...scope.conditions],
      counters: [...scope.counters, ...counters],
      arrays: [...scope.arrays],
      jumps,
      depth: scope.depth + 1,
    };
    return `{\n${this.#statements(inner, 1 + this.#bits.below(4))}\n}`;
  }

  #statements(scope: Scope, count: number): string {
    return Array.from({ length: count }, () => this.#statement(scope)).join("\n");
  }

  #statement(scope: Scope): string {
    this.#budget--;
    const kinds = [this.#declaration, this.#assignment, this.#store, this.#store];
    if (this.#budget > 0 && scope.depth < 4) kinds.push(this.#if, this.#counted, this.#other);
    if (scope.depth > 0 && this.#bits.below(3) === 0) kinds.push(this.#jump);
    return this.#bits.oneOf(kinds).call(this, scope);
  }

  #declaration(scope: Scope): string {
    switch (this.#bits.below(5)) {
      case 0: {
        const text = this.#condition(scope, 2);
        const name = this.#newName("c");
        scope.conditions.push(name);
        return `let ${name} = ${text};`;
      }
      case 1: {
        const from = this.#integer(scope);
        const to = this.#bits.below(2) === 0 ? `, ${from} + ${this.#bits.below(6)}` : "";
        const text = `${this.#bits.oneOf(scope.arrays)}.subarray(${from}${to})`;
        const name = this.#newName("v");
        scope.arrays.push(name);
        return `const ${name} = ${text};`;
      }
      case 2: {
        const text = this.#number(scope, 2);
        const name = this.#newName("k");
        scope.numbers.push(name);
        return `const ${name} = ${text};`;
      }
      default: {
        const text = this.#bits.below(6) === 0 ? "" : ` = ${this.#number(scope, 3)}`;
        const name = this.#newName("s");
        scope.numbers.push(name);
        scope.variables.push(name);
        return `let ${name}${text};`;
      }
    }
  }

  #assignment(scope: Scope): string {
    if (scope.conditions.length > 0 && this.#bits.below(4) === 0) {
      const name = this.#bits.oneOf(scope.conditions);
      return `${name} ${this.#bits.oneOf(["=", "&&=", "||="])} ${this.#condition(scope, 2)};`;
    }
    if (scope.variables.length === 0) return this.#declaration(scope);
    return this.#assignTo(this.#bits.oneOf(scope.variables), scope);
  }

  #store(scope: Scope): string {
    if (this.#own.length > 0) return this.#assignTo(this.#ownElement(), scope);
    return this.#assignTo(`${this.#bits.oneOf(scope.arrays)}[${this.#index(scope)}]`, scope);
  }

  #ownElement(): string {
    return this.#prefix + this.#bits.oneOf(this.#own);
  }

  #assignTo(target: string, scope: Scope): string {
    if (this.#bits.below(8) === 0) return `${target}${this.#bits.oneOf(["++", "--"])};`;
    const common = ["=", "=", "=", "+=", "+=", "-=", "*="];
    const rare = ["/=", "%=", "**=", "|=", "&=", "^=", "<<=", ">>=", ">>>=", "||=", "&&="];
    const operator = this.#bits.oneOf(this.#bits.below(3) === 0 ? rare : common);
    return `${target} ${operator} ${this.#number(scope, 3)};`;
  }

  #if(scope: Scope): string {
    const otherwise = this.#bits.below(2) === 0 ? ` else ${this.#block(scope)}` : "";
    return `if (${this.#condition(scope, 2)}) ${this.#block(scope)}${otherwise}`;
  }

  /** Writes a loop that counts, unless its body happens to change its end or to leave it. */
  #counted(scope: Scope): string {
    const k = this.#newName("j");
    const from = this.#bits.oneOf(["0", "0", "1", "-1", this.#bits.oneOf(scope.counters), "0.5"]);
    const rounds = 1 + this.#bits.below(this.#isLong && scope.depth < 2 ? 20 : 5);
    const n = scope.counters[1];
    const end = this.#bits.oneOf([`${from} + ${rounds}`, `Math.min(${n}, ${from} + ${rounds})`]);
    const test = this.#bits.oneOf([`${k} < ${end}`, `${k} <= ${end}`, `${end} > ${k}`]);
    const update = this.#bits.oneOf([`${k}++`, `++${k}`, `${k} += 1`, `${k} = ${k} + 1`]);
    const jumps = this.#bits.below(3) === 0 ? ["break", "continue"] : ["continue"];
    return `for (let ${k} = ${from}; ${test}; ${update}) ${this.#block(scope, jumps, [k])}`;
  }

  /** Writes a loop that ends by a condition, or after some rounds. */
  #other(scope: Scope): string {
    const k = this.#newName("w");
    const rounds = 1 + this.#bits.below(6);
    const test = `${k} < ${rounds} && (${this.#condition(scope, 1)})`;
    const jumps = ["break", "continue"];
    switch (this.#bits.below(4)) {
      case 0:
        return `for (let ${k} = 0; ${test}; ${k} += 1) ${this.#block(scope, jumps, [k])}`;
      case 1:
        return `for (let ${k} = ${rounds}; ${k} > 0; ${k} -= 2) ${this.#block(scope, jumps, [k])}`;
      case 2: {
        const body = this.#block(scope, ["break"], [k]);
        return `let ${k} = 0;\ndo {\n${k}++;\n${body}\n} while (${test});`;
      }
      default: {
        const body = this.#block(scope, jumps, [k]);
        return `let ${k} = 0;\nwhile (${test}) {\n${k}++;\n${body}\n}`;
      }
    }
  }

  #jump(scope: Scope): string {
    const jumps = [...scope.jumps, ...scope.jumps, `return +(${this.#number(scope, 1)})`, "return"];
    return `if (${this.#condition(scope, 1)}) ${this.#bits.oneOf(jumps)};`;
  }

  #condition(scope: Scope, depth: number): string {
    const leaf = () => {
      const operator = this.#bits.oneOf(["<", "<=", ">", ">=", "===", "!==", "==", "!="]);
      // A missing element is undefined, which equals undefined: so one side is a number for sure.
      return `(${this.#number(scope, depth)}) ${operator} ${this.#number(scope, 0)} - 0`;
    };
    if (depth === 0) return leaf();
    switch (this.#bits.below(9)) {
      case 0:
        return `!(${this.#condition(scope, depth - 1)})`;
      case 1:
        return `(${this.#condition(scope, depth - 1)} && ${this.#condition(scope, depth - 1)})`;
      case 2:
        return `(${this.#condition(scope, depth - 1)} || ${this.#condition(scope, depth - 1)})`;
      case 3:
        return `!!(${this.#number(scope, depth - 1)})`;
      case 4:
        return `${this.#bits.oneOf(["isNaN", "isFinite"])}(${this.#number(scope, depth - 1)})`;
      case 5:
        return scope.conditions.length > 0 ? this.#bits.oneOf(scope.conditions) : leaf();
      default:
        return leaf();
    }
  }

  /** Writes an integer that is not large. */
  #integer(scope: Scope): string {
    const counter = this.#bits.oneOf(scope.counters);
    switch (this.#bits.below(6)) {
      case 0:
        return `(${counter} + ${this.#bits.oneOf(scope.counters)})`;
      case 1:
        return `(${counter} * 2 - 1)`;
      case 2:
        return `((${this.#number(scope, 1)}) & 7)`;
      case 3:
        return `(${this.#bits.oneOf(scope.arrays)}.length - 1 - ${counter})`;
      default:
        return counter;
    }
  }

  #index(scope: Scope): string {
    switch (this.#bits.below(12)) {
      case 0:
        // A missing element is undefined, and `a[undefined]` is a property of that name.
        return `+(${this.#number(scope, 1)})`;
      case 1:
        return this.#bits.oneOf(SPECIAL);
      case 2:
        return `${this.#integer(scope)} - 3`;
      default:
        return this.#integer(scope);
    }
  }

  #number(scope: Scope, depth: number): string {
    this.#budget -= 0.2;
    if (depth === 0 || this.#budget < 0) return this.#leaf(scope);
    const inner = () => `(${this.#number(scope, depth - 1)})`;
    switch (this.#bits.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return `${inner()} ${
          this.#bits.oneOf(["+", "-", "*", "+", "-", "*", "/", "%"])
        } ${inner()}`;
      case 4: {
        const operator = this.#bits.oneOf(["|", "&", "^", "<<", ">>", ">>>", "**", "||", "&&"]);
        return `${inner()} ${operator} ${inner()}`;
      }
      case 5:
        return `${this.#bits.oneOf(["-", "+", "~"])}${inner()}`;
      case 6: {
        const names = ["abs", "sqrt", "floor", "ceil", "trunc", "round", "fround", "sign"];
        return `Math.${this.#bits.oneOf(names)}(${inner()})`;
      }
      case 7:
        return `Math.${this.#bits.oneOf(["min", "max"])}(${inner()}, ${inner()})`;
      case 8:
        return `(${this.#condition(scope, depth - 1)} ? ${inner()} : ${inner()})`;
      case 9:
        return this.#bits.oneOf([
          `Math.${this.#bits.oneOf(["exp", "log", "sin", "cbrt"])}(${inner()})`,
          `Math.${this.#bits.oneOf(["pow", "atan2"])}(${inner()}, ${inner()})`,
          `${inner()} ** ${this.#bits.oneOf([2, 3, 0.5])}`,
          `(${this.#condition(scope, depth - 1)}) + 0`,
          `${inner()} | 0`,
        ]);
      default:
        return this.#leaf(scope);
    }
  }

  #leaf(scope: Scope): string {
    if (this.#own.length > 0 && this.#bits.below(8) === 0) return `(${this.#ownElement()})`;
    switch (this.#bits.below(6)) {
      case 0:
        return this.#bits.oneOf([...SPECIAL, "2", "1.5", "7", "Math.PI", "Number.EPSILON"]);
      case 1:
      case 2:
        return `${this.#bits.oneOf(scope.arrays)}[${this.#index(scope)}]`;
      default:
        return this.#bits.oneOf(scope.numbers);
    }
  }
}
