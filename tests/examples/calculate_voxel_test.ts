import { assertEquals } from "@std/assert";
import {
  calculateSlice,
  calculateVolume,
  calculateVoxel,
} from "../../examples/images/voxels/calculate_voxel.ts";
import { identical, rootMeanSquare, type Volume } from "../../examples/images/voxels/volume.ts";

function volume(data: Float32Array, shape: [number, number, number]): Volume {
  return { data, shape, stride: [shape[1] * shape[2], shape[2], 1], offset: 0 };
}

Deno.test("calculateVoxel() is the exponential for any number of iterations", () => {
  for (const value of [-2, 0, 0.3, 1, 1000]) {
    for (const iterations of [1, 2, 100]) {
      assertEquals(calculateVoxel(value, iterations), Math.exp(value));
    }
  }
});

Deno.test("calculateSlice() writes the exponentials of one slice", () => {
  const input = volume(Float32Array.from({ length: 24 }, (_, i) => i / 24), [2, 3, 4]);
  const output = volume(new Float32Array(24), [2, 3, 4]);
  calculateSlice(input, output, 1, 2);
  const expected = input.data.map((value, i) => i < 12 ? 0 : Math.exp(value));
  assertEquals(output.data, expected);
});

Deno.test("calculateVolume() writes the exponentials of a view into a view", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i / 24);
  const view: Volume = { data, shape: [3, 2, 1], stride: [1, 4, 8], offset: 5 };
  const output: Volume = {
    data: new Float32Array(6),
    shape: [3, 2, 1],
    stride: [2, 1, 1],
    offset: 0,
  };
  calculateVolume(view, output, 1);
  const expected = [5, 9, 6, 10, 7, 11].map((at) => Math.exp(data[at]));
  assertEquals(output.data, Float32Array.from(expected));
});

Deno.test("identical() compares bits", () => {
  const image = Float32Array.of(0, NaN, 1.5);
  assertEquals(identical(image, image.slice()), true);
  assertEquals(identical(image, Float32Array.of(-0, NaN, 1.5)), false);
  assertEquals(identical(image, Float32Array.of(0, NaN)), false);
});

Deno.test("rootMeanSquare() skips values that are not finite", () => {
  assertEquals(
    rootMeanSquare(Float32Array.of(1, 5, NaN), Float32Array.of(4, 1, 0)),
    Math.sqrt(12.5),
  );
});
