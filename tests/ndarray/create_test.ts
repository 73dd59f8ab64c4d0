import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import createNdarray from "ndarray";
import {
  arange,
  asShared,
  broadcastTo,
  copy,
  type DataType,
  empty,
  fromArray,
  fromIter,
  full,
  linspace,
  type NdArray,
  ones,
  tolist,
  zeros,
} from "@sauropod/multiprocessing/ndarray";

/** Compiles only if both are the same type. */
function same<A, B>(..._: [A] extends [B] ? [B] extends [A] ? [] : [never] : [never]): void {}

/** What NumPy 2.4 gives: `numpy.arange(*arguments).tolist()`. */
const ranges: [Parameters<typeof arange>, number[]][] = [
  [[5], [0, 1, 2, 3, 4]],
  [[1, 2, 0.3], [1.0, 1.3, 1.6, 1.9000000000000001]],
  [[5, 0, -2], [5, 3, 1]],
  [[3, 3], []],
  [[0, 1, -1], []],
  [[1.5], [0, 1]],
];

Deno.test("arange() returns the numbers of numpy.arange", () => {
  for (const [args, expected] of ranges) assertEquals(tolist(arange(...args)), expected);
  assertEquals(arange(3, undefined, undefined, "uint8").dtype, "uint8");
});

Deno.test("arange() throws if step is 0 or an argument is not finite", () => {
  assertThrows(() => arange(0, 4, 0), RangeError, "step must not be 0");
  assertThrows(() => arange(NaN), RangeError, "stop must be a finite number, not NaN");
  assertThrows(() => arange(0, Infinity), RangeError, "stop must be a finite number");
  assertThrows(() => arange(0, 1, NaN), RangeError, "step must be a finite number");
  assertThrows(() => arange(3, 4, 1, "bigint64" as DataType), TypeError, 'not "bigint64"');
});

Deno.test("linspace() returns the numbers of numpy.linspace", () => {
  const seven = [0.1, 0.23333333333333334, 0.3666666666666667, 0.5, 0.6333333333333333];
  assertEquals(tolist(linspace(0.1, 0.9, 7)), [...seven, 0.7666666666666666, 0.9]);
  assertEquals(tolist(linspace(1, 5, 4, { endpoint: false })), [1, 2, 3, 4]);
  assertEquals(tolist(linspace(3, 1, 1)), [3]);
  assertEquals(tolist(linspace(0, 1, 0)), []);
  assertEquals(tolist(linspace(2, 2, 3)), [2, 2, 2]);
  const fifty = linspace(0, 1);
  assertEquals([fifty.size, fifty.get(49)], [50, 1]); // although 49 * (1 / 49) is less
  assertEquals(tolist(linspace(0, 4, 3, { dtype: "int8" })), [0, 2, 4]);
});

Deno.test("linspace() throws if num is not an integer of at least 0", () => {
  for (const num of [-1, 1.5, NaN]) {
    assertThrows(() => linspace(0, 1, num), RangeError, "num must be an integer of at least 0");
  }
  assertThrows(() => linspace(0, 1, 3, { end: 1 } as object), TypeError, "there is no option end");
  for (const dtype of ["x", 5, "bigint64"] as never[]) {
    assertThrows(() => linspace(0, 1, 3, { dtype }), TypeError, "dtype must be");
    assertThrows(() => arange(0, 1, 1, dtype), TypeError, "dtype must be");
  }
  assertThrows(() => linspace(0, NaN), RangeError, "stop must be a finite number");
});

Deno.test("full(), ones() and empty() make shared arrays of any size", () => {
  for (const size of [0, 1, 4095, 4096, 4097, 8192, 50_001]) {
    const array = full([size], 2.5);
    assertInstanceOf(array.data.buffer, SharedArrayBuffer);
    assert(array.data.every((element) => element === 2.5), `${size}`);
  }
  assertEquals(tolist(ones([2, 1], "int16")), [[1], [1]]);
  assertEquals(tolist(ones([2], "biguint64")), [1n, 1n]);
  assertEquals(tolist(full([2], 7n)), [7n, 7n]);
  assertEquals(tolist(full([], 3)), 3);
  assertEquals(tolist(empty([1, 2], "float16")), [[0, 0]]);
});

Deno.test("fromArray() rejects lists in lists, which would become NaN, and other elements", () => {
  const nested = () => fromArray([[1, 2], [3, 4]] as unknown as number[]);
  assertThrows(nested, TypeError, "write fromArray(data.flat(), [2, 2])");
  assertThrows(() => fromArray([1, "2"] as number[]), TypeError, "data[1] must be a number");
  assertThrows(() => fromArray([1n, 2] as number[]), TypeError, "data[1] must be a bigint");
  assertThrows(() => fromIter(["1"] as never[]), TypeError, "items[0] must be a number");
});

Deno.test("full() throws if only one of value and dtype is a bigint", () => {
  const mixed = () => full([1], 1n as unknown as number, "int8");
  assertThrows(mixed, TypeError, "a number, since the elements are int8, not 1n");
  assertThrows(
    () => full([1], 1 as unknown as bigint, "bigint64"),
    TypeError,
    "must be a bigint, since the elements are bigint64, not 1",
  );
});

Deno.test("functions return arrays typed by their elements", () => {
  const range = arange(2);
  same<typeof range, NdArray<Float64Array>>();
  const shorts = fromArray(Int16Array.of(1));
  same<typeof shorts, NdArray<Int16Array>>();
  const bytes = zeros([1], "uint8");
  same<typeof bytes, NdArray<Uint8Array>>();
  const bigs = fromArray([1n, 2n]);
  const big = bigs.get(0);
  same<typeof big, bigint>();
  bigs.set(1, 5n);
  assertEquals(tolist(bigs), [1n, 5n]);
  const number = fromArray([1]).get(0);
  same<typeof number, number>();
});

Deno.test("copy() returns separate elements in C order, for any view", () => {
  const array = fromArray(Int32Array.from({ length: 24 }, (_, at) => at), [2, 3, 4]);
  const views: NdArray[] = [
    array,
    array.transpose(2, 0, 1),
    array.step(-1, 2, -3),
    array.pick(1, null, 2),
    array.hi(0, 3, 4),
    array.pick(1, 1, null).pick(2),
  ];
  for (const view of views) {
    const copied = copy(view);
    assertEquals(tolist(copied), tolist(view));
    assertEquals([copied.offset, copied.dtype, copied.data.length], [0, "int32", view.size]);
    assert(copied.data.buffer instanceof SharedArrayBuffer);
  }
  const copied = copy(array);
  array.set(0, 0, 0, 99);
  assertEquals(copied.get(0, 0, 0), 0);
});

Deno.test("asShared() copies only arrays that are not on shared memory", () => {
  const plain = createNdarray(Float64Array.of(1, 2, 3, 4), [2, 2]).transpose(1, 0);
  const shared = asShared(plain as unknown as NdArray<Float64Array>);
  assertEquals(tolist(shared), [[1, 3], [2, 4]]);
  assert(shared.data.buffer instanceof SharedArrayBuffer);
  assertStrictEquals(asShared(shared), shared);
});

Deno.test("functions throw if an argument is not an ndarray", () => {
  assertThrows(() => copy([1] as never), TypeError, "must be an ndarray with a typed array");
  assertThrows(() => tolist(null as never), TypeError, "not null");
  assertThrows(() => copy(createNdarray([1, 2]) as never), TypeError, "array must be an ndarray");
});

Deno.test("broadcastTo() repeats axes, and throws if shapes do not match", () => {
  const column = fromArray([1, 2], [2, 1]);
  assertEquals(tolist(broadcastTo(column, [2, 3])), [[1, 1, 1], [2, 2, 2]]);
  assertEquals(tolist(broadcastTo(fromArray([5], []), [2])), [5, 5]);
  assertEquals(tolist(broadcastTo(column, [2, 0])), [[], []]);
  assertThrows(() => broadcastTo(column, [3, 3]), RangeError, "[2,1] and [3,3] do not match");
  assertThrows(() => broadcastTo(column, [2]), RangeError, "does not fit");
  assertThrows(() => broadcastTo(arange(3), [1]), RangeError, "[3] does not fit [1]");
  assertThrows(() => broadcastTo([1] as never, [2]), TypeError, "Cannot broadcast: array must be");
  assertThrows(() => broadcastTo(column, 2 as never), TypeError, "shape must be an array");
  assertThrows(() => broadcastTo(fromArray([5], []), [-1]), RangeError, "shape[0] must be");
});

Deno.test("fromIter() takes all items of an iterable, or the first count", () => {
  const numbers = function* () {
    for (let x = 0;; x++) yield x;
  };
  assertEquals(tolist(fromIter(numbers(), "uint8", 3)), [0, 1, 2]);
  assertEquals(tolist(fromIter(new Set([0.5, 1.5]))), [0.5, 1.5]);
  assertEquals(fromIter([1n, 2n], "bigint64").get(1), 2n);
  assertEquals(fromIter(numbers(), "float64", 0).size, 0);
  assert(fromIter([1]).data.buffer instanceof SharedArrayBuffer);
  assertThrows(() => fromIter([1, 2], "int8", 3), RangeError, "gave 2 elements, and count is 3");
  assertThrows(() => fromIter([1], "int8", -1), RangeError, "count must be an integer");
  assertThrows(() => fromIter(5 as never), TypeError, "items must be");
  assertThrows(() => fromIter([1], "complex64" as "int8"), TypeError, "dtype");
});

Deno.test("functions that make arrays say how to write a shape, and refuse other shapes", () => {
  assertThrows(() => zeros(3 as never), TypeError, "Write zeros([3])");
  assertThrows(() => ones(2 as never, 3 as never), TypeError, "Write ones([2, 3])");
  assertThrows(() => empty(2 as never, 3 as never), TypeError, "Write empty([2, 3])");
  assertThrows(() => full(2 as never, 3), TypeError, "Write full([2])");
  const other = assertThrows(() => zeros("3" as never), TypeError, "shape must be an array");
  assert(!other.message.includes("Write"));
  const without = assertThrows(() => fromArray([1, 2], 2 as never), TypeError, "shape must be");
  assert(!without.message.includes("Write"));
  const options = { huge: true } as object;
  assertThrows(() => zeros([2], "int8", options), TypeError, "there is no option huge");
  assertThrows(() => zeros([2, -1]), RangeError, "shape[1] must be an integer of at least 0");
  assertThrows(() => zeros([2, 0.5]), RangeError, "shape[1] must be an integer");
  assertThrows(() => fromArray([1, 2, 3], [2, 2]), RangeError, "[2,2] has 4 elements and data 3");
  assertThrows(() => fromArray([1, 2, 3], [1, 2]), RangeError, "[1,2] has 2 elements and data 3");
});

Deno.test("functions throw if the data of an array was transferred", () => {
  const plain = createNdarray(Float64Array.of(1, 2), [2]) as unknown as NdArray;
  structuredClone(plain.data, { transfer: [plain.data.buffer as ArrayBuffer] });
  assertThrows(() => copy(plain), TypeError, "the data of array");
});

Deno.test("functions refuse values that lack a part of an ndarray", () => {
  const { data, shape, stride, offset } = fromArray([1, 2]);
  const parts = { data, shape, stride, offset };
  assertEquals(tolist(copy(parts as never)), [1, 2]);
  for (const name of Object.keys(parts)) {
    const { [name as "data"]: _, ...others } = parts;
    assertThrows(() => copy(others as never), TypeError, "array must be an ndarray", name);
  }
  for (const other of [{ ...parts, data: [1, 2] }, { ...parts, shape: 2 }]) {
    assertThrows(() => copy(other as never), TypeError, "array must be an ndarray");
  }
});
