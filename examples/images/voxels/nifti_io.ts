/**
 * Reads and writes three-dimensional images in the NIfTI format (https://nifti.nimh.nih.gov), plain
 * (`.nii`) or compressed (`.nii.gz`).
 *
 * Each fault of a file is a {@linkcode BadInputError} whose message names the file.
 *
 * @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { isCompressed, type NIFTI1, type NIFTI2, readHeader } from "nifti-reader-js";
import { BadInputError } from "../../support/cli.ts";
import { readBytes, writeBytes } from "./files.ts";

/** An image and its position in space. */
export interface NiftiImage {
  /** Slices, rows, columns: the lengths of the axes z, y, x. */
  shape: [slices: number, rows: number, columns: number];
  /** The voxels, x fastest, with the file's slope and intercept applied. */
  data: Float32Array;
  /** The part of the header that is kept when the image is written. */
  geometry: Geometry;
  /** What voxels of the file lost, if any did: they are kept as 32-bit floating-point numbers. */
  losses?: Losses;
}

/** Numbers of voxels that a file has and 32-bit floating-point numbers cannot represent. */
export interface Losses {
  /** Voxels that were rounded. */
  rounded: number;
  /** Voxels that are finite in the file, and became infinite. */
  overflown: number;
}

/** Returns a sentence for each loss. */
export function describeLosses({ rounded, overflown }: Losses): string[] {
  const voxels = (count: number) => count === 1 ? "1 voxel is" : `${count} voxels are`;
  const lines: string[] = [];
  if (rounded > 0) lines.push(`${voxels(rounded)} rounded to 32-bit floating-point numbers`);
  if (overflown > 0) lines.push(`${voxels(overflown)} too large for them, and infinite now`);
  return lines;
}

/** The part of a header that gives the positions of voxels. The names are those of the format. */
export interface Geometry {
  /** The distance of two voxels along z, y and x, in the order of `shape`. Never 0 or negative. */
  spacing: [dz: number, dy: number, dx: number];
  /** The units of `spacing`, as a code of the format: 2 is the millimetre. */
  xyztUnits: number;
  /** The coordinate system of the quaternion and its offset; 0 if there is no quaternion. */
  qformCode: number;
  /** -1 if the quaternion's third axis is reversed, else 1. */
  qfac: number;
  /** Components b, c, d of the quaternion. */
  quaternion: [number, number, number];
  /** The offset that goes with the quaternion. */
  qoffset: [number, number, number];
  /** The coordinate system of the affine matrix; 0 if there is no matrix. */
  sformCode: number;
  /** Three rows of the affine matrix from (x, y, z) indices to space. */
  srow: number[];
  /** Free text, at most 79 bytes of it are written. */
  description: string;
}

/** Returns the geometry of an image without a file: cubes of one millimetre around the origin. */
export function centeredGeometry(shape: readonly number[], description = ""): Geometry {
  const [z, y, x] = shape.map((length) => -(length - 1) / 2);
  return {
    spacing: [1, 1, 1],
    xyztUnits: 2,
    qformCode: 0,
    qfac: 1,
    quaternion: [0, 0, 0],
    qoffset: [0, 0, 0],
    sformCode: 1,
    srow: [1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z],
    description,
  };
}

/** A number type of the format: its length, and how to read it. */
interface NumberType {
  bytes: number;
  read: (view: DataView, at: number, littleEndian: boolean) => number;
}

/** The types that can be read, by their code in the format. */
const NUMBER_TYPES: Record<number, NumberType> = {
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  4: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  8: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  16: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  256: { bytes: 1, read: (view, at) => view.getInt8(at) },
  512: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  768: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  1024: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  1280: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/** The types that cannot be read, for the message. */
const OTHER_TYPES: Record<number, string> = {
  0: "unknown",
  1: "1-bit",
  32: "complex64",
  128: "RGB24",
  1536: "float128",
  1792: "complex128",
  2048: "complex256",
  2304: "RGBA32",
};

/**
 * Reads an image. A file may have more than three dimensions if the others have length 1; an image of two
 * dimensions is one slice, and one of one dimension a row.
 *
 * @throws {BadInputError} if there is no such file, it is not a NIfTI file or is truncated, its number
 * type is not one of real numbers, or it has several volumes
 */
export async function readNifti(path: string): Promise<NiftiImage> {
  const bytes = decompressed(path, await readBytes(path));
  const header = parseHeader(path, bytes);
  const shape = shapeOf(path, header);
  const type = NUMBER_TYPES[header.datatypeCode];
  if (type === undefined) {
    const name = OTHER_TYPES[header.datatypeCode] ?? `code ${header.datatypeCode}`;
    throw new BadInputError(
      `cannot read "${path}": its voxels are of the unsupported type ${name}`,
    );
  }
  const voxels = shape[0] * shape[1] * shape[2];
  const start = dataStart(header);
  const end = start + voxels * type.bytes;
  if (!(Number.isInteger(start) && start >= headerBytes(header))) {
    throw new BadInputError(`cannot read "${path}": its header is damaged: data begin at ${start}`);
  }
  if (end > bytes.length) {
    throw new BadInputError(
      `cannot read "${path}": it is truncated: ${bytes.length} bytes of ${end}`,
    );
  }
  return { shape, ...readVoxels(bytes, header, type, voxels), geometry: geometryOf(header, bytes) };
}

/** Returns where the voxels begin. Some programs write 0, and mean: behind the header. */
function dataStart(header: NIFTI1 | NIFTI2): number {
  return header.vox_offset === 0 ? headerBytes(header) + 4 : header.vox_offset;
}

function decompressed(path: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const isGzip = bytes.length > 2 && isCompressed(bytes.buffer) && bytes[0] === 0x1f;
  if (!isGzip) return bytes;
  try {
    return new Uint8Array(gunzipSync(bytes));
  } catch (error) {
    const reason = (error as Error).message;
    const what = reason.includes("unexpected end") ? "truncated" : `damaged (${reason})`;
    throw new BadInputError(`cannot read "${path}": its compressed data are ${what}`);
  }
}

/** Returns the length of a header of version 1 or 2 in bytes. */
function headerBytes(header: NIFTI1 | NIFTI2): number {
  return header.magic.startsWith("n+2") ? 540 : 348;
}

function parseHeader(path: string, bytes: Uint8Array<ArrayBuffer>): NIFTI1 | NIFTI2 {
  // The header alone: extensions say nothing about the image, and the reader fails on damaged ones.
  const head = new Uint8Array(544);
  head.set(bytes.subarray(0, 540));
  const sizes = [true, false].map((little) => new DataView(head.buffer).getInt32(0, little));
  const length = sizes.includes(348) ? 348 : sizes.includes(540) ? 540 : 0;
  const magic = new TextDecoder().decode(length === 540 ? head.slice(4, 7) : head.slice(344, 347));
  if (length > 0 && bytes.length < length) {
    throw new BadInputError(
      `cannot read "${path}": it is truncated: ${bytes.length} bytes of a header of ${length}`,
    );
  }
  if (length > 0 && (magic === "ni1" || magic === "ni2")) {
    throw new BadInputError(
      `cannot read "${path}": it is the header of a pair (.hdr, .img), not a single .nii file`,
    );
  }
  if (magic !== (length === 540 ? "n+2" : "n+1") || length === 0) {
    throw new BadInputError(`cannot read "${path}": it is not a NIfTI file`);
  }
  head.fill(0, length, length + 4);
  return readHeader(head.buffer);
}

function shapeOf(path: string, header: NIFTI1 | NIFTI2): NiftiImage["shape"] {
  const [axes, ...lengths] = header.dims;
  if (!(axes >= 1 && axes <= 7)) {
    throw new BadInputError(`cannot read "${path}": its header is damaged: ${axes} dimensions`);
  }
  const used = lengths.slice(0, axes);
  const size = used.join("x");
  if (used.some((length) => !(length >= 1))) {
    throw new BadInputError(`cannot read "${path}": its size is ${size}, nothing to analyse`);
  }
  const volumes = used.slice(3).reduce((product, length) => product * length, 1);
  if (volumes > 1) {
    throw new BadInputError(
      `cannot read "${path}": ${volumes} volumes (${size}), not one 3-D image`,
    );
  }
  return [used[2] ?? 1, used[1] ?? 1, used[0]];
}

function readVoxels(
  bytes: Uint8Array<ArrayBuffer>,
  header: NIFTI1 | NIFTI2,
  type: NumberType,
  voxels: number,
): { data: Float32Array; losses?: Losses } {
  const { scl_slope, scl_inter, littleEndian } = header;
  // A slope of 0 means that there is neither slope nor intercept.
  const scaled = Number.isFinite(scl_slope) && scl_slope !== 0;
  const slope = scaled ? scl_slope : 1;
  const intercept = scaled && Number.isFinite(scl_inter) ? scl_inter : 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(voxels);
  const losses = { rounded: 0, overflown: 0 };
  for (let i = 0, at = dataStart(header); i < voxels; i++, at += type.bytes) {
    const value = slope * type.read(view, at, littleEndian) + intercept;
    data[i] = value;
    if (data[i] === value || Number.isNaN(value)) continue;
    if (Number.isFinite(data[i])) losses.rounded++;
    else losses.overflown++;
  }
  return losses.rounded + losses.overflown > 0 ? { data, losses } : { data };
}

function geometryOf(header: NIFTI1 | NIFTI2, bytes: Uint8Array<ArrayBuffer>): Geometry {
  // nifti-reader-js overwrites the affine matrix of version 1 with that of the quaternion.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const srow = headerBytes(header) === 540
    ? header.affine.slice(0, 3).flat()
    : Array.from({ length: 12 }, (_, i) => view.getFloat32(280 + 4 * i, header.littleEndian));
  const distance = (axis: number) => {
    const given = Math.abs(header.pixDims[axis]);
    return given > 0 && Number.isFinite(given) ? given : 1;
  };
  return {
    spacing: [distance(3), distance(2), distance(1)],
    xyztUnits: header.xyzt_units,
    qformCode: header.qform_code,
    qfac: header.pixDims[0] < 0 ? -1 : 1,
    quaternion: [header.quatern_b, header.quatern_c, header.quatern_d],
    qoffset: [header.qoffset_x, header.qoffset_y, header.qoffset_z],
    sformCode: header.sform_code,
    srow,
    description: header.description,
  };
}

/** Encodes an image as a file of version 1 with 32-bit floating-point numbers. */
export function encodeNifti({ shape, data, geometry }: NiftiImage): Uint8Array<ArrayBuffer> {
  const [slices, rows, columns] = shape;
  const dataStart = 352; // the header's 348 bytes, and 4 that say that no extension follows
  const bytes = new Uint8Array(dataStart + 4 * data.length);
  const view = new DataView(bytes.buffer);
  const int16s = (at: number, ...values: number[]) =>
    values.forEach((value, i) => view.setInt16(at + 2 * i, value, true));
  const float32s = (at: number, ...values: number[]) =>
    values.forEach((value, i) => view.setFloat32(at + 4 * i, value, true));
  const [dz, dy, dx] = geometry.spacing;

  view.setInt32(0, 348, true); // sizeof_hdr
  int16s(40, 3, columns, rows, slices, 1, 1, 1, 1); // dim
  int16s(70, 16, 32); // datatype: float32, bitpix
  float32s(76, geometry.qfac, dx, dy, dz); // pixdim
  float32s(108, dataStart, 1, 0); // vox_offset, scl_slope, scl_inter
  bytes[123] = geometry.xyztUnits;
  bytes.set(new TextEncoder().encode(geometry.description).subarray(0, 79), 148); // descrip
  int16s(252, geometry.qformCode, geometry.sformCode);
  float32s(256, ...geometry.quaternion, ...geometry.qoffset);
  float32s(280, ...geometry.srow);
  bytes.set(new TextEncoder().encode("n+1"), 344); // magic
  for (let i = 0; i < data.length; i++) view.setFloat32(dataStart + 4 * i, data[i], true);
  return bytes;
}

/**
 * Writes an image, compressed if the name ends in `.gz`.
 *
 * @throws {BadInputError} if the file cannot be written
 */
export async function writeNifti(path: string, image: NiftiImage): Promise<void> {
  const bytes = encodeNifti(image);
  await writeBytes(path, path.endsWith(".gz") ? gzipSync(bytes) : bytes);
}
