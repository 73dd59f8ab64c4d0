/**
 * Code of WebAssembly that adds or multiplies elements, in the order that `reduce_code.ts` tells.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import {
  FunctionCode,
  type ModuleFunction,
  type Operation,
  ValueType,
} from "../kernels/wasm_module.ts";
import {
  combineTree,
  type ElementAccess,
  elementAccess,
  loadDouble,
  loadDoubles,
} from "./elements.ts";

const { I32, F64, V128 } = ValueType;
const VECTOR_BYTES = 16;
/** More numbers are halved; up to so many are combined to eight. */
const MAX_LEAF = 128;
const WAYS = 8;

/** Returns the functions of a module that adds elements. */
export function sumFunctions(type: ElementType): ModuleFunction[] {
  if (!isSmallInteger(type)) return pairwiseFunctions("sum", type);
  return [...columnFunctions("sum", type, 0), { code: integerSumCode(type), exportedAs: "run" }];
}

/** Returns the functions of a module that multiplies elements. */
export function productFunctions(type: ElementType): ModuleFunction[] {
  return pairwiseFunctions("prod", type);
}

/** Returns the functions of a module that adds products of elements of two arrays. */
export function dotFunctions(left: ElementType, right: ElementType): ModuleFunction[] {
  return runFunctions("sum", [left, right]);
}

function pairwiseFunctions(name: "sum" | "prod", type: ElementType): ModuleFunction[] {
  const functions = runFunctions(name, [type]);
  return [...functions, ...columnFunctions(name, type, functions.length)];
}

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

/** The function `run`, of elements or of the products of the elements of two arrays, and the one that it calls. */
function runFunctions(name: "sum" | "prod", types: readonly ElementType[]): ModuleFunction[] {
  const accesses = types.map((type) => elementAccess[type]);
  const [leaf, tree] = [0, 1];
  return [
    { code: leafCode(arithmetic[name], accesses) },
    { code: treeCode(arithmetic[name], accesses, { leaf, tree }), exportedAs: "run" },
  ];
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

function isSmallInteger(type: ElementType): type is SmallInteger {
  return type in smallIntegers;
}

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
