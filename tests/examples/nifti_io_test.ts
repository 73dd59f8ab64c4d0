import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { BadInputError } from "../../examples/support/cli.ts";
import {
  centeredGeometry,
  describeLosses,
  encodeNifti,
  type NiftiImage,
  readNifti,
  writeNifti,
} from "../../examples/images/voxels/nifti_io.ts";
import { temporaryDirectory } from "./run_example.ts";

/** The properties in which the files of these tests differ. */
interface FileFields {
  littleEndian?: boolean;
  version?: 1 | 2;
  dims?: number[];
  datatype?: number;
  bytesPerVoxel?: number;
  write?: (view: DataView, at: number, voxel: number, littleEndian: boolean) => void;
  slope?: number;
  intercept?: number;
  voxOffset?: number;
  pixdim?: number[];
  magic?: string;
}

/** Makes a file byte by byte, independently of the code under test. */
function makeFile(fields: FileFields = {}): Uint8Array<ArrayBuffer> {
  const {
    littleEndian = true,
    version = 1,
    dims = [3, 4, 3, 2],
    datatype = 4,
    bytesPerVoxel = 2,
    write = (view, at, voxel, little) => view.setInt16(at, voxel, little),
    slope = 1,
    intercept = 0,
    pixdim = [1, 2, 3, 4],
    magic,
  } = fields;
  const voxels = dims.slice(1, dims[0] + 1).reduce((product, n) => product * n, 1);
  const headerEnd = version === 1 ? 352 : 544;
  const voxOffset = fields.voxOffset ?? headerEnd;
  const bytes = new Uint8Array(headerEnd + Math.max(0, voxels) * bytesPerVoxel);
  const view = new DataView(bytes.buffer);
  if (version === 1) {
    view.setInt32(0, 348, littleEndian);
    dims.forEach((n, i) => view.setInt16(40 + 2 * i, n, littleEndian));
    view.setInt16(70, datatype, littleEndian);
    view.setInt16(72, 8 * bytesPerVoxel, littleEndian);
    pixdim.forEach((n, i) => view.setFloat32(76 + 4 * i, n, littleEndian));
    view.setFloat32(108, voxOffset, littleEndian);
    view.setFloat32(112, slope, littleEndian);
    view.setFloat32(116, intercept, littleEndian);
    bytes.set(new TextEncoder().encode(magic ?? "n+1\0"), 344);
  } else {
    view.setInt32(0, 540, littleEndian);
    bytes.set(new TextEncoder().encode(magic ?? "n+2\0\r\n\x1a\n"), 4);
    view.setInt16(12, datatype, littleEndian);
    view.setInt16(14, 8 * bytesPerVoxel, littleEndian);
    dims.forEach((n, i) => view.setBigInt64(16 + 8 * i, BigInt(n), littleEndian));
    pixdim.forEach((n, i) => view.setFloat64(104 + 8 * i, n, littleEndian));
    view.setBigInt64(168, BigInt(voxOffset), littleEndian);
    view.setFloat64(176, slope, littleEndian);
    view.setFloat64(184, intercept, littleEndian);
  }
  for (let i = 0; i < voxels; i++) write(view, headerEnd + i * bytesPerVoxel, i, littleEndian);
  return bytes;
}

/** Reads the bytes as a NIfTI file. */
async function read(bytes: Uint8Array, name = "image.nii"): Promise<NiftiImage> {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/${name}`;
  await Deno.writeFile(path, bytes);
  return await readNifti(path);
}

/** Asserts that `readNifti` rejects a file with a message of one line that contains `text`. */
async function assertRefused(bytes: Uint8Array, text: string, name?: string): Promise<void> {
  const error = await assertRejects(() => read(bytes, name), BadInputError, text);
  assertEquals(error.message.split("\n").length, 1);
}

const COUNT = Float32Array.from({ length: 24 }, (_, i) => i);

for (const littleEndian of [true, false]) {
  const order = littleEndian ? "little" : "big";
  for (const version of [1, 2] as const) {
    Deno.test(`readNifti() reads version ${version}, ${order}-endian`, async () => {
      const { shape, data, geometry } = await read(makeFile({ littleEndian, version }));
      assertEquals(shape, [2, 3, 4]);
      assertEquals(geometry.spacing, [4, 3, 2]);
      assertEquals(data, COUNT);
    });
  }

  Deno.test(`readNifti() reads every type of real numbers, ${order}-endian`, async () => {
    const types: [number, number, string, number][] = [
      [2, 1, "setUint8", 200],
      [4, 2, "setInt16", -300],
      [8, 4, "setInt32", -70_000],
      [16, 4, "setFloat32", 0.5],
      [64, 8, "setFloat64", -1e9],
      [256, 1, "setInt8", -100],
      [512, 2, "setUint16", 60_000],
      [768, 4, "setUint32", 3_000_000_000],
      [1024, 8, "setBigInt64", -(2 ** 40)],
      [1280, 8, "setBigUint64", 2 ** 40],
    ];
    for (const [datatype, bytesPerVoxel, method, value] of types) {
      const write = (view: DataView, at: number) => {
        const number = method.includes("Big") ? BigInt(value) : value;
        // deno-lint-ignore no-explicit-any
        (view as any)[method](at, number, littleEndian);
      };
      const { data } = await read(makeFile({ littleEndian, datatype, bytesPerVoxel, write }));
      assertEquals(data, new Float32Array(24).fill(value), method);
    }
  });
}

Deno.test("readNifti() applies slope and intercept, unless the slope is 0", async () => {
  const scaled = await read(makeFile({ slope: 0.5, intercept: -3 }));
  assertEquals(scaled.data, COUNT.map((value) => 0.5 * value - 3));
  for (const slope of [0, NaN]) {
    assertEquals((await read(makeFile({ slope, intercept: -3 }))).data, COUNT);
  }
});

Deno.test("readNifti() reads compressed files of any name", async () => {
  assertEquals((await read(gzipSync(makeFile()), "image.nii.gz")).data, COUNT);
  assertEquals((await read(gzipSync(makeFile()), "image.nii")).data, COUNT);
  assertEquals((await read(makeFile(), "image.nii.gz")).data, COUNT);
});

Deno.test("readNifti() reads more than 3 dimensions if there is one volume", async () => {
  for (const dims of [[4, 4, 3, 2, 1], [7, 4, 3, 2, 1, 1, 1, 1]]) {
    assertEquals((await read(makeFile({ dims }))).shape, [2, 3, 4]);
  }
  assertEquals((await read(makeFile({ dims: [3, 4, 6, 1] }))).shape, [1, 6, 4]);
});

Deno.test("readNifti() ignores extensions, including damaged ones", async () => {
  const plain = makeFile();
  for (const size of [32, -16, 7, 2 ** 30]) {
    const bytes = new Uint8Array(plain.length + 32);
    bytes.set(plain.subarray(0, 352));
    bytes.set(plain.subarray(352), 384);
    const view = new DataView(bytes.buffer);
    view.setFloat32(108, 384, true);
    bytes[348] = 1;
    view.setInt32(352, size, true);
    assertEquals((await read(bytes)).data, COUNT);
  }
});

Deno.test("readNifti() accepts a voxel size that is negative or missing", async () => {
  const { geometry } = await read(makeFile({ pixdim: [-1, -2, 0, NaN] }));
  assertEquals(geometry.spacing, [1, 1, 2]);
  assertEquals(geometry.qfac, -1);
});

Deno.test("readNifti() rejects a missing file and a directory", async () => {
  await using directory = await temporaryDirectory();
  await assertRejects(
    () => readNifti(`${directory.path}/missing.nii`),
    BadInputError,
    'missing.nii": no such file or directory',
  );
  await assertRejects(() => readNifti(directory.path), BadInputError, "it is a directory");
});

Deno.test({
  name: "readNifti() rejects a file without read permission",
  permissions: { read: false },
  async fn() {
    await assertRejects(() => readNifti("/image.nii"), BadInputError, "--allow-read");
  },
});

Deno.test("readNifti() rejects a file that is not NIfTI", async () => {
  const noise = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
  for (const bytes of [new Uint8Array(0), new Uint8Array(1), noise.slice(0, 3), noise]) {
    await assertRefused(bytes, "it is not a NIfTI file");
    await assertRefused(gzipSync(bytes), "it is not a NIfTI file");
  }
  await assertRefused(makeFile({ magic: "xyz\0" }), "it is not a NIfTI file");
});

Deno.test("readNifti() rejects the header of a pair", async () => {
  await assertRefused(makeFile({ magic: "ni1\0" }), "header of a pair");
  await assertRefused(makeFile({ version: 2, magic: "ni2\0\r\n\x1a\n" }), "header of a pair");
});

Deno.test("readNifti() rejects a truncated file", async () => {
  const bytes = makeFile();
  await assertRefused(bytes.slice(0, -1), "truncated: 399 bytes of 400");
  await assertRefused(bytes.slice(0, 352), "truncated");
  await assertRefused(bytes.slice(0, 347), "truncated: 347 bytes of a header of 348");
  await assertRefused(bytes.slice(0, 100), "truncated: 100 bytes of a header of 348");
  await assertRefused(makeFile({ version: 2 }).slice(0, 400), "truncated: 400 bytes of a header");
  await assertRefused(gzipSync(bytes).subarray(0, 60), "compressed data are truncated");
  await assertRefused(gzipSync(bytes.slice(0, 390)), "truncated: 390 bytes of 400");
});

Deno.test("readNifti() rejects damaged compressed data", async () => {
  const bytes = gzipSync(makeFile());
  bytes.fill(0xff, 12, 40);
  await assertRefused(bytes, "compressed data are damaged");
});

Deno.test("readNifti() rejects types that are not real numbers", async () => {
  const types: [number, number, string][] = [
    [128, 3, "RGB24"],
    [2304, 4, "RGBA32"],
    [32, 8, "complex64"],
    [1792, 16, "complex128"],
    [2048, 32, "complex256"],
    [1536, 16, "float128"],
    [1, 1, "1-bit"],
    [0, 1, "unknown"],
    [77, 1, "code 77"],
  ];
  for (const [datatype, bytesPerVoxel, name] of types) {
    const write = () => {};
    await assertRefused(makeFile({ datatype, bytesPerVoxel, write }), `unsupported type ${name}`);
  }
});

Deno.test("readNifti() reads an image of two dimensions as one slice, and a row", async () => {
  assertEquals((await read(makeFile({ dims: [2, 4, 3, 0] }))).shape, [1, 3, 4]);
  assertEquals((await read(makeFile({ dims: [1, 4, 0, 0] }))).shape, [1, 1, 4]);
});

Deno.test("readNifti() reads voxels behind the header if the file says that they begin at 0", async () => {
  for (const version of [1, 2] as const) {
    const { data } = await read(makeFile({ version, voxOffset: 0 }));
    assertEquals([...data], Array.from({ length: 24 }, (_, i) => i));
  }
});

Deno.test("readNifti() counts voxels that 32-bit floating-point numbers cannot represent", async () => {
  const labels = await read(makeFile({
    datatype: 8,
    bytesPerVoxel: 4,
    write: (view, at, voxel, little) => view.setInt32(at, 2 ** 24 + voxel, little),
  }));
  assertEquals(labels.losses, { rounded: 12, overflown: 0 });
  const values = [1e300, -1e300, NaN, Infinity, 0.5, 0.1];
  const huge = await read(makeFile({
    datatype: 64,
    bytesPerVoxel: 8,
    write: (view, at, voxel, little) => view.setFloat64(at, values[voxel] ?? 0, little),
  }));
  assertEquals(huge.losses, { rounded: 1, overflown: 2 });
  assertEquals(describeLosses(huge.losses!), [
    "1 voxel is rounded to 32-bit floating-point numbers",
    "2 voxels are too large for them, and infinite now",
  ]);
  assertEquals((await read(makeFile())).losses, undefined);
});

Deno.test("readNifti() rejects images of several volumes", async () => {
  await assertRefused(makeFile({ dims: [4, 4, 3, 2, 5] }), "5 volumes (4x3x2x5)");
  await assertRefused(makeFile({ dims: [5, 4, 3, 2, 1, 3] }), "3 volumes");
});

Deno.test("readNifti() rejects impossible headers", async () => {
  await assertRefused(makeFile({ dims: [3, 4, 0, 2] }), "its size is 4x0x2, nothing to analyse");
  await assertRefused(makeFile({ dims: [3, -4, 3, 2] }), "its size is -4x3x2");
  await assertRefused(makeFile({ dims: [0, 4, 3, 2] }), "damaged: 0 dimensions");
  await assertRefused(makeFile({ dims: [9, 4, 3, 2] }), "damaged: 9 dimensions");
  for (const voxOffset of [1, -352, 352.5, NaN]) {
    await assertRefused(makeFile({ voxOffset }), "damaged: data begin at");
  }
  for (const voxOffset of [1e30, Infinity, 401]) {
    const error = await assertRejects(() => read(makeFile({ voxOffset })), BadInputError);
    assert(/truncated|damaged/.test(error.message));
  }
});

const IMAGE: NiftiImage = {
  shape: [2, 3, 4],
  data: Float32Array.from({ length: 24 }, (_, i) => i / 7 - 1),
  geometry: {
    spacing: [1.5, 2, 0.5],
    xyztUnits: 2,
    qformCode: 1,
    qfac: -1,
    quaternion: [0.5, 0, -0.25],
    qoffset: [-10, 20, 30.5],
    sformCode: 2,
    srow: [0.5, 0, 0, -1, 0, 2, 0.25, -2, 0, -0.25, 1.5, -3],
    description: "an image",
  },
};

for (const name of ["image.nii", "image.nii.gz"]) {
  Deno.test(`writeNifti() writes ${name}, and readNifti() reads it again`, async () => {
    await using directory = await temporaryDirectory();
    const path = `${directory.path}/${name}`;
    await writeNifti(path, IMAGE);
    const bytes = await Deno.readFile(path);
    assertEquals(bytes[0] === 0x1f && bytes[1] === 0x8b, name.endsWith(".gz"));
    assertEquals(await readNifti(path), IMAGE);
  });
}

Deno.test("writeNifti() replaces a longer file", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/image.nii`;
  await Deno.writeFile(path, new Uint8Array(10_000));
  await writeNifti(path, IMAGE);
  assertEquals((await Deno.stat(path)).size, 352 + 4 * 24);
});

Deno.test("encodeNifti() writes the fields of the standard at their offsets", () => {
  const view = new DataView(encodeNifti(IMAGE).buffer);
  assertEquals(view.getInt32(0, true), 348);
  assertEquals([0, 1, 2, 3].map((i) => view.getInt16(40 + 2 * i, true)), [3, 4, 3, 2]);
  assertEquals([view.getInt16(70, true), view.getInt16(72, true)], [16, 32]);
  assertEquals([0, 1, 2, 3].map((i) => view.getFloat32(76 + 4 * i, true)), [-1, 0.5, 2, 1.5]);
  assertEquals(view.getFloat32(108, true), 352);
  assertEquals(new TextDecoder().decode(new Uint8Array(view.buffer, 344, 4)), "n+1\0");
  assertAlmostEquals(view.getFloat32(352 + 4 * 8, true), 8 / 7 - 1, 1e-6);
});

Deno.test("encodeNifti() shortens a long description", () => {
  const geometry = { ...centeredGeometry(IMAGE.shape), description: "é".repeat(100) };
  const bytes = encodeNifti({ ...IMAGE, geometry });
  assertEquals(bytes[148 + 79], 0);
  assertEquals(bytes[228], 0);
});

Deno.test("encodeNifti() keeps the geometry of a big-endian file of version 2", async () => {
  const original = await read(makeFile({ version: 2, littleEndian: false }));
  const copy = await read(encodeNifti(original));
  assertEquals(copy, original);
});

Deno.test("centeredGeometry() puts the middle of the image at the origin", () => {
  const { srow } = centeredGeometry([11, 21, 31]);
  const place = [0, 1, 2].map((i) =>
    srow[4 * i] * 15 + srow[4 * i + 1] * 10 + srow[4 * i + 2] * 5 + srow[4 * i + 3]
  );
  assertEquals(place, [0, 0, 0]);
});

Deno.test("writeNifti() writes files that gzip accepts", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/image.nii.gz`;
  await writeNifti(path, IMAGE);
  assertEquals(new Uint8Array(gunzipSync(await Deno.readFile(path))), encodeNifti(IMAGE));
});
