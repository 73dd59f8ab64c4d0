import { assert } from "@std/assert";
import { fuzz, fuzzOnce } from "../../scripts/fuzz.ts";
import { watchdog } from "../../scripts/fuzz/watchdog.ts";
import { test } from "../fixtures/guarded.ts";

test("random and mutated messages give a value or a CorruptMessageError, and change nothing", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`deno task fuzz --seed ${seed}`);
  using watched = await watchdog();
  const { values, refused } = fuzz(seed, 20_000, watched.begin);
  assert(values > 1_000 && refused > 1_000, `${values} values, ${refused} refused`);
});

test("fuzzOnce() reads the same message for the same seed", () => {
  for (let seed = 0; seed < 50; seed++) assert(fuzzOnce(seed) === fuzzOnce(seed));
});
