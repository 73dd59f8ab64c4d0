import { assert, assertEquals, assertThrows } from "@std/assert";
import { arrayEqual, random, randomSync } from "@sauropod/multiprocessing/ndarray";
import { Random } from "@sauropod/multiprocessing/random";
import { loopTest } from "../loops/loops.ts";
import { test } from "../fixtures/guarded.ts";

/** Number of elements that one generator fills. */
const PART = 65_536;

test("randomSync() fills each part by a generator a jump further on", () => {
  const array = randomSync([3, PART - 1], { seed: 5 });
  assertEquals(array.shape, [3, PART - 1]);
  let stream = new Random(5);
  for (let from = 0; from < array.size; from += PART) {
    const expected = new Float64Array(Math.min(PART, array.size - from));
    stream.clone().fill(expected);
    const at = expected.findIndex((value, at) => value !== array.data[from + at]);
    assertEquals(at, -1, `from ${from}`);
    stream = stream.jumped();
  }
});

loopTest("random() fills the same numbers in, blocking or not, for any numThreads", async () => {
  for (const dtype of ["float16", "float32", "float64"] as const) {
    const expected = randomSync([2, 70_001], { seed: 9, dtype });
    assertEquals(expected.dtype, dtype);
    for (const numThreads of [1, 3]) {
      assert(arrayEqual(await random([2, 70_001], { seed: 9, dtype, numThreads }), expected));
      assert(arrayEqual(randomSync([2, 70_001], { seed: 9, dtype, numThreads }), expected));
    }
  }
});

test("randomSync() draws its seed from a generator", () => {
  const [one, two] = [new Random(4), new Random(4)];
  const first = randomSync([5], { generator: one });
  assert(arrayEqual(first, randomSync([5], { generator: two })));
  assert(!arrayEqual(first, randomSync([5], { generator: one })));
  assert(!arrayEqual(randomSync([5]), randomSync([5])));
  const expected = new Float64Array(5);
  new Random(4).spawn(1)[0].fill(expected);
  assertEquals(first.data, expected);
});

test("randomSync() throws errors that name the invalid argument", () => {
  const make = (options: object, shape: unknown = [1]) => () =>
    randomSync(shape as number[], options);
  assertThrows(make({ seed: 1, generator: new Random(1) }), TypeError, "only one of seed and");
  assertThrows(make({ generator: {} }), TypeError, "generator must be a Random");
  assertThrows(make({ dtype: "int8" }), TypeError, 'a floating-point type, not "int8"');
  assertThrows(make({ dtype: "x" }), TypeError, 'not "x"');
  assertThrows(make({ dtype: 5 }), TypeError, "dtype must be");
  assertThrows(make({ sed: 1 }), TypeError, "there is no option sed");
  assertThrows(make({}, [-1]), RangeError, "at least 0, not -1");
  assertThrows(make({}, 3), TypeError, "Write random([3])");
  assertThrows(make({ numThreads: 0 }), RangeError, "numThreads");
  assertEquals(randomSync([0], { seed: 1 }).size, 0);
  assertEquals(randomSync([], { seed: 1 }).size, 1);
});
