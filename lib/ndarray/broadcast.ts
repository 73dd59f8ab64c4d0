/**
 * Broadcasting: arrays of different shapes as arrays of one shape.
 *
 * @module
 */

import { checkArray, sizeOf } from "./array.ts";
import type { AnyNdArrayData, NdArray } from "./types.ts";
import { repeated } from "./walk.ts";

/**
 * Returns the shape that arrays of these shapes broadcast to.
 *
 * @throws {RangeError} if the shapes do not match
 */
export function commonShape(shapes: readonly (readonly number[])[], verb: string): number[] {
  const dimension = Math.max(0, ...shapes.map((shape) => shape.length));
  const common = new Array<number>(dimension).fill(1);
  for (const shape of shapes) {
    shape.forEach((length, axis) => {
      const at = dimension - shape.length + axis;
      if (common[at] === 1) common[at] = length;
      else if (length !== 1 && length !== common[at]) {
        throw new RangeError(
          `Cannot ${verb}: shapes ${shapes.map((it) => `[${it}]`).join(" and ")} do not match`,
        );
      }
    });
  }
  return common;
}

/**
 * Returns a view of an array with another shape, which repeats elements without copying them.
 *
 * Axes are aligned from the last; missing axes and those of length 1 are repeated. A repeated element
 * exists once in memory, so do not write to such a view.
 *
 * Follows `numpy.broadcast_to`.
 *
 * @param array the array
 * @param shape length of each axis
 * @returns a view
 * @throws {RangeError} if the array does not broadcast to the shape
 *
 * @example A row for each of three
 * ```ts
 * import { broadcastTo, fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(broadcastTo(fromArray([1, 2]), [3, 2])), [[1, 2], [1, 2], [1, 2]]);
 * ```
 */
export function broadcastTo<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  shape: readonly number[],
): NdArray<Data> {
  checkArray(array, "broadcast");
  sizeOf(shape);
  const common = commonShape([array.shape, shape], "broadcast");
  if (common.length > shape.length || common.some((length, axis) => length !== shape[axis])) {
    throw new RangeError(`Cannot broadcast: shape [${array.shape}] does not fit [${shape}]`);
  }
  return repeated(array, shape);
}
