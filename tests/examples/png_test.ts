import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { encodeSlices } from "../../examples/images/voxels/png.ts";

const SHAPE = [10, 20, 40];

function image(value: (z: number, y: number, x: number) => number): Float32Array {
  const [, ny, nx] = SHAPE;
  return Float32Array.from(
    { length: SHAPE[0] * ny * nx },
    (_, i) => value(Math.floor(i / (nx * ny)), Math.floor(i / nx) % ny, i % nx),
  );
}

Deno.test("encodeSlices() makes a PNG file with three panels per row", () => {
  const drawable = { data: image((_z, _y, x) => x), shape: SHAPE, spacing: [1, 1, 1] };
  const bytes = encodeSlices([drawable, drawable]);
  assertEquals([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const { width, height, channels, depth } = decode(bytes);
  // Sides of 224, 112 and 56 pixels, with 4 between and around: x, x, y across; y is the highest.
  assertEquals([width, height], [4 + 224 + 4 + 224 + 4 + 112 + 4, 4 + 112 + 4 + 112 + 4]);
  assertEquals([channels, depth], [1, 8]);
});

Deno.test("encodeSlices() draws sides in proportion to their lengths in space", () => {
  const drawable = { data: image(() => 1), shape: SHAPE, spacing: [4, 2, 1] };
  const { width, height } = decode(encodeSlices([drawable]));
  assertEquals([width, height], [4 * 4 + 3 * 224, 2 * 4 + 224]);
});

Deno.test("encodeSlices() draws x to the right, y and z upwards", () => {
  const draw = (value: (z: number, y: number, x: number) => number) => {
    const { data, width } = decode(
      encodeSlices([{ data: image(value), shape: SHAPE, spacing: [1, 1, 1] }]),
    );
    return (row: number, column: number) => data[row * width + column];
  };
  const alongX = draw((_z, _y, x) => x);
  assert(alongX(60, 10) < alongX(60, 220));
  const alongY = draw((_z, y) => y);
  assert(alongY(8, 100) > alongY(110, 100));
  const alongZ = draw((z) => z);
  // The second panel is 56 high in the middle of 112.
  assert(alongZ(36, 300) > alongZ(84, 300));
});

Deno.test("encodeSlices() uses the grey scale of the first row in all rows", () => {
  const [dark, bright] = [image((_z, _y, x) => x), image((_z, _y, x) => 2 * x)];
  const drawables = [dark, bright].map((data) => ({ data, shape: SHAPE, spacing: [1, 1, 1] }));
  const { data, width } = decode(encodeSlices(drawables));
  const column = 4 + 60;
  assert(data[(4 + 116 + 50) * width + column] > data[(4 + 50) * width + column]);
});

Deno.test("encodeSlices() draws images that are flat or all NaN", () => {
  for (const value of [0, 5, -5, NaN, Infinity]) {
    const bytes = encodeSlices([{ data: image(() => value), shape: SHAPE, spacing: [1, 1, 1] }]);
    assertEquals(decode(bytes).height, 120);
  }
});
