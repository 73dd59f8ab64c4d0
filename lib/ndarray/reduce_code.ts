/**
 * Code of WebAssembly that reduces elements by vectors: sums, products, minima and maxima.
 *
 * - `run` reduces elements next to each other to a number.
 * - `lines` reduces columns, which lie side by side, to a number each.
 *
 * Sums and products are computed in pairs, as by NumPy's `pairwise_sum`: more than 128 numbers are halved, and
 * up to 128 are combined to eight numbers, the n-th element to number n % 8. So the error grows with the
 * logarithm of the number of elements. `run` has the eight numbers in four vectors, `lines` in eight vectors,
 * one lane for a column: both compute the same.
 *
 * Minima and maxima are NaN if an element is, and -0 is less than 0.
 *
 * A function is called for each few elements: the engine replaces it by its optimized code at a call.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import {
  encodeModule,
  FunctionCode,
  type ModuleFunction,
  type Operation,
  ValueType,
} from "../kernels/wasm_module.ts";
import { type ElementAccess, elementAccess, loadDouble, loadDoubles } from "./elements.ts";

/** The reductions that have code. */
export type CodeName = "sum" | "prod" | "min" | "max";

/** The functions of a module. Memory 0 is that of the elements, memory 1 that of the results of `lines`. */
export interface ReduceExports extends WebAssembly.Exports {
  /**
   * Reduces elements next to each other.
   *
   * @param at address of the first element, in bytes
   * @param count from 1 to `MAX_RUN`
   */
  run(at: number, count: number): number;
  /**
   * Reduces columns, and stores their results from `target` on: doubles for sums and products, else elements.
   * Uses up to `COLUMN_BYTES` for each column from there on.
   *
   * @param rowBytes distance from one element of a column to the next, in bytes
   * @param rows number of elements of a column, at least 1
   * @param columns at least as many as a vector has
   */
  lines(at: number, rowBytes: number, rows: number, columns: number, target: number): void;
}

/** The function of {@linkcode dotModule}. */
export interface DotExports extends WebAssembly.Exports {
  /** Adds the products of the elements at two addresses, of memories 0 and 1. */
  run(left: number, right: number, count: number): number;
}

/** Maximum number of elements of a run: sums of so many small integers have 32 bits. */
export const MAX_RUN = 1 << 16;

/** What `lines` needs for a column: its result, eight numbers, and a number for each time that rows are halved. */
export const COLUMN_BYTES = 8 * (1 + 8 + 32);

const { I32, F64, V128 } = ValueType;
const VECTOR_BYTES = 16;
/** Number of vectors that `lines` reduces at a time. */
const GROUP = 4;
/** More numbers are halved; up to so many are combined to eight. */
const MAX_LEAF = 128;
const WAYS = 8;

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(key: string, memories: number, functions: () => ModuleFunction[]) {
  let module = modules.get(key);
  if (module === undefined) {
    const bytes = encodeModule({ memories, functions: [] }, functions(), []);
    modules.set(key, module = new WebAssembly.Module(bytes));
  }
  return module;
}

/** Returns the module of a reduction. */
export function reduceModule(name: CodeName, type: ElementType): WebAssembly.Module {
  return moduleOf(`${name} ${type}`, 2, () => {
    if (name === "min" || name === "max") return extremumFunctions(name, type);
    const pairs = pairFunctions(name, [type]);
    return name === "sum" && type in smallIntegers
      ? [...pairs, ...columnFunctions(name, type, pairs.length), {
        code: integerSumCode(type as SmallInteger),
        exportedAs: "run",
      }]
      : [pairs[0], { ...pairs[1], exportedAs: "run" }, ...columnFunctions(name, type, 2)];
  });
}

/** Returns the module that adds products of elements. */
export function dotModule(left: ElementType, right: ElementType): WebAssembly.Module {
  return moduleOf(`dot ${left} ${right}`, 2, () => {
    const [leaf, tree] = pairFunctions("sum", [left, right]);
    return [leaf, { ...tree, exportedAs: "run" }];
  });
}

/** Returns the number of columns of a vector. */
export function vectorLength(name: CodeName, type: ElementType): number {
  return name === "sum" || name === "prod" ? 2 : VECTOR_BYTES >> elementAccess[type].shift;
}

// Sums and products

interface Arithmetic {
  readonly scalar: Operation;
  readonly vector: Operation;
  /** Changes no number that it is combined with. */
  readonly identity: number;
}

const arithmetic: Readonly<Record<"sum" | "prod", Arithmetic>> = {
  sum: { scalar: "f64.add", vector: "f64x2.add", identity: -0 },
  prod: { scalar: "f64.mul", vector: "f64x2.mul", identity: 1 },
};

/** Functions 0 and 1: reduce up to 128 elements, and any number; or products of the elements of two arrays. */
function pairFunctions(name: "sum" | "prod", types: readonly ElementType[]): ModuleFunction[] {
  const accesses = types.map((type) => elementAccess[type]);
  return [{ code: leafCode(arithmetic[name], accesses) }, {
    code: treeCode(arithmetic[name], accesses, { leaf: 0, tree: 1 }),
  }];
}

function leafCode({ scalar, vector, identity }: Arithmetic, accesses: readonly ElementAccess[]) {
  const addresses = accesses.map((_, at) => at);
  const count = accesses.length;
  const code = new FunctionCode([...addresses.map(() => I32), I32], [F64]);
  const total = code.local(F64);
  const ways = Array.from({ length: WAYS / 2 }, () => code.local(V128));
  const advance = (elements: number) =>
    addresses.forEach((address, at) =>
      code.get(address).i32(elements << accesses[at].shift).op("i32.add").set(address)
    );
  const pair = (way: number) =>
    addresses.forEach((address, at) => {
      code.get(address);
      loadDoubles(code, accesses[at], at, 2 * way << accesses[at].shift);
      if (at > 0) code.op("f64x2.mul");
    });
  code.get(count).i32(WAYS).op("i32.ge_s").if();
  ways.forEach((way, at) => (pair(at), code.set(way)));
  advance(WAYS);
  const exit = code.block();
  const next = code.loop();
  code.get(count).i32(WAYS).op("i32.sub").tee(count).i32(WAYS).op("i32.lt_s").branchIf(exit);
  ways.forEach((way, at) => {
    code.get(way);
    pair(at);
    code.op(vector).set(way);
  });
  advance(WAYS);
  code.branch(next).end().end();
  const sumOf = (way: number) =>
    code.get(way).lane("f64x2.extract_lane", 0).get(way).lane("f64x2.extract_lane", 1).op(scalar);
  for (const at of [0, 2]) {
    sumOf(ways[at]);
    sumOf(ways[at + 1]);
    code.op(scalar);
  }
  code.op(scalar).set(total).op("else").f64(identity).set(total).end();
  const done = code.block();
  const single = code.loop();
  code.get(count).op("i32.eqz").branchIf(done);
  code.get(total);
  addresses.forEach((address, at) => {
    code.get(address);
    loadDouble(code, accesses[at], at);
    if (at > 0) code.op("f64.mul");
  });
  code.op(scalar).set(total);
  advance(1);
  code.get(count).i32(1).op("i32.sub").set(count).branch(single).end().end();
  return code.get(total);
}

function treeCode(
  { scalar }: Arithmetic,
  accesses: readonly ElementAccess[],
  { leaf, tree }: { leaf: number; tree: number },
): FunctionCode {
  const addresses = accesses.map((_, at) => at);
  const count = accesses.length;
  const code = new FunctionCode([...addresses.map(() => I32), I32], [F64]);
  const half = code.local(I32);
  code.get(count).i32(MAX_LEAF).op("i32.gt_s").if(F64);
  code.get(count).i32(1).op("i32.shr_u").i32(-WAYS).op("i32.and").set(half);
  addresses.forEach((address) => code.get(address));
  code.get(half).call(tree);
  addresses.forEach((address, at) =>
    code.get(address).get(half).i32(accesses[at].shift).op("i32.shl", "i32.add")
  );
  code.get(count).get(half).op("i32.sub").call(tree).op(scalar, "else");
  addresses.forEach((address) => code.get(address));
  return code.get(count).call(leaf).end();
}

/**
 * The function `lines` of sums and products, and those that it calls, the first of which has number `first`.
 *
 * Rows are read in their order, 16 or 8 at a time: memory is read ahead only so. The eight numbers of each
 * column are kept in the memory of the results meanwhile.
 */
function columnFunctions(
  name: "sum" | "prod",
  type: ElementType,
  first: number,
): ModuleFunction[] {
  const operation = arithmetic[name];
  const access = elementAccess[type];
  const [many, few, one, add] = [first, first + 1, first + 2, first + 3];
  const [leaf, tree] = [first + 4, first + 5];
  return [
    { code: rowsCode(operation, access, 2 * WAYS, WAYS) },
    { code: rowsCode(operation, access, WAYS, WAYS) },
    { code: rowsCode(operation, access, 1, 1) },
    { code: addCode(operation) },
    { code: columnLeafCode(operation, { many, few, one }) },
    { code: columnTreeCode({ add, leaf, tree }) },
    { code: pairLinesCode(access.shift, tree), exportedAs: "lines" },
  ];
}

/** Combines so many rows with the numbers at `ways`: the n-th row with number n % `count` of each column. */
function rowsCode(
  { vector }: Arithmetic,
  access: ElementAccess,
  rows: number,
  count: number,
): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32], []);
  const [at, rowBytes, vectors, ways] = [0, 1, 2, 3];
  const row = code.local(I32);
  const totals = Array.from({ length: count }, () => code.local(V128));
  const next = code.loop();
  totals.forEach((total, way) =>
    code.get(ways).load("v128.load", 1, VECTOR_BYTES * way).set(total)
  );
  code.get(at).set(row);
  for (let n = 0; n < rows; n++) {
    const total = totals[n % count];
    code.get(total).get(row);
    loadDoubles(code, access, 0, 0);
    code.op(vector).set(total).get(row).get(rowBytes).op("i32.add").set(row);
  }
  totals.forEach((total, way) =>
    code.get(ways).get(total).store("v128.store", 1, VECTOR_BYTES * way)
  );
  code.get(at).i32(2 << access.shift).op("i32.add").set(at);
  code.get(ways).i32(VECTOR_BYTES * count).op("i32.add").set(ways);
  code.get(vectors).i32(1).op("i32.sub").tee(vectors).branchIf(next).end();
  return code;
}

/** Combines vectors at `target` with those at `other`. */
function addCode({ vector }: Arithmetic): FunctionCode {
  const code = new FunctionCode([I32, I32, I32], []);
  const [target, other, vectors] = [0, 1, 2];
  const next = code.loop();
  code.get(target).get(target).load("v128.load", 1).get(other).load("v128.load", 1).op(vector);
  code.store("v128.store", 1);
  for (const address of [target, other]) {
    code.get(address).i32(VECTOR_BYTES).op("i32.add").set(address);
  }
  code.get(vectors).i32(1).op("i32.sub").tee(vectors).branchIf(next).end();
  return code;
}

/** Reduces up to 128 rows. The eight numbers of each column are at `space`. */
function columnLeafCode(
  { vector, identity }: Arithmetic,
  { many, few, one }: { many: number; few: number; one: number },
): FunctionCode {
  const code = new FunctionCode(Array(6).fill(I32), []);
  const [at, rowBytes, rows, vectors, target, space] = [0, 1, 2, 3, 4, 5];
  const [left, into, from] = [code.local(I32), code.local(I32), code.local(I32)];
  const eachVector = (emit: () => void) => {
    code.get(target).set(into).get(space).set(from).get(vectors).set(left);
    const next = code.loop();
    emit();
    code.get(into).i32(VECTOR_BYTES).op("i32.add").set(into);
    code.get(from).i32(VECTOR_BYTES * WAYS).op("i32.add").set(from);
    code.get(left).i32(1).op("i32.sub").tee(left).branchIf(next).end();
  };
  const take = (fn: number, count: number, ways: number) => {
    const exit = code.block();
    const next = code.loop();
    code.get(rows).i32(count).op("i32.lt_s").branchIf(exit);
    code.get(at).get(rowBytes).get(vectors).get(ways).call(fn);
    code.get(at).get(rowBytes).i32(count).op("i32.mul", "i32.add").set(at);
    code.get(rows).i32(count).op("i32.sub").set(rows).branch(next).end().end();
  };
  const ways = Array.from({ length: WAYS }, () => code.local(V128));
  code.get(rows).i32(WAYS).op("i32.ge_s").if();
  eachVector(() =>
    ways.forEach((_, way) =>
      code.get(from).f64x2(identity, identity).store("v128.store", 1, VECTOR_BYTES * way)
    )
  );
  take(many, 2 * WAYS, space);
  take(few, WAYS, space);
  eachVector(() => {
    ways.forEach((way, at) => code.get(from).load("v128.load", 1, VECTOR_BYTES * at).set(way));
    code.get(into);
    combineTree(code, vector, ways);
    code.store("v128.store", 1);
  });
  code.op("else");
  eachVector(() => code.get(into).f64x2(identity, identity).store("v128.store", 1));
  code.end();
  take(one, 1, target);
  return code;
}

/** Reduces any number of rows. */
function columnTreeCode(
  { add, leaf, tree }: { add: number; leaf: number; tree: number },
): FunctionCode {
  const code = new FunctionCode(Array(6).fill(I32), []);
  const [at, rowBytes, rows, vectors, target, space] = [0, 1, 2, 3, 4, 5];
  const half = code.local(I32);
  code.get(rows).i32(MAX_LEAF).op("i32.gt_s").if();
  code.get(rows).i32(1).op("i32.shr_u").i32(-WAYS).op("i32.and").set(half);
  code.get(at).get(rowBytes).get(half).get(vectors).get(target).get(space).call(tree);
  code.get(at).get(rowBytes).get(half).op("i32.mul", "i32.add").get(rowBytes);
  code.get(rows).get(half).op("i32.sub").get(vectors).get(space);
  code.get(space).get(vectors).i32(VECTOR_BYTES).op("i32.mul", "i32.add").call(tree);
  code.get(target).get(space).get(vectors).call(add);
  code.op("else");
  for (const parameter of [at, rowBytes, rows, vectors, target, space]) code.get(parameter);
  return code.call(leaf).end();
}

/** The function `lines` of sums and products. An odd column is reduced with its neighbour, once more. */
function pairLinesCode(shift: number, tree: number): FunctionCode {
  const code = new FunctionCode(Array(5).fill(I32), []);
  const [at, rowBytes, rows, columns, target] = [0, 1, 2, 3, 4];
  const space = code.local(I32);
  code.get(columns).i32(1).op("i32.add").i32(-2).op("i32.and").i32(3).op("i32.shl");
  code.get(target).op("i32.add").set(space);
  code.get(at).get(rowBytes).get(rows).get(columns).i32(1).op("i32.shr_u");
  code.get(target).get(space).call(tree);
  code.get(columns).i32(1).op("i32.and").if();
  code.get(columns).i32(2).op("i32.sub").set(columns);
  code.get(at).get(columns).i32(shift).op("i32.shl", "i32.add").get(rowBytes).get(rows).i32(1);
  code.get(target).get(columns).i32(3).op("i32.shl", "i32.add").get(space).call(tree);
  return code.end();
}

/** Leaves the combination of vectors, in pairs. */
function combineTree(code: FunctionCode, operation: Operation, vectors: readonly number[]): void {
  if (vectors.length === 1) return void code.get(vectors[0]);
  const half = vectors.length / 2;
  combineTree(code, operation, vectors.slice(0, half));
  combineTree(code, operation, vectors.slice(half));
  code.op(operation);
}

/**
 * The function `lines` of minima and maxima. It reduces `GROUP` vectors of columns at a time, then one. The last
 * one ends with the last column, so some columns may be reduced twice.
 *
 * @param length number of columns of a vector
 * @param shift binary logarithm of the size of an element
 * @param functions the numbers of those that reduce vectors
 */
function linesCode(
  length: number,
  shift: number,
  { group, single }: { group: number; single: number },
): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [at, rowBytes, rows, columns, target] = [0, 1, 2, 3, 4];
  const excess = code.local(I32);
  const reduce = (fn: number, vectors: number) => {
    const results = Array.from({ length: vectors }, () => code.local(V128));
    code.get(at).get(rowBytes).get(rows).call(fn);
    for (const result of results.toReversed()) code.set(result);
    results.forEach((result, index) =>
      code.get(target).get(result).store("v128.store", 1, VECTOR_BYTES * index)
    );
    code.get(at).i32(length * vectors << shift).op("i32.add").set(at);
    code.get(target).i32(VECTOR_BYTES * vectors).op("i32.add").set(target);
    code.get(columns).i32(length * vectors).op("i32.sub").set(columns);
  };
  const many = code.block();
  const nextGroup = code.loop();
  code.get(columns).i32(length * GROUP).op("i32.lt_s").branchIf(many);
  reduce(group, GROUP);
  code.branch(nextGroup).end().end();
  const done = code.block();
  const next = code.loop();
  code.get(columns).op("i32.eqz").branchIf(done);
  code.get(columns).i32(length).op("i32.lt_s").if();
  code.i32(length).get(columns).op("i32.sub").set(excess).i32(length).set(columns);
  code.get(at).get(excess).i32(shift).op("i32.shl", "i32.sub").set(at);
  code.get(target).get(excess).i32(VECTOR_BYTES / length).op("i32.mul", "i32.sub").set(target);
  code.end();
  reduce(single, 1);
  code.branch(next).end().end();
  return code;
}

// Sums of small integers, which are exact in any order

type SmallInteger = "int8" | "uint8" | "uint8c" | "int16" | "uint16";

/** Whether a type is signed, for types of which `MAX_RUN` elements add up to at most 32 bits. */
const smallIntegers: Readonly<Record<SmallInteger, boolean>> = {
  int8: true,
  uint8: false,
  uint8c: false,
  int16: true,
  uint16: false,
};

function integerSumCode(type: SmallInteger): FunctionCode {
  const { shift, load } = elementAccess[type];
  const sign = smallIntegers[type] ? "s" : "u";
  const code = new FunctionCode([I32, I32], [F64]);
  const [at, count] = [0, 1];
  const [sums, total] = [code.local(V128), code.local(I32)];
  const length = VECTOR_BYTES >> shift;
  const exit = code.block();
  const next = code.loop();
  code.get(count).i32(length).op("i32.lt_s").branchIf(exit);
  code.get(sums).get(at).load("v128.load", 0);
  if (shift === 0) code.op(`i16x8.extadd_pairwise_i8x16_${sign}`);
  code.op(`i32x4.extadd_pairwise_i16x8_${sign}`, "i32x4.add").set(sums);
  code.get(at).i32(VECTOR_BYTES).op("i32.add").set(at);
  code.get(count).i32(length).op("i32.sub").set(count).branch(next).end().end();
  for (let lane = 0; lane < 4; lane++) {
    code.get(total).get(sums).lane("i32x4.extract_lane", lane).op("i32.add").set(total);
  }
  const done = code.block();
  const single = code.loop();
  code.get(count).op("i32.eqz").branchIf(done).get(total).get(at);
  load(code, 0);
  code.op("i32.add").set(total).get(at).i32(1 << shift).op("i32.add").set(at);
  code.get(count).i32(1).op("i32.sub").set(count).branch(single).end().end();
  return code.get(total).op(`f64.convert_i32_${sign}`);
}

// Minima and maxima

/** The operation of a type, and how lane 0 becomes a double. */
interface Extremum {
  readonly shape: "i8x16" | "i16x8" | "i32x4" | "f32x4" | "f64x2";
  /** How integers are compared. */
  readonly sign: "_s" | "_u" | "";
}

const extrema: Readonly<Record<ElementType, Extremum>> = {
  int8: { shape: "i8x16", sign: "_s" },
  uint8: { shape: "i8x16", sign: "_u" },
  uint8c: { shape: "i8x16", sign: "_u" },
  int16: { shape: "i16x8", sign: "_s" },
  uint16: { shape: "i16x8", sign: "_u" },
  int32: { shape: "i32x4", sign: "_s" },
  uint32: { shape: "i32x4", sign: "_u" },
  float32: { shape: "f32x4", sign: "" },
  float64: { shape: "f64x2", sign: "" },
};

function extremumFunctions(name: "min" | "max", type: ElementType): ModuleFunction[] {
  const { shift } = elementAccess[type];
  const { shape, sign } = extrema[type];
  const operation = `${shape}.${name}${sign}` as Operation;
  return [
    { code: extremumColumnCode(operation, GROUP) },
    { code: extremumColumnCode(operation, 1) },
    {
      code: linesCode(VECTOR_BYTES >> shift, shift, { group: 0, single: 1 }),
      exportedAs: "lines",
    },
    { code: extremumShortCode(name, elementAccess[type]) },
    { code: extremumRunCode(operation, type, 3), exportedAs: "run" },
  ];
}

/** Reduces the elements of so many vectors of columns. */
function extremumColumnCode(operation: Operation, vectors: number): FunctionCode {
  const code = new FunctionCode([I32, I32, I32], Array(vectors).fill(V128));
  const [at, rowBytes, rows] = [0, 1, 2];
  const totals = Array.from({ length: vectors }, () => code.local(V128));
  totals.forEach((total, index) =>
    code.get(at).load("v128.load", 0, VECTOR_BYTES * index).set(total)
  );
  const exit = code.block();
  const next = code.loop();
  code.get(rows).i32(1).op("i32.sub").tee(rows).op("i32.eqz").branchIf(exit);
  code.get(at).get(rowBytes).op("i32.add").set(at);
  totals.forEach((total, index) =>
    code.get(total).get(at).load("v128.load", 0, VECTOR_BYTES * index).op(operation).set(total)
  );
  code.branch(next).end().end();
  for (const total of totals) code.get(total);
  return code;
}

/** Reduces fewer elements than a vector has. */
function extremumShortCode(name: "min" | "max", access: ElementAccess): FunctionCode {
  const code = new FunctionCode([I32, I32], [F64]);
  const [at, count] = [0, 1];
  const total = code.local(F64);
  code.get(at);
  loadDouble(code, access, 0);
  code.set(total);
  const exit = code.block();
  const next = code.loop();
  code.get(count).i32(1).op("i32.sub").tee(count).op("i32.eqz").branchIf(exit);
  code.get(at).i32(1 << access.shift).op("i32.add").set(at).get(total).get(at);
  loadDouble(code, access, 0);
  code.op(`f64.${name}`).set(total).branch(next).end().end();
  return code.get(total);
}

/** The function `run` of minima and maxima; `short` is the number of the function for a few elements. */
function extremumRunCode(operation: Operation, type: ElementType, short: number): FunctionCode {
  const { shift } = elementAccess[type];
  const { shape, sign } = extrema[type];
  const code = new FunctionCode([I32, I32], [F64]);
  const [at, count] = [0, 1];
  code.get(count).i32(VECTOR_BYTES >> shift).op("i32.lt_s").if(F64);
  code.get(at).get(count).call(short).op("else");
  const end = code.local(I32);
  const totals = Array.from({ length: GROUP }, () => code.local(V128));
  for (const total of totals) code.get(at).load("v128.load", 0).set(total);
  code.get(at).get(count).i32(shift).op("i32.shl", "i32.add").set(end);
  for (const vectors of [GROUP, 1]) {
    const exit = code.block();
    const next = code.loop();
    code.get(end).get(at).op("i32.sub").i32(VECTOR_BYTES * vectors).op("i32.lt_s").branchIf(exit);
    for (const [index, total] of totals.slice(0, vectors).entries()) {
      code.get(total).get(at).load("v128.load", 0, VECTOR_BYTES * index).op(operation).set(total);
    }
    code.get(at).i32(VECTOR_BYTES * vectors).op("i32.add").set(at).branch(next).end().end();
  }
  // The last elements; an element counts once or twice.
  const [all] = totals;
  combineTree(code, operation, totals);
  code.get(end).i32(VECTOR_BYTES).op("i32.sub").load("v128.load", 0).op(operation).set(all);
  for (let bytes = VECTOR_BYTES / 2; bytes >= 1 << shift; bytes /= 2) {
    const turned = Array.from({ length: VECTOR_BYTES }, (_, byte) => (byte + bytes) % VECTOR_BYTES);
    code.get(all).get(all).get(all).shuffle(turned).op(operation).set(all);
  }
  code.get(all);
  if (shape === "i8x16" || shape === "i16x8") {
    code.lane(`${shape}.extract_lane${sign as "_s" | "_u"}`, 0);
  } else code.lane(`${shape}.extract_lane`, 0);
  if (shape === "f32x4") code.op("f64.promote_f32");
  else if (shape !== "f64x2") code.op(`f64.convert_i32${sign as "_s" | "_u"}`);
  return code.end();
}
