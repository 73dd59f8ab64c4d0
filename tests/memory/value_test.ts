import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  AbandonedLockError,
  Event,
  Lock,
  RawValue,
  RLock,
  type SharedOptions,
  TimeoutError,
  type Typecode,
  Value,
} from "@sauropod/multiprocessing";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { i32 } from "../../lib/heap/views.ts";
import {
  as,
  integersAround,
  integerTypes,
  limits,
  ofOtherTypes,
  samples,
} from "../fixtures/elements.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** A value of a type that the compiler does not know. */
function make(code: Typecode, initial?: unknown): Value<"i"> {
  return new Value(code as "i", initial as number);
}

// Storing

for (const valueClass of [Value as typeof RawValue, RawValue]) {
  test(`${valueClass.name}() is zero by default, also in memory that was used before`, () => {
    new Value("d"); // so that there is a heap
    const blocks = Array.from({ length: 200 }, () => allocate(24));
    for (const block of blocks) i32.fill(-1, block, block + 6);
    blocks.forEach(free);
    for (const [code, zero] of samples) {
      const values = [1, 2, 3].map(() => new valueClass(code as "i"));
      assertEquals(values.map(({ value }) => value as unknown), [zero, zero, zero], code);
    }
  });

  test(`${valueClass.name}.value returns the value that was set`, () => {
    for (const [code, zero, element] of samples) {
      const value = new valueClass(code as "i", element as number);
      assertStrictEquals(value.value as unknown, element);
      value.value = zero as number;
      assertStrictEquals(value.value as unknown, zero);
      value.value = element as number;
      assertStrictEquals(value.value as unknown, element);
    }
  });
}

test("Value.value rejects values that do not fit, and is unchanged", () => {
  for (const [code, , element, misfits] of samples) {
    const value = make(code, element);
    for (const misfit of misfits as number[]) {
      assertThrows(() => make(code, misfit), RangeError, `Cannot set value: `);
      const set = assertThrows(() => value.value = misfit, RangeError, "Cannot set value: ");
      assert(set.message.includes(`does not fit ${value.dtype}, which holds `), set.message);
      assertThrows(() => value.exchange(misfit), RangeError, "Cannot set value: ");
      assertThrows(() => value.compareExchange(misfit, 0), RangeError, "Cannot compare value: ");
      assertThrows(() => value.update(() => misfit), RangeError, "Cannot update value: ");
    }
    assertStrictEquals(value.value as unknown, element);
  }
});

test("Value.value rejects values of another type, and is unchanged", () => {
  for (const [code, , element] of samples) {
    const value = make(code, element);
    for (const other of ofOtherTypes(element) as number[]) {
      assertThrows(() => make(code, other), TypeError, `Cannot set value: ${value.dtype} takes a `);
      assertThrows(() => value.value = other, TypeError, "Cannot set value: ");
      assertThrows(() => value.exchange(other), TypeError, "Cannot set value: ");
      assertThrows(() => value.compareExchange(element as number, other), TypeError);
      assertThrows(() => value.update(() => other), TypeError, "Cannot update value: ");
    }
    assertThrows(() => value.value = undefined as unknown as number, TypeError, "not undefined");
    assertStrictEquals(value.value as unknown, element);
  }
});

test("Value() and its methods throw errors with the reason and advice", () => {
  const message = (act: () => unknown) => assertThrows(act, Error).message;
  assertEquals(
    message(() => make("i", 2 ** 40)),
    "Cannot set value: 1099511627776 does not fit int32, which holds integers from " +
      "-2147483648 to 2147483647",
  );
  assertEquals(
    message(() => make("q", 5)),
    "Cannot set value: int64 takes a bigint, not 5. Write 5n",
  );
  assertEquals(
    message(() => make("d", 5n)),
    'Cannot set value: float64 takes a number, not 5n. Convert it by Number(), or use "int64"',
  );
  assertEquals(
    message(() => make("B", 255).add(1)),
    "Cannot add to value: 256 does not fit uint8, which holds integers from 0 to 255",
  );
  assertThrows(
    () => make("z" as "i"),
    TypeError,
    'or the name of a type, not "z". Typecodes are c u b B h H i I l L q Q f d; names are',
  );
  for (const code of [undefined, null, 5, "", "toString", {}] as unknown as "i"[]) {
    assertThrows(() => make(code), TypeError, "typecode must be a typecode of Python");
  }
});

test("Value.dtype is the name of the type", () => {
  for (const { codes } of integerTypes) {
    for (const code of codes) assertEquals(make(code).dtype as string, codes.at(-1));
  }
  const names = (["f", "d", "c", "u", "bool"] as const).map((code) => make(code).dtype as string);
  assertEquals(names, ["float32", "float64", "char", "wchar", "bool"]);
});

for (const type of integerTypes) {
  const name = type.codes.at(-1)!;
  const [low, high] = limits(type);

  test(`Value.value of ${name} accepts exactly its range`, () => {
    const value = make(name);
    fc.assert(fc.property(integersAround(type), (whole) => {
      const before = value.value;
      if (whole >= low && whole <= high) {
        value.value = as(type, whole);
        assertEquals(value.value, as(type, whole));
      } else {
        assertThrows(() => value.value = as(type, whole), RangeError);
        assertEquals(value.value, before);
      }
    }));
  });

  test(`Value.add() and sub() of ${name} set the exact result, or change nothing`, () => {
    const value = make(name);
    fc.assert(fc.property(integersAround(type), fc.boolean(), (amount, adds) => {
      const before = value.value;
      const result = BigInt(before) + (adds ? amount : -amount);
      const act = () => adds ? value.add(as(type, amount)) : value.sub(as(type, amount));
      if (result >= low && result <= high) {
        assertEquals(act(), before);
        assertEquals(value.value, as(type, result));
      } else {
        assertThrows(act, RangeError, adds ? "Cannot add to value: " : "Cannot subtract from");
        assertEquals(value.value, before);
      }
    }));
  });

  test(`Value.and(), or() and xor() of ${name} accept signed and unsigned masks`, () => {
    const fitted = (whole: bigint) =>
      as(type, type.signed ? BigInt.asIntN(type.bits, whole) : BigInt.asUintN(type.bits, whole));
    const start = fc.bigInt({ min: low, max: high });
    const operation = fc.constantFrom("and", "or", "xor");
    fc.assert(fc.property(start, integersAround(type), operation, (start, mask, operation) => {
      const value = make(name, as(type, start));
      const act = () => value[operation as "and"](as(type, mask));
      if (mask < -(2n ** BigInt(type.bits - 1)) || mask >= 2n ** BigInt(type.bits)) {
        assertThrows(act, RangeError, `is not an integer of ${type.bits} bits`);
        assertEquals(value.value, as(type, start));
      } else {
        assertEquals(act(), as(type, start));
        const expected = { and: start & mask, or: start | mask, xor: start ^ mask }[operation]!;
        assertEquals(value.value, fitted(expected));
      }
    }));
  });
}

test("Value.value of a float type rounds to its precision, and keeps NaN and Infinity", () => {
  const rounders = { f: Math.fround, float16: Math.f16round, d: (it: number) => it };
  for (const [code, rounded] of Object.entries(rounders)) {
    const value = make(code as "f");
    fc.assert(fc.property(fc.double(), (number) => {
      if (Number.isFinite(number) && !Number.isFinite(rounded(number))) {
        assertThrows(() => value.value = number, RangeError);
      } else {
        value.value = number;
        assertEquals(value.value, rounded(number)); // NaN is NaN, and -0 is not 0
      }
    }));
  }
});

// Atomic operations

test("Value.add() and sub() of a float type round, and return the previous value", () => {
  const value = new Value("d", 0.1);
  assertEquals(value.add(0.2), 0.1);
  assertEquals(value.value, 0.1 + 0.2);
  assertEquals(value.sub(0.5), 0.1 + 0.2);
  assertEquals(value.value, 0.1 + 0.2 - 0.5);
  value.value = Number.MAX_VALUE;
  value.add(Number.MAX_VALUE);
  assertEquals(value.value, Infinity); // as everywhere in JavaScript
  const single = new Value("f", 3e38);
  assertThrows(() => single.add(3e38), RangeError, "does not fit float32");
  assertEquals(single.value, Math.fround(3e38));
});

test("Value.add(), sub(), and() and or() reject operands of another type", () => {
  for (const amount of ofOtherTypes(1) as number[]) {
    assertThrows(() => new Value("i").add(amount), TypeError, "Cannot add to value: int32 takes a");
    assertThrows(
      () => new Value("d").sub(amount),
      TypeError,
      "Cannot subtract from value: float64",
    );
  }
  assertThrows(() => make("q").add(1), TypeError, "int64 takes a bigint, not 1. Write 1n");
  assertThrows(() => make("i").and(1n as unknown as number), TypeError, "int32 takes a number");
  assertThrows(() => make("i").or(0.5), RangeError, "0.5 is not an integer of 32 bits");
  assertThrows(() => make("bool").add(1), TypeError, "bool is not a numeric type");
  assertThrows(() => make("d").or(1), TypeError, "float64 is not an integer type");
});

test("Value.exchange() returns the previous value", () => {
  for (const [code, zero, element] of samples) {
    const value = make(code);
    assertStrictEquals(value.exchange(element as number) as unknown, zero);
    assertStrictEquals(value.exchange(zero as number) as unknown, element);
    assertStrictEquals(value.value as unknown, zero);
  }
});

test("Value.compareExchange() changes the value only if it is the expected one", () => {
  for (const [code, zero, element] of samples as [Typecode, number, number, unknown][]) {
    const value = make(code);
    assertStrictEquals(value.compareExchange(element, element), zero);
    assertStrictEquals(value.value, zero);
    assertStrictEquals(value.compareExchange(zero, element), zero);
    assertStrictEquals(value.value, element);
  }
});

test("Value.compareExchange() of a float type compares numbers, not bits", () => {
  const value = new Value("d", -0);
  assertEquals(value.compareExchange(0, NaN), -0);
  assertEquals(value.compareExchange(NaN, 1), NaN);
  assertEquals(value.value, 1);
  const single = new Value("f", 0.1);
  assertEquals(single.compareExchange(0.1, 2), Math.fround(0.1));
  assertEquals(single.value, 2);
});

test("Value.update() sets the result of the function, and returns the previous value", () => {
  assertEquals(new Value("q", 3n).update((old) => old * old), 3n);
  const text = new Value("c", "a");
  text.update((old) => old.toUpperCase());
  assertEquals(text.value, "A");
  const flag = new Value("bool");
  flag.update((old) => !old);
  assertEquals(flag.value, true);
});

test("Value.update() calls the function again when the value has changed meanwhile", () => {
  const value = new Value("d", 1);
  const seen: number[] = [];
  value.update((old) => {
    seen.push(old);
    if (seen.length === 1) value.add(10);
    return old * 2;
  });
  assertEquals(seen, [1, 11]);
  assertEquals(value.value, 22);
});

test("Value.update() changes nothing when the function throws", () => {
  const value = new Value("i", 5);
  const reason = new Error("no");
  const thrown = assertThrows(() =>
    value.update(() => {
      throw reason;
    }), Error);
  assertStrictEquals(thrown, reason);
  assertEquals(value.value, 5);
});

test("Value.copy() is independent of the original", () => {
  for (const [code, zero, element] of samples) {
    const value = make(code, element);
    const copy = value.copy();
    assertEquals([copy.value as unknown, copy.dtype], [element, value.dtype]);
    assert(copy.getLock() !== value.getLock() as unknown);
    value.value = zero as number;
    assertStrictEquals(copy.value as unknown, element);
  }
  const raw = new RawValue("q", 7n).copy();
  assert(!(raw instanceof Value));
  assertEquals(raw.value, 7n);
  const lock = new Lock();
  assertStrictEquals(new Value("i").copy({ lock }).getLock(), lock);
});

test("Value is inspected with its type and value", () => {
  assertEquals(Deno.inspect(new Value("d", 3.5)), "Value float64 3.5");
  assertEquals(Deno.inspect([new RawValue("q", 3n)]), "[ RawValue int64 3n ]");
  assertEquals(Deno.inspect(Value.prototype), "Value.prototype");
});

// Locks

test("Value.getLock() returns a new RLock by default, or the given lock", () => {
  for (
    const options of [undefined, {}, { lock: true }, { lock: undefined }] as SharedOptions<RLock>[]
  ) {
    const value = new Value("i", 1, options);
    assert(value.getLock() instanceof RLock);
    assertStrictEquals(value.getLock(), value.getLock());
    assertStrictEquals(value.getObj(), value);
  }
  const lock = new Lock();
  assertStrictEquals(new Value("i", 0, { lock }).getLock(), lock);
  const rlock = new RLock();
  assertStrictEquals(new Value("i", 0, { lock: rlock }).getLock(), rlock);
});

test("Value.getLock() and the lock methods throw when the value has no lock", async () => {
  const value = new Value("i", 0, { lock: false });
  const message = "Cannot get lock of value: it was made with lock: false";
  for (const name of ["getLock", "acquireSync", "tryAcquire", "release"] as const) {
    assertThrows(() => value[name](), TypeError, message);
  }
  await assertRejects(() => value.acquire(), TypeError, message);
  assertEquals(value.add(1), 0);
  assert(!("getLock" in new RawValue("i")));
});

test("Value() rejects a lock that is not a Lock or an RLock", () => {
  const invalid = ["nonsense", 1, null, {}, new Event(), Lock, new Value("i")];
  for (const lock of invalid as unknown as Lock[]) {
    const message = "Cannot make value: lock must be a Lock, an RLock, true or false, not ";
    assertThrows(() => new Value("i", 0, { lock }), TypeError, message);
  }
});

test("Value.acquire() and release() acquire and release its lock", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    const value = new Value("i", 0, { lock });
    {
      using _ = value.acquireSync();
      assert(lock.locked());
      await assertRejects(() => value.acquire({ timeoutMs: 1 }), TimeoutError);
    }
    assert(!lock.locked());
    {
      using _ = await value.acquire();
      assertEquals(value.tryAcquire(), undefined);
    }
    value.tryAcquire()!.release();
    value.acquireSync();
    value.release();
    assert(!lock.locked());
  }
  const value = new Value("i");
  using owner = await value.acquire();
  using _again = await value.acquire({ owner });
  assertEquals(value.getLock().depth, 2);
});

test("Value.value and its atomic methods do not wait for the lock", async () => {
  const value = new Value("i", 1);
  using _ = await value.acquire();
  const process = run((value: Value<"i">) => {
    value.value = 2;
    value.add(1);
  }, value);
  await ended(process);
  assertEquals(value.value, 3);
});

test("Value.acquire() throws AbandonedLockError when the holder died", async () => {
  const value = new Value("i");
  await ended(run((value: Value<"i">) => {
    value.acquireSync();
    value.value = 5;
  }, value));
  await assertRejects(() => value.acquire(guard), AbandonedLockError);
  assertEquals(value.value, 5);
  value.release();
});

test("Value() of characters accepts every character of its type, and no other", () => {
  const accepted = { c: ["\0", "\xff"], u: ["\0", "\uffff", "\u{10000}", "\u{10ffff}", "\ud800"] };
  for (const [code, characters] of Object.entries(accepted)) {
    for (const character of characters) {
      assertEquals(make(code as Typecode, character).value as unknown, character);
    }
  }
  for (const character of ["\u0100", "\uffff", "", "ab"]) {
    assertThrows(() => make("c", character), RangeError, "single characters up to U+FF");
  }
  for (const text of ["\u{10ffff}\u{10ffff}", "\uffff\uffff", "a\u{10000}"]) {
    assertThrows(() => make("u", text), RangeError, "single characters up to U+10FFFF");
  }
});

test("Value() gives advice only for numbers and bigints that it can convert", () => {
  const message = (code: Typecode, value: unknown) =>
    assertThrows(() => make(code, value), TypeError).message;
  assertEquals(message("i", "x"), 'Cannot set value: int32 takes a number, not "x"');
  assertEquals(message("q", "x"), 'Cannot set value: int64 takes a bigint, not "x"');
  assertEquals(message("q", 1.5), "Cannot set value: int64 takes a bigint, not 1.5");
  assertEquals(message("bool", 1n), "Cannot set value: bool takes a boolean, not 1n");
  assertEquals(message("c", 1), "Cannot set value: char takes a string, not 1");
});
