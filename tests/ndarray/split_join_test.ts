import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  allClose,
  arange,
  arrayEqual,
  arraySplit,
  concatenate,
  copy,
  type DataType,
  fromArray,
  type NdArray,
  split,
  stack,
  tolist,
  zeros,
} from "@sauropod/multiprocessing/ndarray";

// The expected values are those of NumPy.

Deno.test("arraySplit() makes the first parts longer, or the last ones empty", () => {
  const lengths: [number, number, number[]][] = [
    [10, 3, [4, 3, 3]],
    [8, 3, [3, 3, 2]],
    [2, 4, [1, 1, 0, 0]],
    [0, 2, [0, 0]],
    [9, 1, [9]],
  ];
  for (const [length, sections, expected] of lengths) {
    assertEquals(arraySplit(arange(length), sections).map((part) => part.size), expected);
  }
});

Deno.test("split() clamps indices as slices do", () => {
  const numbers = arange(7);
  assertEquals(
    split(numbers, [2, -2, 5, 20]).map(tolist),
    [[0, 1], [2, 3, 4], [], [5, 6], []],
  );
  assertEquals(split(numbers, [5, 3]).map(tolist), [[0, 1, 2, 3, 4], [], [3, 4, 5, 6]]);
  assertEquals(split(numbers, [0, 6]).map(tolist), [[], [0, 1, 2, 3, 4, 5], [6]]);
  assertEquals(split(numbers, []).map(tolist), [[0, 1, 2, 3, 4, 5, 6]]);
});

Deno.test("split() returns views, also of views with negative strides", () => {
  const array = fromArray(Int8Array.from({ length: 12 }, (_, at) => at), [3, 4]);
  const backwards = array.step(-1, -1);
  const [left, right] = split(backwards, 2, -1);
  assertEquals(tolist(left), [[11, 10], [7, 6], [3, 2]]);
  assertEquals(tolist(right), [[9, 8], [5, 4], [1, 0]]);
  right.set(2, 1, 100);
  assertEquals(array.get(0, 0), 100);
});

Deno.test("split() throws if an argument is invalid", () => {
  assertThrows(() => split(arange(7), 2), RangeError, "axis 0, 7, cannot be divided by 2");
  assertThrows(
    () => split(arange(7), 2, 1),
    RangeError,
    "axis 1 is out of range for an array of 1 axis",
  );
  assertThrows(() => split(zeros([2, 2]), 2, -3), RangeError, "axis -3 is out of range");
  assertThrows(() => split(zeros([]), 1), RangeError, "an array of 0 axes");
  for (const sections of [0, -1, 1.5, 2 ** 31]) {
    assertThrows(
      () => arraySplit(arange(3), sections),
      RangeError,
      `from 1 to 65536, not ${sections}`,
    );
    assertThrows(() => split(arange(3), sections), RangeError, `from 1 to 65536, not ${sections}`);
  }
  assertThrows(
    () => split(arange(3), "2" as never),
    TypeError,
    "sections must be a number of parts",
  );
  assertThrows(() => arraySplit(arange(3), null as never), TypeError, "sections must be a number");
  assertThrows(() => split([1, 2] as never, 2), TypeError, "array must be an ndarray");
  assertEquals(arraySplit(zeros([70_000]), 70_000).length, 70_000); // as many parts as elements
  assertThrows(
    () => split(arange(3), [0.5]),
    RangeError,
    "sections[0] must be an integer, not 0.5",
  );
});

Deno.test("concatenate() reverses arraySplit() along any axis of any view", () => {
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(shape, fc.nat(3), fc.integer({ min: 1, max: 6 }), (shape, axis, sections) => {
      const at = axis % shape.length;
      const size = shape.reduce((a, b) => a * b, 1);
      const whole = fromArray(Float32Array.from({ length: size }, (_, at) => at), shape);
      const steps = shape.map((_, axis) => axis % 2 === 0 ? -1 : 1);
      const axes = shape.map((_, axis) => shape.length - 1 - axis);
      for (const view of [whole, whole.step(...steps).transpose(...axes)]) {
        const joined = concatenate(arraySplit(view, sections, at), at - shape.length);
        assert(arrayEqual(joined, view));
        assertEquals(tolist(joined), tolist(view));
      }
    }),
  );
});

Deno.test("stack() adds an axis at any position", () => {
  const [a, b] = [fromArray([1, 2, 3]), fromArray([4, 5, 6])];
  assertEquals(tolist(stack([a, b])), [[1, 2, 3], [4, 5, 6]]);
  assertEquals(tolist(stack([a, b], -1)), [[1, 4], [2, 5], [3, 6]]);
  assertEquals(tolist(stack([fromArray([1], []), fromArray([2], [])])), [1, 2]);
  assertEquals(stack([zeros([2, 3]), zeros([2, 3])], 1).shape, [2, 2, 3]);
});

Deno.test("concatenate() converts arrays to NumPy's result_type", () => {
  const names: DataType[] = [
    ...["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const,
    ...["float16", "float32", "float64"] as const,
  ];
  const short = { i: "int", u: "uint", f: "float" };
  const expected = [ // "d" is NumPy's int64, which numbers are not
    "i8 i16 i16 i32 i32 d f16 f32 f64",
    "i16 u8 i16 u16 i32 u32 f16 f32 f64",
    "i16 i16 i16 i32 i32 d f32 f32 f64",
    "i32 u16 i32 u16 i32 u32 f32 f32 f64",
    "i32 i32 i32 i32 i32 d f64 f64 f64",
    "d u32 d u32 d u32 f64 f64 f64",
    "f16 f16 f32 f32 f64 f64 f16 f32 f64",
    "f32 f32 f32 f32 f64 f64 f32 f32 f64",
    "f64 f64 f64 f64 f64 f64 f64 f64 f64",
  ].map((row) =>
    row.split(" ").map((it) => it === "d" ? "float64" : short[it[0] as "i"] + it.slice(1))
  );
  for (const [row, a] of names.entries()) {
    for (const [column, b] of names.entries()) {
      const joined = concatenate<NdArray["data"]>([zeros([1], a), zeros([1], b)]);
      assertEquals(joined.dtype, expected[row][column], `${a}, ${b}`);
    }
  }
  const bytes = concatenate<NdArray["data"]>([zeros([1], "uint8_clamped"), zeros([1], "uint8")]);
  assertEquals(bytes.dtype, "uint8");
  assertEquals(concatenate([zeros([1], "bigint64"), zeros([1], "bigint64")]).dtype, "bigint64");
});

Deno.test("concatenate() and stack() throw if shapes, types or axes do not match", () => {
  const [a, b] = [zeros([2, 3]), zeros([2, 4])];
  assertThrows(() => concatenate([a, b]), RangeError, "[2,3] of arrays[0] and [2,4] of arrays[1]");
  assertEquals(concatenate([a, b], 1).shape, [2, 7]);
  assertThrows(() => concatenate([a, zeros([3])]), RangeError, "do not match");
  assertThrows(() => concatenate([a], 2), RangeError, "axis 2 is out of range for an array of 2");
  assertThrows(() => concatenate([]), RangeError, "at least one");
  assertThrows(() => concatenate(a as never), TypeError, "Write concatenate([a, b])");
  assertThrows(() => stack(a as never), TypeError, "Write stack([a, b])");
  const other = assertThrows(() => stack(5 as never), TypeError, "arrays must be an array of");
  assert(!other.message.includes("Write"));
  assertThrows(() => stack([a, [1] as never]), TypeError, "arrays[1] must be an ndarray");
  assertThrows(() => concatenate([zeros([])]), RangeError, "axis 0 is out of range");
  assertThrows(() => stack([a, b]), RangeError, "[2,3] of arrays[0] and [2,4] of arrays[1] differ");
  assertThrows(() => stack([a], 3), RangeError, "axis 3 is out of range");
  assertThrows(
    () => concatenate([zeros([1]), zeros([1], "bigint64")] as never),
    TypeError,
    "no type holds both float64 and bigint64",
  );
});

Deno.test("arrayEqual() and allClose() compare as in NumPy", () => {
  const array = fromArray([1, 2, 3, 4], [2, 2]);
  assert(arrayEqual(array, copy(array)));
  assert(arrayEqual(array.transpose(1, 0), fromArray([1, 3, 2, 4], [2, 2])));
  assert(!arrayEqual(array, fromArray([1, 2, 3, 4])));
  assert(!arrayEqual(fromArray([NaN]), fromArray([NaN])));
  assert(arrayEqual(fromArray([1n]), fromArray([1])));
  const one = fromArray([1]);
  assert(allClose(fromArray([1 + 1e-6]), one));
  assert(!allClose(fromArray([1 + 1e-4]), one));
  assert(allClose(fromArray([1 + 1e-4]), one, { rtol: 0, atol: 1e-3 }));
  assert(allClose(fromArray([Infinity]), fromArray([Infinity])));
  assert(!allClose(fromArray([1e300]), fromArray([Infinity])));
  assert(!allClose(fromArray([NaN]), fromArray([NaN])));
  assert(allClose(fromArray([NaN]), fromArray([NaN]), { equalNan: true }));
  assert(!allClose(fromArray([NaN, 1]), fromArray([1, NaN]), { equalNan: true }));
  assert(!allClose(fromArray([1]), fromArray([NaN]), { equalNan: true }));
  assert(!allClose(fromArray([-Infinity]), fromArray([Infinity])));
  // The tolerance is a sum of both, relative to the second array, and inclusive.
  const tolerance = { rtol: 0.5, atol: 1 };
  assert(allClose(fromArray([7]), fromArray([4]), tolerance));
  assert(!allClose(fromArray([7.5]), fromArray([4]), tolerance));
  assert(!allClose(fromArray([4]), fromArray([-4]), tolerance));
  assert(allClose(fromArray([-7]), fromArray([-4]), tolerance));
  assert(!allClose(fromArray([1.5]), fromArray([4]), { rtol: 0.5, atol: 0 }));
  assert(allClose(fromArray([2, 2]), fromArray([2], []))); // broadcast
  assertThrows(() => allClose(arange(2), arange(3)), RangeError, "[2] and [3] do not match");
  assertThrows(() => allClose(one, fromArray([1n]) as never), TypeError, "b must be an ndarray of");
  assertThrows(() => allClose(fromArray([1n]) as never, one), TypeError, "use arrayEqual()");
  assertThrows(() => allClose(one, [1] as never), TypeError, "b must be an ndarray");
  assertThrows(() => arrayEqual(one, [1] as never), TypeError, "b must be an ndarray");
  assertThrows(() => arrayEqual([1] as never, one), TypeError, "a must be an ndarray");
  for (const name of ["rtol", "atol"]) {
    for (const value of [-1, NaN]) {
      assertThrows(() => allClose(one, one, { [name]: value }), RangeError, `${name} must be`);
    }
  }
  assertThrows(() => allClose(one, one, { rtoll: 1 } as never), TypeError, "no option rtoll");
});
