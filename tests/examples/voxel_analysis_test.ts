import { assert, assertEquals, assertMatch } from "@std/assert";
import { decode } from "fast-png";
import { centeredGeometry, readNifti, writeNifti } from "../../examples/images/voxels/nifti_io.ts";
import { denoiseSlice, estimateSigma } from "../../examples/images/voxels/nlm.ts";
import { addNoise, sheppLogan } from "../../examples/images/voxels/phantom.ts";
import { seededRandom } from "../../examples/images/voxels/random.ts";
import { explainLowSpeedUp } from "../../examples/support/times.ts";
import { volumeOf } from "../../examples/images/voxels/volume.ts";
import { type Outcome, runExample, temporaryDirectory } from "./run_example.ts";

type Shape = [number, number, number];

const analyse = (...args: string[]) => runExample("voxel_analysis", ...args);

/** Returns the rest of the line that begins with `key: `. */
function valueOf({ lines }: Outcome, key: string): string | undefined {
  return lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
}

Deno.test("voxel_analysis --quick denoises the phantom in parallel with the serial result", async () => {
  const outcome = await analyse("--quick");
  assertEquals(outcome.code, 0);
  assertEquals(valueOf(outcome, "size"), "20 x 20 x 20");
  assertEquals(valueOf(outcome, "identical"), "yes");
  assertMatch(valueOf(outcome, "one core")!, /^\d+\.\d\d s$/);
  assert(outcome.lines.some((line) => /^\d+ workers?: \d+\.\d\d s$/.test(line)));
  const speedUp = Number(valueOf(outcome, "speed-up"));
  assert(speedUp > 0);
  const explained = outcome.lines.some((line) => line.startsWith("Little is gained"));
  // Not checked where rounding decides, nor on a machine with one core.
  if (Math.abs(speedUp - 1.2) > 0.01 && navigator.hardwareConcurrency > 1) {
    assertEquals(explained, speedUp < 1.2);
  }
  assert(Number(valueOf(outcome, "RMSE after")) < 0.7 * Number(valueOf(outcome, "RMSE before")));
  // Progress is printed in lines, since stderr is not a terminal.
  assertMatch(
    outcome.errors.at(-1)!,
    /^\d+ workers?: 100 % 20 of 20 slices, .+, in 0:\d\d$/,
  );
});

Deno.test("explainLowSpeedUp() explains why several workers gained little", () => {
  assertMatch(explainLowSpeedUp(0.97, 2)!, /other programs use the cores/);
  assertEquals(explainLowSpeedUp(1.2, 2), undefined);
  assertEquals(explainLowSpeedUp(0.97, 1), undefined);
});

Deno.test("voxel_analysis reads, denoises and writes a NIfTI file, and draws it", async () => {
  await using directory = await temporaryDirectory();
  const [input, output, png] = ["in.nii.gz", "out.nii", "out.png"]
    .map((name) => `${directory.path}/${name}`);
  const shape: Shape = [6, 10, 14];
  const geometry = { ...centeredGeometry(shape), spacing: [3, 1, 1] as [number, number, number] };
  const data = addNoise(sheppLogan(shape, 2), 0.05, seededRandom(9));
  await writeNifti(input, { shape, data, geometry });

  const options = ["--quick", "--workers", "3", "--check"];
  const outcome = await analyse("--input", input, "--output", output, "--png", png, ...options);
  assertEquals(outcome.code, 0);
  assertEquals(valueOf(outcome, "image"), input);
  assertEquals(valueOf(outcome, "size"), "14 x 10 x 6");
  assertEquals(valueOf(outcome, "identical"), "yes");

  const expected = volumeOf(new Float32Array(data.length), shape);
  const sigma = estimateSigma(volumeOf(data, shape));
  for (let z = 0; z < shape[0]; z++) {
    denoiseSlice(volumeOf(data, shape), expected, z, { sigma, searchRadius: 2 });
  }
  assertEquals(await readNifti(output), { shape, data: expected.data, geometry });

  // 14 across, 10 and 3 * 6 up: the longest is 18, and becomes 224 pixels.
  const { width, height } = decode(await Deno.readFile(png));
  assertEquals([width, height], [4 * 4 + 174 + 174 + 124, 3 * 4 + 2 * 224]);
});

Deno.test("voxel_analysis --analysis exp computes the exponential of each voxel", async () => {
  await using directory = await temporaryDirectory();
  const output = `${directory.path}/out.nii.gz`;
  const outcome = await analyse(
    ...["--analysis", "exp", "--size", "5x4x3", "--iterations", "10", "--noise", "gaussian"],
    ...["--seed", "77", "--workers", "8", "--check", "--output", output],
  );
  assertEquals(outcome.code, 0);
  assertEquals(valueOf(outcome, "identical"), "yes");
  assert(valueOf(outcome, "3 workers") !== undefined, "no more workers than slices");
  const image = addNoise(sheppLogan([3, 4, 5], 2), 0.05, seededRandom(77), "gaussian");
  assertEquals((await readNifti(output)).data, image.map(Math.exp));
});

Deno.test("voxel_analysis runs on images of one voxel and of one slice", async () => {
  for (const size of ["1", "9x8x1"]) {
    const outcome = await analyse("--quick", "--size", size, "--check", "--workers", "2");
    assertEquals(outcome.code, 0);
    assertEquals(valueOf(outcome, "identical"), "yes");
  }
});

Deno.test("voxel_analysis --check compares the values of voxels that are not finite", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/image.nii`;
  const shape: Shape = [4, 5, 6];
  const data = addNoise(sheppLogan(shape, 2), 0.05, seededRandom(3));
  data[10] = NaN;
  data[70] = Infinity;
  await writeNifti(path, { shape, data, geometry: centeredGeometry(shape) });
  const bytes = await Deno.readFile(path);
  new DataView(bytes.buffer).setUint32(352 + 4 * 10, 0x7fc12345, true); // another NaN
  await Deno.writeFile(path, bytes);
  for (const analysis of ["nlm", "exp"]) {
    const outcome = await analyse("--input", path, "--analysis", analysis, "--check");
    assertEquals([outcome.code, valueOf(outcome, "identical")], [0, "yes"]);
  }
});

Deno.test("voxel_analysis --help lists the options", async () => {
  const outcome = await analyse("--help", "--workers", "0");
  assertEquals(outcome.code, 0);
  assertEquals(outcome.errors, []);
  for (const option of ["--input", "--size", "--analysis", "--workers", "--output", "--check"]) {
    assert(outcome.lines.some((line) => line.trim().startsWith(option)), option);
  }
});

Deno.test("voxel_analysis answers bad input with one line and exit code 2", async () => {
  await using directory = await temporaryDirectory();
  const file = (name: string) => `${directory.path}/${name}`;
  await Deno.writeTextFile(file("text.nii"), "no image\n".repeat(100));
  const shape: Shape = [4, 4, 4];
  const image = { shape, data: new Float32Array(64), geometry: centeredGeometry(shape) };
  await writeNifti(file("good.nii"), image);
  const good = await Deno.readFile(file("good.nii"));
  await Deno.writeFile(file("short.nii"), good.subarray(0, -1));
  const rgb = good.slice();
  rgb[70] = 128;
  await Deno.writeFile(file("rgb.nii"), rgb);
  const several = good.slice();
  several[40] = 4;
  several[48] = 2;
  await Deno.writeFile(file("several.nii"), several);

  const cases: [string[], string][] = [
    [["--input", file("missing.nii")], "no such file"],
    [["--input", directory.path], "it is a directory"],
    [["--input", file("text.nii")], "not a NIfTI file"],
    [["--input", file("short.nii")], "truncated"],
    [["--input", file("rgb.nii")], "unsupported type RGB24"],
    [["--input", file("several.nii")], "2 volumes"],
    [["--workers", "0"], "--workers must be an integer"],
    [["--workers", "1.5"], "--workers must be an integer"],
    [["--size", "0"], "--size must be"],
    [["--fast"], "unknown option"],
    [["--output", file("missing/out.nii")], "cannot write"],
    [["--png", file("missing/out.png")], "cannot write"],
    [["--output", file("text.nii/out.nii")], "cannot write"],
  ];
  for (const [args, text] of cases) {
    const { code, lines, errors } = await analyse(...args);
    assertEquals([code, lines, errors.length], [2, [], 1], args.join(" "));
    assert(errors[0].startsWith("voxel_analysis: ") && errors[0].includes(text), errors[0]);
  }
});
