import { assertEquals, assertThrows } from "@std/assert";
import { cpuCount } from "@sauropod/multiprocessing";
import { BadInputError } from "../../examples/support/cli.ts";
import { readSettings } from "../../examples/images/voxels/settings.ts";

Deno.test("readSettings() without options selects the checked run on a phantom", () => {
  const { analysis, input, size, workers, check } = readSettings([]);
  assertEquals([analysis, input, size], ["nlm", undefined, [64, 64, 64]]);
  assertEquals([workers, check], [cpuCount(), true]);
  assertEquals(readSettings(["--quick"]).check, true);
  assertEquals(readSettings(["--size", "9"]).check, false);
  assertEquals(readSettings(["--size", "9", "--serial"]).check, true);
  assertEquals(readSettings(["--size", "9", "--check"]).check, true);
});

Deno.test("readSettings() reads sizes with x first", () => {
  assertEquals(readSettings(["--size", "7"]).size, [7, 7, 7]);
  assertEquals(readSettings(["--size", "7x8x9"]).size, [9, 8, 7]);
});

Deno.test("readSettings() rejects wrong and contradictory options", () => {
  const rejects = (line: string, text: string) => {
    const error = assertThrows(() => readSettings(line.split(" ")), BadInputError, text);
    assertEquals(error.message.split("\n").length, 1);
  };
  for (const workers of ["0", "-2", "1.5", "two", "99999"]) {
    rejects(`--workers=${workers}`, "--workers must be an integer");
  }
  for (const size of ["0", "4x0x4", "4x4", "4x4x4x4", "-3", "1.5", "big", "4x", "x", "NaN"]) {
    rejects(`--size=${size}`, "--size must be N or NxNxN");
  }
  rejects("--size 100000", "more than 2^28 voxels");
  rejects("--analysis fft", '--analysis must be nlm or exp, not "fft"');
  rejects("--noise pink", "--noise must be rician or gaussian");
  rejects("--seed -1", "--seed must be an integer");
  rejects("--seed", "option --seed needs a value");
  rejects("--analysis exp --iterations 0", "--iterations must be");
  rejects("--iterations 5", "--iterations needs --analysis exp");
  rejects("--input a.nii --size 5", "--input or --size, not both");
  rejects("--input a.nii --output ./a.nii", "would overwrite");
  rejects("--output image.mha", "--output must end in .nii or .nii.gz");
  rejects("--png picture.jpg", "--png must end in .png");
  rejects("--worker 2", 'unknown option "--worker"');
  rejects("image.nii", 'unknown argument "image.nii"');
});
