/**
 * Multiplies a tile of two matrices: some rows of the left one by some columns of the right one.
 *
 * ```text
 * rows of the left matrix   --pack--> panels -+
 *                                             +--multiply--> sums --> tile of the result
 * columns of the right one  --pack--> panels -+
 * ```
 *
 * Long rows are packed and multiplied a piece at a time, so that the panels stay in the caches.
 *
 * @module
 */

import { instanceOn, scratchOf } from "../kernels/kernel.ts";
import { elementTypeOf } from "../kernels/typed_arrays.ts";
import {
  DEPTH_STEP,
  LANES,
  type MultiplyExports,
  multiplyModule,
  type PackExports,
  packModule,
} from "./matmul_code.ts";
import { type Lines, memoryOfLines } from "./matrix_lines.ts";
import { multiplyByVector } from "./matvec.ts";
import type { NdArrayData } from "./types.ts";

/** Number of elements of a line that are packed at a time. */
const MAX_DEPTH = 256;
const DOUBLE_BYTES = 8;

/**
 * Multiplies lines of `depth` elements, and stores the result. A single line is a vector.
 *
 * @param at index of the first element of the tile in `out`, whose last axis has no gaps
 * @param rowStep distance from one row of `out` to the next
 */
export function multiplyTile(
  left: Lines,
  right: Lines,
  depth: number,
  { data: out, at, rowStep }: { data: NdArrayData; at: number; rowStep: number },
): void {
  const [lines, vector] = left.count === 1 ? [right, left] : [left, right];
  const sums = vector.count === 1 && (vector === left || rowStep === 1)
    ? multiplyByVector(lines, vector, depth)
    : undefined;
  if (sums !== undefined) return out.set(sums, at);
  const [leftPanels, rightPanels] = [left, right].map(({ count }) => Math.ceil(count / LANES));
  const columns = rightPanels * LANES;
  const size = leftPanels * LANES * columns;
  const maxDepth = roundUp(Math.min(depth, MAX_DEPTH));
  const leftAt = size;
  const rightAt = leftAt + leftPanels * LANES * maxDepth;
  const memory = scratchOf(DOUBLE_BYTES * (rightAt + columns * maxDepth));
  const { multiply } = instanceOn(multiplyModule(), [memory]) as MultiplyExports;
  const scratch = new Float64Array(memory.buffer);
  scratch.fill(0, 0, size);
  for (let done = 0; done < depth; done += MAX_DEPTH) {
    const piece = Math.min(depth - done, MAX_DEPTH);
    pack(left, done, piece, scratch, leftAt);
    pack(right, done, piece, scratch, rightAt);
    const [from, to] = [DOUBLE_BYTES * leftAt, DOUBLE_BYTES * rightAt];
    multiply(from, to, 0, leftPanels, rightPanels, roundUp(piece));
  }
  for (let row = 0; row < left.count; row++) {
    const sums = scratch.subarray(row * columns, row * columns + right.count);
    out.set(sums, at + row * rowStep);
  }
}

function roundUp(depth: number): number {
  return Math.ceil(depth / DEPTH_STEP) * DEPTH_STEP;
}

/** Packs elements `from` to `from + depth` of lines to panels, which begin at `target` in the scratch memory. */
function pack(lines: Lines, from: number, depth: number, scratch: Float64Array, target: number) {
  const { count, data } = lines;
  const padded = roundUp(depth);
  const memory = memoryOfLines(lines, depth);
  const at = lines.at + from * lines.depthStep;
  const panelSize = LANES * padded;
  let first = 0;
  if (memory !== undefined) {
    const bytes = data.BYTES_PER_ELEMENT;
    const [lineBytes, depthBytes] = [lines.lineStep * bytes, lines.depthStep * bytes];
    const instance = instanceOn(packModule(elementTypeOf(data)!), [
      memory,
      scratchOf(0),
    ]) as PackExports;
    for (; first + LANES <= count; first += LANES, target += panelSize) {
      const source = data.byteOffset + at * bytes + first * lineBytes;
      instance.pack(source, lineBytes, depthBytes, depth, DOUBLE_BYTES * target);
      scratch.fill(0, target + LANES * depth, target + panelSize);
    }
  }
  for (; first < count; first += LANES, target += panelSize) {
    const start = at + first * lines.lineStep;
    packPanel(lines, start, Math.min(count - first, LANES), depth, scratch, target);
    scratch.fill(0, target + LANES * depth, target + panelSize);
  }
}

/** Packs a panel, which has zeros for the lines that are missing. */
function packPanel(
  { data, lineStep, depthStep }: Lines,
  at: number,
  count: number,
  depth: number,
  scratch: Float64Array,
  target: number,
): void {
  if (count < LANES) scratch.fill(0, target, target + LANES * depth);
  for (let line = 0; line < count; line++) {
    let source = at + line * lineStep;
    const end = target + LANES * depth;
    for (let into = target + line; into < end; into += LANES, source += depthStep) {
      scratch[into] = data[source];
    }
  }
}
