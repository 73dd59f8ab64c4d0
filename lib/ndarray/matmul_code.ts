/**
 * Code of WebAssembly that multiplies matrices: packs them to panels, and multiplies panels.
 *
 * A panel has `LANES` lines, which are rows of the left matrix or columns of the right one. Its elements are
 * doubles, those of all lines at the same depth next to each other:
 *
 * ```text
 * depth:   0           1           2
 * line:    0  1  2  3  0  1  2  3  0  1  2  3  …
 * ```
 *
 * So the inner loop reads both panels in order, whatever the type and the strides of the matrices are. It adds
 * `LANES` × `LANES` products at a time to as many sums, which stay in registers. Each sum takes its products in
 * the order of their depth, each rounded, as a plain loop does.
 *
 * @module
 */

import type { ElementType } from "../kernels/ranges.ts";
import { encodeModule, FunctionCode, ValueType } from "../kernels/wasm_module.ts";
import { elementAccess, loadDouble } from "./elements.ts";

/** Number of lines in a panel. */
export const LANES = 4;
/** The depth of panels is a multiple of this: zeros are added. */
export const DEPTH_STEP = 4;

const { I32, V128 } = ValueType;
const DOUBLE_BYTES = 8;
const VECTOR_BYTES = 16;
/** Number of vectors that hold an element of each line. */
const VECTORS = LANES / 2;

/** The functions of {@linkcode multiplyModule}. Addresses are those of the memory of the panels, in bytes. */
export interface MultiplyExports extends WebAssembly.Exports {
  /**
   * Adds the products of all rows and all columns to the sums at `sums`, in C order.
   *
   * @param depth a multiple of `DEPTH_STEP`, and not 0
   */
  multiply(
    left: number,
    right: number,
    sums: number,
    leftPanels: number,
    rightPanels: number,
    depth: number,
  ): void;
}

/** The function of {@linkcode packModule}: memory 0 is that of the matrix, memory 1 that of the panels. */
export interface PackExports extends WebAssembly.Exports {
  /**
   * Packs the lines of one panel.
   *
   * @param source address of the first element
   * @param lineBytes distance from one line to the next, in bytes
   * @param depthBytes distance from one element of a line to the next, in bytes
   */
  pack(
    source: number,
    lineBytes: number,
    depthBytes: number,
    depth: number,
    target: number,
  ): void;
}

let multiply: WebAssembly.Module | undefined;

/** Returns the module that multiplies panels. */
export function multiplyModule(): WebAssembly.Module {
  return multiply ??= new WebAssembly.Module(encodeModule({ memories: 1, functions: [] }, [
    { code: panelsCode() },
    { code: blocksCode(), exportedAs: "multiply" },
  ], []));
}

/** Multiplies a left panel by a right one. The engine replaces it by its optimized code at a call. */
function panelsCode(): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [left, right, sums, depth, rowBytes] = [0, 1, 2, 3, 4];
  const end = code.local(I32);
  const row = code.local(I32);
  const totals = Array.from(
    { length: LANES },
    () => Array.from({ length: VECTORS }, () => code.local(V128)),
  );
  const columns = Array.from({ length: VECTORS }, () => code.local(V128));
  const element = code.local(V128);
  const eachRow = (emit: (vectors: number[]) => void) => {
    code.get(sums).set(row);
    for (const vectors of totals) {
      emit(vectors);
      code.get(row).get(rowBytes).op("i32.add").set(row);
    }
  };
  eachRow((vectors) =>
    vectors.forEach((total, at) => code.get(row).load("v128.load", 0, VECTOR_BYTES * at).set(total))
  );
  const step = LANES * DOUBLE_BYTES;
  code.get(depth).i32(step).op("i32.mul").get(left).op("i32.add").set(end);
  const next = code.loop();
  for (let k = 0; k < DEPTH_STEP; k++) {
    columns.forEach((column, at) =>
      code.get(right).load("v128.load", 0, k * step + VECTOR_BYTES * at).set(column)
    );
    totals.forEach((vectors, line) => {
      code.get(left).load("v128.load64_splat", 0, k * step + DOUBLE_BYTES * line).set(element);
      vectors.forEach((total, at) =>
        code.get(total).get(element).get(columns[at]).op("f64x2.mul", "f64x2.add").set(total)
      );
    });
  }
  code.get(right).i32(DEPTH_STEP * step).op("i32.add").set(right);
  code.get(left).i32(DEPTH_STEP * step).op("i32.add").tee(left);
  code.get(end).op("i32.ne").branchIf(next).end();
  eachRow((vectors) =>
    vectors.forEach((total, at) =>
      code.get(row).get(total).store("v128.store", 0, VECTOR_BYTES * at)
    )
  );
  return code;
}

/** The function `multiply`. */
function blocksCode(): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32, I32], []);
  const [left, right, sums, leftPanels, rightPanels, depth] = [0, 1, 2, 3, 4, 5];
  const [panelBytes, rowBytes, leftEnd] = [code.local(I32), code.local(I32), code.local(I32)];
  const [leftPanel, target] = [code.local(I32), code.local(I32)];
  const step = LANES * DOUBLE_BYTES;
  code.get(depth).i32(step).op("i32.mul").set(panelBytes);
  code.get(rightPanels).i32(step).op("i32.mul").set(rowBytes);
  code.get(leftPanels).get(panelBytes).op("i32.mul").get(left).op("i32.add").set(leftEnd);
  const nextRight = code.loop();
  code.get(left).set(leftPanel);
  code.get(sums).set(target);
  const nextLeft = code.loop();
  code.get(leftPanel).get(right).get(target).get(depth).get(rowBytes).call(0);
  code.get(rowBytes).i32(LANES).op("i32.mul").get(target).op("i32.add").set(target);
  code.get(leftPanel).get(panelBytes).op("i32.add").tee(leftPanel);
  code.get(leftEnd).op("i32.ne").branchIf(nextLeft).end();
  code.get(right).get(panelBytes).op("i32.add").set(right);
  code.get(sums).i32(step).op("i32.add").set(sums);
  code.get(rightPanels).i32(1).op("i32.sub").tee(rightPanels).branchIf(nextRight).end();
  return code;
}

const packs = new Map<ElementType, WebAssembly.Module>();

/** Returns the module that packs matrices of elements of a type. */
export function packModule(type: ElementType): WebAssembly.Module {
  let module = packs.get(type);
  if (module === undefined) {
    const functions = [{ code: packCode(type), exportedAs: "pack" }];
    module = new WebAssembly.Module(encodeModule({ memories: 2, functions: [] }, functions, []));
    packs.set(type, module);
  }
  return module;
}

/** The function `pack`. */
function packCode(type: ElementType): FunctionCode {
  const code = new FunctionCode([I32, I32, I32, I32, I32], []);
  const [source, lineBytes, depthBytes, depth, target] = [0, 1, 2, 3, 4];
  const access = elementAccess[type];
  const lines = [source];
  for (let line = 1; line < LANES; line++) {
    const local = code.local(I32);
    code.get(lines[line - 1]).get(lineBytes).op("i32.add").set(local);
    lines.push(local);
  }
  const next = code.loop();
  lines.forEach((line, at) => {
    code.get(target).get(line);
    loadDouble(code, access, 0);
    code.store("f64.store", 1, DOUBLE_BYTES * at);
    code.get(line).get(depthBytes).op("i32.add").set(line);
  });
  code.get(target).i32(LANES * DOUBLE_BYTES).op("i32.add").set(target);
  code.get(depth).i32(1).op("i32.sub").tee(depth).branchIf(next).end();
  return code;
}
