import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { denoiseSlice, estimateSigma, type NlmOptions } from "../../examples/images/voxels/nlm.ts";
import { addNoise, sheppLogan } from "../../examples/images/voxels/phantom.ts";
import { seededRandom } from "../../examples/images/voxels/random.ts";
import { rootMeanSquare, type Volume } from "../../examples/images/voxels/volume.ts";

type Shape = [number, number, number];

function volume(data: Float32Array, shape: Shape): Volume {
  return { data, shape, stride: [shape[1] * shape[2], shape[2], 1], offset: 0 };
}

function denoise(input: Volume, options: NlmOptions, order?: number[]): Float32Array {
  const [nz, ny, nx] = input.shape;
  const output = volume(new Float32Array(nz * ny * nx), [nz, ny, nx]);
  for (const z of order ?? Array(nz).keys()) denoiseSlice(input, output, z, options);
  return output.data;
}

const SHAPE: Shape = [14, 16, 18];
const CLEAN = sheppLogan(SHAPE, 2);
const NOISY = addNoise(CLEAN, 0.05, seededRandom(1));
const OPTIONS: NlmOptions = { sigma: 0.05, searchRadius: 2 };

/** The filter as defined in the paper, with nothing precomputed. */
function denoiseByDefinition(image: Float32Array, [nz, ny, nx]: Shape, options: NlmOptions) {
  const { sigma, searchRadius = 5, noise = "rician" } = options;
  const inside = (index: number, length: number) => Math.max(0, Math.min(length - 1, index));
  const value = (z: number, y: number, x: number) =>
    image[(inside(z, nz) * ny + inside(y, ny)) * nx + inside(x, nx)];
  const around = (radius: number) => Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  const patch = (z: number, y: number, x: number) =>
    around(1).flatMap((k) =>
      around(1).flatMap((j) => around(1).map((i) => value(z + k, y + j, x + i)))
    );
  const mean = (numbers: number[]) => numbers.reduce((sum, n) => sum + n) / numbers.length;
  const variance = (numbers: number[]) => {
    const middle = mean(numbers);
    return mean(numbers.map((n) => (n - middle) ** 2));
  };
  const alike = (one: number, other: number, ratio: number) =>
    one / other >= ratio && one / other <= 1 / ratio;
  const squared = (v: number) => noise === "rician" ? v * v : v;

  const result = new Float32Array(image.length);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const own = patch(z, y, x);
        let [sum, weights, largest] = [0, 0, 0];
        for (const k of around(searchRadius)) {
          for (const j of around(searchRadius)) {
            for (const i of around(searchRadius)) {
              const [oz, oy, ox] = [z + k, y + j, x + i];
              const outside = oz < 0 || oz >= nz || oy < 0 || oy >= ny || ox < 0 || ox >= nx;
              if (outside || (k === 0 && j === 0 && i === 0)) continue;
              const other = patch(oz, oy, ox);
              if (!alike(mean(own), mean(other), 0.95)) continue;
              if (!alike(variance(own), variance(other), 0.5)) continue;
              const distance = own.reduce((d, v, n) => d + (v - other[n]) ** 2, 0);
              const weight = Math.exp(-distance / (2 * sigma * sigma * 27));
              sum += weight * squared(value(oz, oy, ox));
              weights += weight;
              largest = Math.max(largest, weight);
            }
          }
        }
        const ownWeight = largest || 1;
        const average = (sum + ownWeight * squared(value(z, y, x))) / (weights + ownWeight);
        result[(z * ny + y) * nx + x] = noise === "rician"
          ? Math.sqrt(Math.max(0, average - 2 * sigma * sigma))
          : average;
      }
    }
  }
  return result;
}

for (const noise of ["rician", "gaussian"] as const) {
  Deno.test(`denoiseSlice() agrees with the definition for ${noise} noise`, () => {
    const shape: Shape = [6, 7, 8];
    const image = addNoise(sheppLogan(shape, 2), 0.05, seededRandom(2), noise);
    const options: NlmOptions = { sigma: 0.05, searchRadius: 2, noise };
    const actual = denoise(volume(image, shape), options);
    const expected = denoiseByDefinition(image, shape, options);
    actual.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-6, `voxel ${i}`));
  });
}

Deno.test("denoiseSlice() leaves a constant image unchanged", () => {
  for (const value of [0, 0.1, 1, -3, 1000.1]) {
    const image = new Float32Array(5 * 6 * 7).fill(value);
    const options = {
      sigma: 0,
      searchRadius: 2,
      noise: value < 0 ? "gaussian" : "rician",
    } as const;
    assertEquals(denoise(volume(image, [5, 6, 7]), options), image);
  }
});

Deno.test("denoiseSlice() removes most of the noise and keeps the edges", () => {
  const shape: Shape = [24, 24, 24];
  const clean = sheppLogan(shape, 2);
  const noisy = addNoise(clean, 0.05, seededRandom(1));
  const denoised = denoise(volume(noisy, shape), { sigma: 0.05, searchRadius: 3 });
  assert(rootMeanSquare(denoised, clean) < 0.5 * rootMeanSquare(noisy, clean));
  const skull = clean.indexOf(Math.max(...clean));
  assertAlmostEquals(denoised[skull], clean[skull], 0.1);
});

Deno.test("denoiseSlice() gives the same bits in any order of the slices", () => {
  const input = volume(NOISY, SHAPE);
  const order = [...Array(SHAPE[0]).keys()].reverse();
  assertEquals(denoise(input, OPTIONS, order), denoise(input, OPTIONS));
});

Deno.test("denoiseSlice() writes only its slice", () => {
  const output = volume(new Float32Array(NOISY.length).fill(7), SHAPE);
  denoiseSlice(volume(NOISY, SHAPE), output, 5, OPTIONS);
  const slice = SHAPE[1] * SHAPE[2];
  output.data.forEach((value, i) => {
    if (Math.floor(i / slice) !== 5) assertEquals(value, 7);
  });
});

Deno.test("denoiseSlice() reads no further than its search radius and one neighbour", () => {
  const changed = NOISY.slice();
  const slice = SHAPE[1] * SHAPE[2];
  changed.fill(9, 8 * slice);
  const before = denoise(volume(NOISY, SHAPE), OPTIONS);
  const after = denoise(volume(changed, SHAPE), OPTIONS);
  // Slice 4 reads 2 slices on each side and their neighbours: 1 to 7.
  assertEquals(after.slice(0, 5 * slice), before.slice(0, 5 * slice));
  assert(after.slice(5 * slice, 6 * slice).some((value, i) => value !== before[5 * slice + i]));
});

Deno.test("denoiseSlice() reads and writes views by their strides", () => {
  const [nz, ny, nx] = SHAPE;
  const expected = denoise(volume(NOISY, SHAPE), OPTIONS);
  // The same image with its axes in reverse order and its rows backwards, after 10 other numbers.
  const stride = [1, -nz, nz * ny];
  const offset = 10 + (ny - 1) * nz;
  const stored = new Float32Array(10 + NOISY.length);
  const view: Volume = { data: stored, shape: SHAPE, stride, offset };
  const output: Volume = { ...view, data: new Float32Array(stored.length) };
  const each = (visit: (plain: number, stored: number) => void) => {
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++) {
          visit((z * ny + y) * nx + x, offset + z * stride[0] + y * stride[1] + x * stride[2]);
        }
      }
    }
  };
  each((plain, at) => stored[at] = NOISY[plain]);
  for (let z = 0; z < nz; z++) denoiseSlice(view, output, z, OPTIONS);
  each((plain, at) => assertEquals(output.data[at], expected[plain]));
  assertAlmostEquals(estimateSigma(view), estimateSigma(volume(NOISY, SHAPE)), 1e-6);
});

Deno.test("denoiseSlice() accepts images that are thin along any axis", () => {
  for (const shape of [[1, 1, 1], [1, 9, 9], [9, 1, 9], [9, 9, 2]] as Shape[]) {
    const image = addNoise(sheppLogan(shape), 0.05, seededRandom(1));
    const denoised = denoise(volume(image, shape), OPTIONS);
    assert(denoised.every((value) => value >= 0 && value < 2));
  }
});

Deno.test("denoiseSlice() keeps voxels that are not finite, and they do not spoil their neighbours", () => {
  const whole = denoise(volume(NOISY, SHAPE), OPTIONS);
  for (const value of [NaN, Infinity, -Infinity]) {
    const data = NOISY.slice();
    const at = [7 * 16 * 18 + 8 * 18 + 9, 7 * 16 * 18 + 8 * 18 + 10, 0];
    for (const i of at) data[i] = value;
    const result = denoise(volume(data, SHAPE), OPTIONS);
    for (const [i, voxel] of result.entries()) {
      if (at.includes(i)) assertEquals(voxel, value);
      else assert(Math.abs(voxel - whole[i]) < 0.2, `${voxel} at ${i}, not about ${whole[i]}`);
    }
  }
  const all = new Float32Array(NOISY.length).fill(NaN);
  assertEquals(denoise(volume(all, SHAPE), OPTIONS), all);
});

Deno.test("denoiseSlice() rejects arrays of different shapes", () => {
  const input = volume(NOISY, SHAPE);
  const output = volume(new Float32Array(NOISY.length), [SHAPE[0], SHAPE[2], SHAPE[1]]);
  assertThrows(() => denoiseSlice(input, output, 0, OPTIONS), RangeError, "14x16x18");
});

Deno.test("estimateSigma() finds the noise of a flat image", () => {
  for (const sigma of [0.01, 0.1]) {
    const flat = new Float32Array(30 ** 3).fill(1);
    const image = addNoise(flat, sigma, seededRandom(5), "gaussian");
    assertAlmostEquals(estimateSigma(volume(image, [30, 30, 30])), sigma, 0.05 * sigma);
    assertAlmostEquals(estimateSigma(volume(image.slice(0, 900), [1, 30, 30])), sigma, 0.2 * sigma);
  }
});

Deno.test("estimateSigma() is 0 if there is no noise or no neighbour", () => {
  assertEquals(estimateSigma(volume(new Float32Array(27).fill(4), [3, 3, 3])), 0);
  assertEquals(estimateSigma(volume(Float32Array.of(1, 2), [1, 1, 2])), 0);
  assertEquals(estimateSigma(volume(new Float32Array(27).fill(NaN), [3, 3, 3])), 0);
});
