import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import fc from "fast-check";
import * as mp from "@sauropod/multiprocessing";
import {
  AbandonedLockError,
  Event,
  Lock,
  RawArray,
  RLock,
  SharedArray,
  type SharedOptions,
  TimeoutError,
  type Typecode,
} from "@sauropod/multiprocessing";
import { descriptorAt } from "../../lib/memory/mapped_buffer.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { as, integerTypes, limits, ofOtherTypes, samples } from "../fixtures/elements.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** An array of a type that the compiler does not know. */
function make(code: Typecode, sizeOrSequence: unknown): SharedArray<"i"> {
  return new SharedArray(code as "i", sizeOrSequence as number);
}

const arrayClasses = [SharedArray as typeof RawArray, RawArray];

// Creating

for (const arrayClass of arrayClasses) {
  test(`${arrayClass.name}() of a length has zero elements everywhere`, () => {
    for (const [code, zero] of samples) {
      for (const length of [0, 1, 10]) {
        const array = new arrayClass(code as "i", length);
        assertEquals(array.length, length);
        assertEquals([...array] as unknown[], Array(length).fill(zero), code);
        new Uint8Array(array.data.buffer).fill(1);
      }
    }
  });

  test(`${arrayClass.name}() of a sequence has its length and elements`, () => {
    const sequence = [...Array(10).keys()].map((n) => n * n);
    for (
      const source of [sequence, new Set(sequence), sequence.values(), Uint16Array.from(sequence)]
    ) {
      assertEquals([...new arrayClass("i", source)], sequence);
    }
    const arrayLike = { length: 2, 0: 5, 1: 6 };
    assertEquals([...new arrayClass("d", arrayLike)], [5, 6]);
    assertEquals([...new arrayClass("d", new RawArray("i", arrayLike))], [5, 6]);
    assertEquals([...new arrayClass("Q", BigUint64Array.of(1n, 2n))], [1n, 2n]);
    assertEquals([...new arrayClass("c", "text")], ["t", "e", "x", "t"]);
    assertEquals([...new arrayClass("u", "1€😀")], ["1", "€", "😀"]);
    assertEquals([...new arrayClass("bool", [true, false])], [true, false]);
    assertEquals([...new arrayClass("i", [])], []);
  });
}

test("SharedArray, RawArray, Value and RawValue are the same in every context", () => {
  const { SharedArray: arrayClass, RawArray, RawValue, Value } = mp.getContext("forkserver");
  assertEquals([arrayClass, RawArray, RawValue, Value], [
    SharedArray,
    mp.RawArray,
    mp.RawValue,
    mp.Value,
  ]);
});

test("SharedArray() rejects invalid lengths", () => {
  for (const length of [-1, NaN, 0.5, Infinity, -Infinity]) {
    const message = `sizeOrSequence must be an integer of at least 0, not ${length}`;
    assertThrows(() => make("i", length), RangeError, message);
  }
  assertThrows(() => make("d", 2 ** 50), RangeError, "bytes of memory could not be allocated");
  for (const invalid of [undefined, null, true, 5n, {}, () => 1, Symbol("x")]) {
    const message =
      "Cannot make array: sizeOrSequence must be a length or a sequence of elements, not ";
    assertThrows(() => make("i", invalid), TypeError, message);
  }
});

test("SharedArray() rejects elements that do not fit, and names the first", () => {
  for (const [code, , element, misfits] of samples) {
    for (const misfit of misfits) {
      assertThrows(
        () => make(code, [element, misfit, misfit]),
        RangeError,
        "Cannot set element 1: ",
      );
    }
    for (const other of ofOtherTypes(element)) {
      assertThrows(
        () => make(code, [element, element, other]),
        TypeError,
        "Cannot set element 2: ",
      );
    }
  }
  assertThrows(() => make("i", [, 1]), TypeError, "element 0: int32 takes a number, not undefined");
  assertThrows(() => make("i", "12"), TypeError, 'element 0: int32 takes a number, not "1"');
  assertThrows(() => make("i", Float64Array.of(1, 1.5)), RangeError, "element 1: 1.5 does not fit");
  assertThrows(() => make("bool", Uint8Array.of(1)), TypeError, "bool takes a boolean, not 1");
  assertThrows(
    () => make("z" as Typecode, 1),
    TypeError,
    'name of a type, not "z". Typecodes are c u b B',
  );
});

// Elements

test("SharedArray.get() and set() access every element, from both ends", () => {
  for (const [code, zero, element] of samples) {
    const array = make(code, 3);
    array.set(0, element as number);
    array.set(-1, element as number);
    assertEquals([0, 1, 2, -1, -2, -3].map((at) => array.get(at)) as unknown[], [
      ...[element, zero, element],
      ...[element, zero, element],
    ]);
  }
});

test("SharedArray[index] accesses every element, from both ends", () => {
  const array = new SharedArray("i", [10, 20, 30]);
  assertEquals([array[0], array[2], array[-1], array[-3]], [10, 30, 30, 10]);
  array[1] = 21;
  array[-1] += 5;
  array[0]++;
  assertEquals([...array.data], [11, 21, 35]);
  assertEquals(Object.keys(array).filter((key) => key.match(/^[0-9]/)), []);
});

test("SharedArray[name] is an ordinary property when the name is not an index", () => {
  const array = new SharedArray("i", 1) as SharedArray<"i"> & Record<string, unknown>;
  assertEquals(array.then, undefined);
  array.note = "mine";
  assertEquals(array.note, "mine");
  assertEquals([array.data.length, array.constructor, `${array}`], [
    1,
    SharedArray,
    "[object Object]",
  ]);
});

test("SharedArray methods reject invalid indices, and name the index and the length", () => {
  const array = new SharedArray("i", 3);
  const uses: ((at: number) => unknown)[] = [
    (at) => array[at],
    (at) => array[at] = 1,
    (at) => array.get(at),
    (at) => array.set(at, 1),
    (at) => array.add(at, 1),
    (at) => array.xor(at, 1),
    (at) => array.exchange(at, 1),
    (at) => array.compareExchange(at, 0, 1),
    (at) => array.update(at, () => 1),
  ];
  for (const use of uses) {
    for (const at of [3, -4, 2 ** 40]) {
      const message = `Cannot access element ${at}: the array has 3 elements`;
      assertThrows(() => use(at), RangeError, message);
    }
  }
  for (const at of ["0", undefined, null, 0n, {}] as unknown as number[]) {
    for (const use of uses.slice(2)) {
      assertThrows(() => use(at), TypeError, "index must be an integer, not ");
    }
  }
  for (const at of [NaN, 0.5, -0.5]) {
    assertThrows(() => array.get(at), RangeError, `index must be an integer, not ${at}`);
  }
  assertThrows(() => new SharedArray("i", 0)[0], RangeError, "the array has 0 elements");
  assertEquals([...array], [0, 0, 0]);
});

test("SharedArray.set() rejects values that do not fit, and names the element", () => {
  const array = new SharedArray("B", [1, 2, 3]);
  const message = "Cannot set element 2: 256 does not fit uint8";
  assertThrows(() => array.set(-1, 256), RangeError, message);
  assertThrows(() => array[2] = 256, RangeError, message);
  assertThrows(() => array.add(2, 253), RangeError, "Cannot add to element 2: 256 does not fit");
  assertThrows(() => array.sub(0, 2), RangeError, "Cannot subtract from element 0: -1 does not");
  assertEquals([...array], [1, 2, 3]);
});

test("SharedArray.slice() returns a copy, with indices as in Array.slice()", () => {
  const elements = [...Array(6).keys()];
  const array = new SharedArray("d", elements);
  const index = fc.option(fc.integer({ min: -8, max: 8 }), { nil: undefined });
  fc.assert(fc.property(index, index, (from, to) => {
    const slice = array.slice(from, to);
    assert(Array.isArray(slice));
    assertEquals(slice, elements.slice(from, to));
  }));
  array.slice()[0] = 99;
  assertEquals(array[0], 0);
  for (const at of [0.5, NaN]) {
    assertThrows(() => array.slice(at), RangeError, "Cannot slice array: from must be an integer");
  }
});

test("SharedArray.setSlice() sets the elements of the slice", () => {
  const array = new SharedArray("i", 10);
  array.setSlice(2, 5, [1, 2, 3]);
  array.setSlice(-2, 10, new Set([8, 9]));
  array.setSlice(5, 5, []);
  array.setSlice(5, 2, []);
  array.setSlice(0, 2, array.data.subarray(8));
  assertEquals([...array], [8, 9, 1, 2, 3, 0, 0, 0, 8, 9]);
  const text = new SharedArray("c", 4);
  text.setSlice(0, 2, "ab");
  assertEquals(text.slice().join(""), "ab\0\0");
});

test("SharedArray.setSlice() sets all or nothing", () => {
  const array = new SharedArray("i", [1, 2, 3]);
  const message = "Cannot set slice: it has 2 elements, and the sequence has 1. " +
    "Assign a sequence of the same length";
  assertThrows(() => array.setSlice(0, 2, [5]), RangeError, message);
  assertThrows(
    () => array.setSlice(0, 1, [5, 6]),
    RangeError,
    "Assign a sequence of the same length",
  );
  assertThrows(() => array.setSlice(1, 3, [5, 0.5]), RangeError, "Cannot set element 2: 0.5");
  assertThrows(() => array.setSlice(0, 2, [5, "6"] as number[]), TypeError, "Cannot set element 1");
  assertThrows(
    () => array.setSlice(0, 2, 5 as never),
    TypeError,
    "values must be a sequence of elements",
  );
  assertEquals([...array], [1, 2, 3]);
});

test("SharedArray.data is the shared memory", () => {
  const array = new SharedArray("f", [1, 2]);
  assert(array.data instanceof Float32Array);
  assert(array.data.buffer instanceof SharedArrayBuffer);
  array.data[0] = 0.5;
  assertEquals(array.get(0), 0.5);
  array.set(1, 0.25);
  assertEquals(array.data[1], 0.25);
});

test("SharedArray.add() and the other atomic methods return the previous element", () => {
  for (const type of integerTypes) {
    const [low, high] = limits(type);
    const array = make(type.codes[0], [as(type, low), as(type, high), as(type, 6n)]);
    assertThrows(() => array.add(1, as(type, 1n)), RangeError);
    assertThrows(() => array.sub(0, as(type, 1n)), RangeError);
    const returned = [
      array.add(-1, as(type, 4n)),
      array.sub(2, as(type, 3n)),
      array.and(2, as(type, 6n)),
      array.or(2, as(type, 1n)),
      array.xor(2, as(type, 5n)),
      array.exchange(2, as(type, 9n)),
      array.compareExchange(2, as(type, 8n), as(type, 1n)),
      array.compareExchange(2, as(type, 9n), as(type, 2n)),
      array.update(2, (old) => old),
    ];
    assertEquals(returned, [6n, 10n, 7n, 6n, 7n, 2n, 9n, 9n, 2n].map((it) => as(type, it)));
    assertEquals([...array], [low, high, 2n].map((it) => as(type, it)));
  }
  const floats = new RawArray("float16", [1.5]);
  assertEquals([floats.add(0, 1), floats.sub(0, 0.5), floats[0]], [1.5, 2.5, 2]);
});

test("SharedArray.copy() is independent of the original", () => {
  for (const [code, zero, element] of samples) {
    const array = make(code, [element, zero]);
    const copy = array.copy();
    assertEquals([[...copy] as unknown[], copy.dtype], [[element, zero], array.dtype]);
    assert(copy.getLock() !== array.getLock());
    array.set(0, zero as number);
    assertStrictEquals(copy.get(0) as unknown, element);
  }
  const raw = new RawArray("q", [7n]).copy();
  assert(!(raw instanceof SharedArray));
  assertEquals([...raw], [7n]);
});

test("SharedArray is inspected with its elements", () => {
  assertEquals(Deno.inspect(new SharedArray("i", 2)), "SharedArray Int32Array(2) [ 0, 0 ]");
  assertEquals(Deno.inspect(RawArray.prototype), "RawArray.prototype");
});

// Locks

test("SharedArray.getLock() returns a new RLock by default, or the given lock", async () => {
  for (
    const options of [undefined, {}, { lock: true }, { lock: undefined }] as SharedOptions<RLock>[]
  ) {
    const array = new SharedArray("i", 1, options);
    assert(array.getLock() instanceof RLock);
    assertStrictEquals(array.getObj(), array);
  }
  const lock = new Lock();
  assertStrictEquals(new SharedArray("i", 1, { lock }).getLock(), lock);
  const none = new SharedArray("i", 1, { lock: false });
  const message = "Cannot get lock of array: it was made with lock: false";
  for (const name of ["getLock", "acquireSync", "tryAcquire", "release"] as const) {
    assertThrows(() => none[name](), TypeError, message);
  }
  await assertRejects(() => none.acquire(), TypeError, message);
  assert(!("getLock" in new RawArray("i", 1)));
  for (const lock of ["notalock", null, {}, new Event()] as unknown as Lock[]) {
    const message = "Cannot make array: lock must be a Lock, an RLock, true or false, not ";
    assertThrows(() => new SharedArray("i", 1, { lock }), TypeError, message);
  }
});

test("SharedArray.acquire() and release() acquire and release its lock", async () => {
  const array = new SharedArray("i", 1);
  {
    using _ = array.acquireSync();
    using _again = array.acquireSync();
    assertEquals(array.getLock().depth, 2);
    await assertRejects(() => array.acquire({ timeoutMs: 1 }), TimeoutError);
  }
  {
    using owner = await array.acquire();
    using _again = await array.acquire({ owner });
    assertEquals(array.tryAcquire(), undefined);
  }
  array.tryAcquire();
  array.release();
  assert(!array.getLock().locked());
});

test("SharedArray.acquire() throws AbandonedLockError when the holder died", async () => {
  const array = new SharedArray("i", 2);
  await ended(run((array: SharedArray<"i">) => {
    array.acquireSync();
    array[0] = 5;
  }, array));
  assertThrows(() => array.acquireSync(guard), AbandonedLockError);
  array.release();
  assertEquals([...array], [5, 0]);
});

test("SharedArray[name] takes what only looks like an index for a name", () => {
  const array = new SharedArray("i", 10) as SharedArray<"i"> & Record<string, unknown>;
  array["9"] = 5;
  assertEquals([array[9], array["-1"], array.get(9)], [5, 5, 5]);
  for (const name of ["/", ":", "-", "-/", "-:", "", "x1"]) {
    assertEquals(array[name], undefined);
    array[name] = "mine";
    assertEquals([array[name], Object.hasOwn(array, name)], ["mine", true]);
  }
  assertEquals([...array.data], [0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
});

test("SharedArray() accepts what has elements and a length, and nothing else", () => {
  assertEquals([...make("i", { length: 0 })], []);
  for (const length of [-1, 1.5, NaN, "1", undefined]) {
    assertThrows(() => make("i", { length, 0: 1, 1: 1 }), TypeError, "a sequence of elements");
  }
  const bytes = new DataView(new ArrayBuffer(8));
  assertThrows(() => make("i", bytes), TypeError, "a length or a sequence of elements");
  const gone = Int32Array.of(1);
  gone.buffer.transfer();
  assertThrows(() => make("i", gone), TypeError, "sizeOrSequence has been transferred");
});

test("the methods for the lock of an array or value are properties as other methods are", () => {
  for (const { prototype } of [SharedArray, mp.Value]) {
    for (const name of ["acquire", "acquireSync", "tryAcquire", "release", "getLock"]) {
      const { value, ...flags } = Object.getOwnPropertyDescriptor(prototype, name)!;
      assertEquals(typeof value, "function");
      assertEquals(flags, { writable: true, enumerable: false, configurable: true });
    }
  }
});

test("an array for processes lies in a memory that they can map, or is refused", () => {
  const array = new SharedArray("i", [1, 2], { processes: true });
  assertEquals([[...array], array.data.buffer.byteLength], [[1, 2], 1 << 16]);
  assert(descriptorAt(addressOf(array.data.buffer)!) !== undefined);
  assertEquals(
    addressOf(new SharedArray("i", [1, 2], { processes: false }).data.buffer),
    undefined,
  );
  const huge = () => new RawArray("d", 2 ** 30, { processes: true });
  assertThrows(
    huge,
    RangeError,
    "Cannot make array: its 8589934592 bytes of memory could not be allocated for processes. Make it " +
      "smaller, at most 4 GiB, or keep fewer arrays: each has a file descriptor",
  );
  using _ = stub(Deno.permissions, "querySync", (() => ({ state: "prompt" })) as never);
  const make = () => new RawArray("i", 1, { processes: true });
  assertThrows(
    make,
    Deno.errors.NotCapable,
    "Cannot make array: processes: true needs --allow-ffi",
  );
  const wrong = { processes: 1 } as unknown as { processes: boolean };
  assertThrows(() => new RawArray("i", 1, wrong), TypeError, "options.processes must be a boolean");
});
