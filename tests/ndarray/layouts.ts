/**
 * Arrays of all element types and layouts, for tests that compare results with those of plain loops.
 *
 * @module
 */

import { type DataType, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import createNdarray from "ndarray";

/** The element types that are numbers. */
export const DTYPES: readonly DataType[] = [
  ...(["int8", "uint8", "uint8_clamped", "int16", "uint16", "int32", "uint32"] as const),
  ...(["float16", "float32", "float64"] as const),
];

/** How the elements of an array lie in memory. */
export const LAYOUTS = [
  "plain",
  "without gaps",
  "offset",
  "gaps",
  "reversed",
  "transposed",
] as const;
/** One of {@linkcode LAYOUTS}; `"plain"` is memory that is not shared. */
export type LayoutName = typeof LAYOUTS[number];

/** Makes an array of a shape, whose elements are `elementAt` of their index in C order. */
export function makeArray(
  shape: readonly number[],
  dtype: DataType,
  layout: LayoutName,
  elementAt: (index: number) => number,
): NdArray {
  const array = emptyOf(shape, dtype, layout);
  let index = 0;
  const fill = (position: number, axis: number): void => {
    if (axis === shape.length) array.data[position] = elementAt(index++);
    else for (let n = 0; n < shape[axis]; n++) fill(position + n * array.stride[axis], axis + 1);
  };
  fill(array.offset, 0);
  return array;
}

function emptyOf(shape: readonly number[], dtype: DataType, layout: LayoutName): NdArray {
  switch (layout) {
    case "plain": {
      const { data } = zeros([0], dtype);
      const size = shape.reduce((product, length) => product * length, 1);
      const plain = new (data.constructor as Float64ArrayConstructor)(size);
      return createNdarray(plain, [...shape]) as unknown as NdArray;
    }
    case "without gaps":
      return zeros(shape, dtype);
    case "offset":
      return zeros(shape.map((length) => length + 1), dtype).lo(...shape.map(() => 1));
    case "gaps":
      return zeros(shape.map((length) => 2 * length), dtype).step(...shape.map(() => 2));
    case "reversed":
      return zeros(shape, dtype).step(...shape.map(() => -1));
    case "transposed":
      return zeros(shape.toReversed(), dtype).transpose(...shape.keys().toArray().toReversed());
  }
}

/** Returns the elements of an array in C order. */
export function elementsOf(array: NdArray): number[] {
  const elements: number[] = [];
  const visit = (position: number, axis: number): void => {
    if (axis === array.dimension) elements.push(array.data[position]);
    else {
      for (let n = 0; n < array.shape[axis]; n++) {
        visit(position + n * array.stride[axis], axis + 1);
      }
    }
  };
  visit(array.offset, 0);
  return elements;
}
