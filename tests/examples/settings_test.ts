import { assertEquals, assertThrows } from "@std/assert";
import { cpuCount } from "@sauropod/multiprocessing";
import { BadInputError } from "../../examples/support/cli.ts";
import { readSettings } from "../../examples/images/voxels/settings.ts";

Deno.test("readSettings() without options asks for the checked run on a phantom", () => {
  const { analysis, input, size, workers, check } = readSettings([]);
  assertEquals([analysis, input, size], ["nlm", undefined, [64, 64, 64]]);
  assertEquals([workers, check], [cpuCount(), true]);
  assertEquals(readSettings(["--quick"]).check, true);
  assertEquals(readSettings(["--size", "9"]).check, false);
  assertEquals(readSettings(["--size", "9", "--serial"]).check, true);
  assertEquals(readSettings(["--size", "9", "--check"]).check, true);
});

Deno.test("readSettings() takes sizes with x first", () => {
  assertEquals(readSettings(["--size", "7"]).size, [7, 7, 7]);
  assertEquals(readSettings(["--size", "7x8x9"]).size, [9, 8, 7]);
});

Deno.test("readSettings() refuses what makes no sense", () => {
  const refuses = (line: string, text: string) => {
    const error = assertThrows(() => readSettings(line.split(" ")), BadInputError, text);
    assertEquals(error.message.split("\n").length, 1);
  };
  for (const workers of ["0", "-2", "1.5", "two", "99999"]) {
    refuses(`--workers=${workers}`, "--workers must be a whole number");
  }
  for (const size of ["0", "4x0x4", "4x4", "4x4x4x4", "-3", "1.5", "big", "4x", "x", "NaN"]) {
    refuses(`--size=${size}`, "--size must be N or NxNxN");
  }
  refuses("--size 100000", "more than 2^28 voxels");
  refuses("--analysis fft", '--analysis must be nlm or exp, not "fft"');
  refuses("--noise pink", "--noise must be rician or gaussian");
  refuses("--seed -1", "--seed must be a whole number");
  refuses("--seed", "option --seed needs a value");
  refuses("--analysis exp --iterations 0", "--iterations must be");
  refuses("--iterations 5", "--iterations needs --analysis exp");
  refuses("--input a.nii --size 5", "--input or --size, not both");
  refuses("--input a.nii --output ./a.nii", "would overwrite");
  refuses("--output image.mha", "--output must end in .nii or .nii.gz");
  refuses("--png picture.jpg", "--png must end in .png");
  refuses("--worker 2", 'unknown option "--worker"');
  refuses("image.nii", 'unknown argument "image.nii"');
});
