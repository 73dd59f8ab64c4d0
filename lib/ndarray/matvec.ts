/**
 * Multiplies lines of a matrix by a vector, where they lie.
 *
 * @module
 */

import { instanceOn, scratchOf } from "../kernels/kernel.ts";
import { elementTypeOf } from "../kernels/typed_arrays.ts";
import { type Lines, memoryOfLines } from "./matrix_lines.ts";
import { DEPTH, LINES, type MatvecExports, matvecModule } from "./matvec_code.ts";

const DOUBLE_BYTES = 8;

/**
 * Multiplies lines by the only line of `vector`.
 *
 * @returns a number for each line, in the scratch memory; `undefined` if there is no code for these lines
 */
export function multiplyByVector(
  lines: Lines,
  vector: Lines,
  depth: number,
): Float64Array | undefined {
  const { count, lineStep, depthStep } = lines;
  const memory = memoryOfLines(lines, depth);
  const areAdjacent = lineStep === 1 && count > 1;
  const areSeparate = depthStep === 1 && count >= LINES;
  if (memory === undefined || !areAdjacent && !areSeparate) return undefined;
  const sumsAt = depth;
  const size = sumsAt + count + 2;
  const scratchMemory = scratchOf(DOUBLE_BYTES * size);
  const scratch = new Float64Array(scratchMemory.buffer, 0, size);
  for (let k = 0; k < depth; k++) scratch[k] = vector.data[vector.at + k * vector.depthStep];
  const module = matvecModule(elementTypeOf(lines.data)!);
  const code = instanceOn(module, [memory, scratchMemory]) as MatvecExports;
  if (areAdjacent) multiplyAdjacent(code, lines, depth, scratch, sumsAt);
  else multiplySeparate(code, lines, depth, sumsAt);
  return scratch.subarray(sumsAt, sumsAt + count);
}

/** Returns the address of an element of the matrix. */
function addressOf({ data, at }: Lines, distance: number): number {
  return data.byteOffset + (at + distance) * data.BYTES_PER_ELEMENT;
}

/** An odd line is multiplied with its neighbour, once more: their sums come after the others. */
function multiplyAdjacent(
  code: MatvecExports,
  lines: Lines,
  depth: number,
  scratch: Float64Array,
  sumsAt: number,
): void {
  const { count, depthStep, data } = lines;
  const depthBytes = depthStep * data.BYTES_PER_ELEMENT;
  const isOdd = count % 2 === 1;
  scratch.fill(0, sumsAt);
  const add = (multiply: MatvecExports["adjacent"], k: number) => {
    const [address, vector] = [addressOf(lines, k * depthStep), k * DOUBLE_BYTES];
    multiply(address, depthBytes, count >> 1, vector, sumsAt * DOUBLE_BYTES);
    if (!isOdd) return;
    const last = addressOf(lines, k * depthStep + count - 2);
    multiply(last, depthBytes, 1, vector, (sumsAt + count) * DOUBLE_BYTES);
  };
  const whole = depth - depth % DEPTH;
  for (let k = 0; k < whole; k += DEPTH) add(code.adjacent, k);
  for (let k = whole; k < depth; k++) add(code.adjacentOne, k);
  if (isOdd) scratch[sumsAt + count - 1] = scratch[sumsAt + count + 1];
}

/** The last lines are multiplied together, some of them twice. */
function multiplySeparate(code: MatvecExports, lines: Lines, depth: number, sumsAt: number): void {
  const { count, lineStep, data } = lines;
  for (let line = 0; line < count; line += LINES) {
    const first = Math.min(line, count - LINES);
    const address = addressOf(lines, first * lineStep);
    const sums = (sumsAt + first) * DOUBLE_BYTES;
    code.separate(address, lineStep * data.BYTES_PER_ELEMENT, depth, 0, sums);
  }
}
