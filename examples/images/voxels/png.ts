/**
 * Draws the three middle slices of an image as a grey PNG picture.
 *
 * @module
 */
import { encode } from "fast-png";

/** An image to draw. */
export interface Drawable {
  /** The voxels, x fastest. */
  data: Float32Array;
  /** Slices, rows, columns. */
  shape: readonly number[];
  /** The distance of two voxels along each axis, in the order of `shape`. */
  spacing: readonly number[];
}

/** The number of pixels of the longest side of the image, about. */
const PANEL_PIXELS = 224;
/** Pixels between panels and around them. */
const GAP = 4;
/** The grey of the gaps. */
const GAP_GREY = 64;

/** The voxel axes that a panel shows from left to right and from bottom to top. Axes are 0 z, 1 y, 2 x. */
const PANELS = [
  { across: 2, up: 1 }, // seen from below or above
  { across: 2, up: 0 }, // from the front
  { across: 1, up: 0 }, // from the side
];

/**
 * Draws the middle slices of each image side by side, one row per image. Lengths are in proportion to
 * those in space. All rows share the grey scale of the first image, from its 2nd to its 98th percentile.
 *
 * @returns The bytes of a PNG file.
 */
export function encodeSlices(images: readonly Drawable[]): Uint8Array {
  const { shape, spacing } = images[0];
  const extent = shape.map((length, axis) => length * spacing[axis]);
  const pixels = extent.map((length) =>
    Math.max(1, Math.round(PANEL_PIXELS * length / Math.max(...extent)))
  );
  const panelHeight = Math.max(...PANELS.map(({ up }) => pixels[up]));
  const width = GAP + PANELS.reduce((sum, { across }) => sum + pixels[across] + GAP, 0);
  const height = GAP + images.length * (panelHeight + GAP);
  const picture = new Uint8Array(width * height).fill(GAP_GREY);
  const [black, white] = greyRange(images[0].data);

  images.forEach(({ data }, row) => {
    let left = GAP;
    for (const { across, up } of PANELS) {
      const bottom = GAP + row * (panelHeight + GAP) + Math.floor((panelHeight + pixels[up]) / 2);
      const index = shape.map((length) => length >> 1);
      for (let v = 0; v < pixels[up]; v++) {
        index[up] = Math.floor((v + 0.5) * shape[up] / pixels[up]);
        for (let u = 0; u < pixels[across]; u++) {
          index[across] = Math.floor((u + 0.5) * shape[across] / pixels[across]);
          const value = data[(index[0] * shape[1] + index[1]) * shape[2] + index[2]];
          const grey = 255 * (value - black) / (white - black);
          picture[(bottom - 1 - v) * width + left + u] = Math.max(0, Math.min(255, grey));
        }
      }
      left += pixels[across] + GAP;
    }
  });
  return encode({ width, height, data: picture, channels: 1, depth: 8 });
}

/** Returns the values to show as black and as white. */
function greyRange(data: Float32Array): [black: number, white: number] {
  const sorted = data.filter(Number.isFinite).sort();
  if (sorted.length === 0) return [0, 1];
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  const [black, white] = [at(0.02), at(0.98)];
  return white > black ? [black, white] : [sorted[0], Math.max(sorted.at(-1)!, sorted[0] + 1)];
}
