/**
 * What the compiler knows of values and arrays. These are errors at compile time or not; that the
 * program runs shows little.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import {
  type ElementOfTypecode,
  Lock,
  type LockGuard,
  RawArray,
  RawValue,
  type RLock,
  type RLockGuard,
  SharedArray,
  SharedArray as ArrayByItsName,
  type Typecode,
  Value,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";

/** Compiles only if both are the same type. */
function same<A, B>(..._: [A] extends [B] ? [B] extends [A] ? [] : [never] : [never]): void {}

test("Value and SharedArray infer the type of their elements", () => {
  same<ElementOfTypecode<"d" | "int8">, number>();
  same<ElementOfTypecode<"q" | "uint64">, bigint>();
  const [double, long] = [new Value("d"), new Value("int64", 5n)];
  same<typeof double.value, number>();
  same<typeof long.value, bigint>();
  same<typeof double.dtype, "float64">();
  same<ReturnType<typeof long.exchange>, bigint>();
  const flag = new RawValue("bool");
  same<typeof flag.value, boolean>();
  const text = new SharedArray("c", "text");
  same<typeof text[0], string>();
  same<ReturnType<typeof text.slice>, string[]>();
  const shorts = new RawArray("h", 3);
  same<typeof shorts.data, Int16Array<SharedArrayBuffer>>();
  const longs = new ArrayByItsName("Q", [1n]);
  same<typeof longs.data, BigUint64Array<SharedArrayBuffer>>();
  const sum: number = double.add(1) + shorts.add(0, 1);
  void sum;
});

test("Value and SharedArray without a type parameter accept all number types", () => {
  const total = (value: Value, array: SharedArray) => value.value + array[0] + value.add(1);
  total(new Value("d"), new SharedArray("i", 1));
  const raw = (value: RawValue, array: RawArray<"i">) => value.value + array.get(0);
  raw(new Value("B"), new SharedArray("i", 1));
  // @ts-expect-error: its elements are bigints
  assertThrows(() => total(new Value("q"), new SharedArray("i", 1)), TypeError);
});

test("Value of one type is not assignable to another", () => {
  const double = (value: Value<"d">) => value;
  double(new Value("d"));
  // @ts-expect-error: another type
  double(new Value("i"));
  // @ts-expect-error: a raw value has no lock
  double(new RawValue("d"));
  const any: RawValue<Typecode> = new Value("u", "€");
  void any;
});

test("a typecode and the name of the type make one type", () => {
  const names: [Value<"int32">, RawValue<"int32">, SharedArray<"int32">, RawArray<"float64">] = [
    new Value("i"),
    new RawValue("l"),
    new SharedArray("i", 1),
    new RawArray("d", 1),
  ];
  const codes: [Value<"i">, RawValue<"l">, SharedArray<"i">, RawArray<"d">] = names;
  // @ts-expect-error: other elements
  const others: [Value<"float32">, RawValue<"b">, SharedArray<"h">, RawArray<"f">] = codes;
  void others;
});

test("Value and SharedArray reject elements of the wrong type at compile time", () => {
  // @ts-expect-error: a number
  assertThrows(() => new Value("int64", 5), TypeError);
  // @ts-expect-error: a bigint
  assertThrows(() => new Value("d", 5n), TypeError);
  // @ts-expect-error: no typecode
  assertThrows(() => new Value("z"), TypeError);
  // @ts-expect-error: mixed
  assertThrows(() => new SharedArray("i", [1, "2"]), TypeError);
  // @ts-expect-error: a string
  assertThrows(() => new SharedArray("i", 1).set(0, "1"), TypeError);
  // @ts-expect-error: no length
  assertThrows(() => new RawArray("i"), TypeError);
  // @ts-expect-error: no lock
  assertThrows(() => new Value("i", 0, { lock: "nonsense" }), TypeError);
  // @ts-expect-error: a raw value takes no options
  void new RawValue("i", 0, {});
});

test("Value and SharedArray reject operations that the type lacks at compile time", () => {
  // @ts-expect-error: a float has no bits
  assertThrows(() => new Value("d").and(1), TypeError);
  // @ts-expect-error: a float has no bits
  assertThrows(() => new SharedArray("float32", 1).xor(0, 1), TypeError);
  // @ts-expect-error: no number
  assertThrows(() => new Value("c").add("x"), TypeError);
  // @ts-expect-error: no number
  assertThrows(() => new RawArray("bool", 1).sub(0, true), TypeError);
  // @ts-expect-error: it may be a float
  ((value: Value) => value.or(1));
  void new Value("i").or(1);
  void new Value("Q").and(1n);
});

test("Value.getLock() returns the class of the given lock", () => {
  const [own, lent] = [new Value("i"), new Value("i", 0, { lock: new Lock() })];
  same<ReturnType<typeof own.getLock>, RLock>();
  same<ReturnType<typeof own.acquireSync>, RLockGuard>();
  same<ReturnType<typeof lent.getLock>, Lock>();
  same<ReturnType<typeof lent.acquireSync>, LockGuard>();
  const none = new SharedArray("i", 1, { lock: false });
  same<ReturnType<typeof none.getLock>, never>();
  const copy = own.copy({ lock: new Lock() });
  same<typeof copy, Value<"i", Lock>>();
  // @ts-expect-error: another lock
  const other: Value<"i", Lock> = own;
  void other;
});
