import { assertEquals, assertThrows } from "@std/assert";
import { BadInputError, readOptions, wholeNumber } from "../../examples/support/cli.ts";

const NAMES = { values: ["input", "size"], flags: ["quick"] } as const;

Deno.test("readOptions() gives values as text and flags as booleans", () => {
  const options = readOptions("", NAMES, ["--size", "007", "--quick"]);
  assertEquals([options.input, options.size, options.quick], [undefined, "007", true]);
  assertEquals(readOptions("", NAMES, ["--size=5"]).size, "5");
  assertEquals(readOptions("", NAMES, ["--size", "-3"]).size, "-3");
  assertEquals(readOptions("", NAMES, []).quick, false);
});

Deno.test("readOptions() refuses what it does not know", () => {
  const refuses = (args: string[], text: string) =>
    assertThrows(() => readOptions("", NAMES, args), BadInputError, text);
  refuses(["--fast"], 'unknown option "--fast"');
  refuses(["-x"], 'unknown option "-x"');
  refuses(["--no-quick"], 'unknown option "--no-quick"');
  refuses(["image.nii"], 'unknown argument "image.nii"');
  refuses(["--input"], "option --input needs a value");
  refuses(["--input", "--quick"], "option --input needs a value");
  refuses(["--size="], "option --size needs a value");
});

Deno.test("wholeNumber() takes digits within its range", () => {
  assertEquals(wholeNumber("n", undefined, 7), 7);
  assertEquals(wholeNumber("n", "12", 7), 12);
  assertEquals(wholeNumber("n", "0", 7, { least: 0 }), 0);
  for (const text of ["0", "-1", "1.5", "1e3", "two", "0x10", " 5", "Infinity", "9".repeat(20)]) {
    assertThrows(() => wholeNumber("n", text, 7), BadInputError, "--n must be a whole number");
  }
  assertThrows(() => wholeNumber("n", "9", 7, { most: 8 }), BadInputError, "from 1 to 8");
});
