import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { addNoise, sheppLogan } from "../../examples/images/voxels/phantom.ts";
import { seededRandom } from "../../examples/images/voxels/random.ts";

/** Returns the intensity of the phantom at a point of the cube from -1 to 1, from an image of odd size. */
function at(image: Float32Array, n: number, x: number, y: number, z: number): number {
  const [i, j, k] = [x, y, z].map((u) => Math.floor((u + 1) / 2 * n));
  return image[(k * n + j) * n + i];
}

Deno.test("sheppLogan() has the intensities of Yu, Ye and Wang's table", () => {
  const n = 101;
  const image = sheppLogan([n, n, n]);
  const expected: [number, number, number, number][] = [
    [-0.99, -0.99, -0.99, 0], // air
    [0, 0.9, 0, 1], // skull
    [0, -0.3, 0, 0.2], // brain
    [0.22, 0, -0.25, 0], // right ventricle
    [-0.22, 0, -0.25, 0], // left ventricle
    [-0.22 + 0.3 * Math.cos(1.885), 0.3 * Math.sin(1.885), -0.25, 0], // along its long axis
    [0, 0.45, -0.25, 0.4], // the large ellipsoid at the front
    [-0.08, -0.65, -0.25, 0.3],
    [0.06, -0.65, -0.25, 0.3],
    [0.06, -0.105, 0.625, 0.4],
    [0, 0.1, 0.625, 0],
  ];
  for (const [x, y, z, value] of expected) {
    assertAlmostEquals(at(image, n, x, y, z), value, 1e-6, `at ${x}, ${y}, ${z}`);
  }
});

Deno.test("sheppLogan() accepts shapes with different sides, x fastest", () => {
  const image = sheppLogan([5, 41, 31]);
  assertEquals(image.length, 5 * 41 * 31);
  assertAlmostEquals(image[(2 * 41 + 38) * 31 + 15], 1, 1e-6);
  assertEquals(image[(2 * 41 + 20) * 31 + 0], 0);
});

Deno.test("sheppLogan() softens edges if voxels are means of several points", () => {
  const levels = (points: number) =>
    new Set(sheppLogan([16, 16, 16], points).map((value) => Math.round(value * 1000))).size;
  assert(levels(1) <= 6);
  assert(levels(2) > 20);
});

Deno.test("addNoise() is reproducible from its seed", () => {
  const image = new Float32Array(100).fill(0.5);
  assertEquals(addNoise(image, 0.1, seededRandom(3)), addNoise(image, 0.1, seededRandom(3)));
  assert(addNoise(image, 0.1, seededRandom(3))[0] !== addNoise(image, 0.1, seededRandom(4))[0]);
});

Deno.test("addNoise() has the mean and the variance of its distribution", () => {
  const sigma = 0.1;
  const moments = (value: number, kind: "rician" | "gaussian") => {
    const noisy = addNoise(new Float32Array(200_000).fill(value), sigma, seededRandom(7), kind);
    const mean = noisy.reduce((sum, v) => sum + v, 0) / noisy.length;
    const variance = noisy.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noisy.length;
    return { mean, variance };
  };
  const gaussian = moments(1, "gaussian");
  assertAlmostEquals(gaussian.mean, 1, 0.001);
  assertAlmostEquals(gaussian.variance, sigma ** 2, 0.0002);
  // In air, where the distribution is Rayleigh's.
  const air = moments(0, "rician");
  assertAlmostEquals(air.mean, sigma * Math.sqrt(Math.PI / 2), 0.001);
  assertAlmostEquals(air.variance, (2 - Math.PI / 2) * sigma ** 2, 0.0002);
});

Deno.test("seededRandom() is uniformly distributed in [0, 1)", () => {
  const { uniform } = seededRandom(0);
  const counts = new Array(16).fill(0);
  for (let i = 0; i < 64_000; i++) counts[Math.floor(uniform() * 16)]++;
  // 4000 each, with a standard deviation of 61.
  for (const count of counts) assertAlmostEquals(count, 4000, 330);
});
