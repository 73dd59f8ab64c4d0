/**
 * A test image of a head: the three-dimensional Shepp-Logan phantom, and the noise of a scanner.
 *
 * L. A. Shepp, B. F. Logan: The Fourier reconstruction of a head section. IEEE Transactions on Nuclear
 * Science 21(3), 1974, drew it in the plane; A. C. Kak, M. Slaney: Principles of Computerized
 * Tomographic Imaging, 1988, chapter 3, gave it a third dimension. The intensities and the table below
 * are those of H. Yu, Y. Ye, G. Wang: Katsevich-type algorithms for variable radius spiral cone-beam CT.
 * Proceedings of SPIE 5535, 2004, whose contrast is high enough to be seen.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** An ellipsoid, in a cube from -1 to 1 on each axis. */
export interface Ellipsoid {
  /** The number that it adds to the intensity of every point inside. */
  intensity: number;
  /** Half its length along its own x, y and z axis. */
  halfAxes: readonly [number, number, number];
  /** Its centre (x, y, z). */
  center: readonly [number, number, number];
  /** The angle of its rotation about z, in degrees. */
  turnDegrees: number;
}

/** The ten ellipsoids of Yu, Ye and Wang. */
export const SHEPP_LOGAN_3D: readonly Ellipsoid[] = [
  //intensity  half axes            centre                 turn
  ellipsoid(1.0, [0.69, 0.92, 0.9], [0, 0, 0], 0), // skull
  ellipsoid(-0.8, [0.6624, 0.874, 0.88], [0, 0, 0], 0), // brain
  ellipsoid(-0.2, [0.41, 0.16, 0.21], [-0.22, 0, -0.25], 108), // the two ventricles
  ellipsoid(-0.2, [0.31, 0.11, 0.22], [0.22, 0, -0.25], 72),
  ellipsoid(0.2, [0.21, 0.25, 0.5], [0, 0.35, -0.25], 0),
  ellipsoid(0.2, [0.046, 0.046, 0.046], [0, 0.1, -0.25], 0),
  ellipsoid(0.1, [0.046, 0.023, 0.02], [-0.08, -0.65, -0.25], 0),
  ellipsoid(0.1, [0.046, 0.023, 0.02], [0.06, -0.65, -0.25], 90),
  ellipsoid(0.2, [0.056, 0.04, 0.1], [0.06, -0.105, 0.625], 90),
  ellipsoid(-0.2, [0.056, 0.056, 0.1], [0, 0.1, 0.625], 0),
];

function ellipsoid(
  intensity: number,
  halfAxes: Ellipsoid["halfAxes"],
  center: Ellipsoid["center"],
  turnDegrees: number,
): Ellipsoid {
  return { intensity, halfAxes, center, turnDegrees };
}

/**
 * Draws the phantom.
 *
 * @param shape Slices, rows, columns: the lengths of the axes z, y, x.
 * @param pointsPerAxis Each voxel is the mean of this many points per axis: 1 takes its centre, more points
 * soften the edges, as a scanner does. @default 1
 * @returns The voxels, x fastest, from 0 to 1.
 */
export function sheppLogan(
  [nz, ny, nx]: readonly [number, number, number],
  pointsPerAxis = 1,
): Float32Array<ArrayBuffer> {
  const voxels = new Float64Array(nz * ny * nx);
  const xs = points(nx, pointsPerAxis);
  const ys = points(ny, pointsPerAxis);
  const zs = points(nz, pointsPerAxis);
  for (const { intensity, halfAxes: [a, b, c], center, turnDegrees } of SHEPP_LOGAN_3D) {
    const share = intensity / pointsPerAxis ** 3;
    const angle = turnDegrees * Math.PI / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    for (let k = 0; k < zs.length; k++) {
      const w = ((zs[k] - center[2]) / c) ** 2;
      if (w > 1) continue;
      const slice = Math.floor(k / pointsPerAxis) * ny;
      for (let j = 0; j < ys.length; j++) {
        const y = ys[j] - center[1];
        const row = (slice + Math.floor(j / pointsPerAxis)) * nx;
        for (let i = 0; i < xs.length; i++) {
          const x = xs[i] - center[0];
          const u = (x * cos + y * sin) / a;
          const v = (y * cos - x * sin) / b;
          if (u * u + v * v + w <= 1) voxels[row + Math.floor(i / pointsPerAxis)] += share;
        }
      }
    }
  }
  // Where ellipsoids cancel, 1 - 0.8 - 0.2 is not quite 0.
  return Float32Array.from(voxels, (value) => Math.abs(value) < 1e-9 ? 0 : value);
}

/** Returns the coordinates of the points along an axis of `n` voxels, each the middle of its interval. */
function points(n: number, pointsPerAxis: number): Float64Array {
  const count = n * pointsPerAxis;
  return Float64Array.from({ length: count }, (_, i) => (2 * i + 1) / count - 1);
}

/** The kinds of noise that {@linkcode addNoise} knows. */
export type NoiseKind = "rician" | "gaussian";

/**
 * Returns a noisy copy of an image.
 *
 * Rician noise is that of a magnitude image from a magnetic resonance scanner: its real and its imaginary
 * part carry Gaussian noise each, and dark regions come out brighter (H. Gudbjartsson, S. Patz: The Rician
 * distribution of noisy MRI data. Magnetic Resonance in Medicine 34(6), 1995).
 *
 * @param sigma The standard deviation of the Gaussian noise.
 */
export function addNoise(
  image: Float32Array,
  sigma: number,
  random: Random,
  kind: NoiseKind = "rician",
): Float32Array<ArrayBuffer> {
  return Float32Array.from(image, (value) => {
    const real = value + sigma * random.normal();
    return kind === "gaussian" ? real : Math.hypot(real, sigma * random.normal());
  });
}
