import { assertEquals, assertThrows } from "@std/assert";
import { BadInputError, readInteger, readOptions } from "../../examples/support/cli.ts";

const NAMES = { values: ["input", "size"], flags: ["quick"] } as const;

Deno.test("readOptions() returns values as text and flags as booleans", () => {
  const options = readOptions("", NAMES, ["--size", "007", "--quick"]);
  assertEquals([options.input, options.size, options.quick], [undefined, "007", true]);
  assertEquals(readOptions("", NAMES, ["--size=5"]).size, "5");
  assertEquals(readOptions("", NAMES, ["--size", "-3"]).size, "-3");
  assertEquals(readOptions("", NAMES, []).quick, false);
});

Deno.test("readOptions() rejects unknown options, arguments and missing values", () => {
  const rejects = (args: string[], text: string) =>
    assertThrows(() => readOptions("", NAMES, args), BadInputError, text);
  rejects(["--fast"], 'unknown option "--fast"');
  rejects(["-x"], 'unknown option "-x"');
  rejects(["--no-quick"], 'unknown option "--no-quick"');
  rejects(["image.nii"], 'unknown argument "image.nii"');
  rejects(["--input"], "option --input needs a value");
  rejects(["--input", "--quick"], "option --input needs a value");
  rejects(["--size="], "option --size needs a value");
});

Deno.test("readInteger() accepts digits within its range", () => {
  assertEquals(readInteger("n", undefined, 7), 7);
  assertEquals(readInteger("n", "12", 7), 12);
  assertEquals(readInteger("n", "0", 7, { min: 0 }), 0);
  for (const text of ["0", "-1", "1.5", "1e3", "two", "0x10", " 5", "Infinity", "9".repeat(20)]) {
    assertThrows(() => readInteger("n", text, 7), BadInputError, "--n must be an integer");
  }
  assertThrows(() => readInteger("n", "9", 7, { max: 8 }), BadInputError, "from 1 to 8");
});
