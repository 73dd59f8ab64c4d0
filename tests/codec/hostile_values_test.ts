import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataCloneError, task } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { sent } from "../fixtures/messages.ts";

/** Asserts that the value cannot be sent, for this reason. */
function assertRefused(value: unknown, message: string): void {
  assertThrows(() => sent(value), DataCloneError, `Cannot send ${message}`);
  assertEquals(sent([1, { a: [2] }]), [1, { a: [2] }]); // the encoder keeps nothing of it
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const trap = () => {
  throw new Error("in trap");
};

test("a value that is nested without end by its getters is rejected at once", () => {
  let calls = 0;
  const node = (): object => ({
    get left() {
      calls++;
      return node();
    },
    get right() {
      calls++;
      return [node()];
    },
  });
  assertRefused(node(), "value.left.left.left…: it is nested too deeply");
  assert(calls <= 1001, `${calls} calls`);
  const endless = (): object => new Proxy({}, { get: endless, ownKeys: () => ["a"], ...described });
  assertRefused([endless()], "value[0].a.a…: it is nested too deeply");
  const list = (): unknown => new Proxy([1], { get: (_, key) => key === "length" ? 2 : list() });
  assertRefused(list(), "value[0][0][0]…: it is nested too deeply");
});

const described = {
  getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
};

test("no getter is called to explain what cannot be sent", () => {
  const calls: string[] = [];
  const value = {
    get first() {
      calls.push("first");
      return { inner: 1 };
    },
    get second() {
      calls.push("second");
      return [0, { bad: Symbol() }];
    },
    get third() {
      calls.push("third");
      return 3;
    },
  };
  assertRefused(value, "value.second[1].bad: a symbol has no meaning");
  assertEquals(calls, ["first", "second"]);
});

test("a getter that gives another value each time is read once", () => {
  let count = 0;
  const value = {
    get it() {
      return count++ === 0 ? new WeakMap() : 1;
    },
  };
  assertRefused(value, "value.it: a WeakMap has no meaning outside its isolate");
});

test("revoked proxies are rejected with their path, also in Maps and Sets", () => {
  const { proxy } = revoked;
  assertRefused(proxy, "value: it is a Proxy that has been revoked");
  assertRefused([{ a: proxy }], "value[0].a: it is a Proxy that has been revoked");
  assertRefused(new Map([[1, proxy]]), "value.get(1): it is a Proxy that has been revoked");
  assertRefused(new Map([[proxy, 1]]), "value.keys(): {}: it is a Proxy that has been revoked");
  assertRefused(new Set([proxy]), "value.values(): {}: it is a Proxy that has been revoked");
  assertRefused(new Error("x", { cause: proxy }), "value.cause: it is a Proxy that has been");
});

test("what a trap throws is thrown to the caller", () => {
  for (const name of ["getPrototypeOf", "ownKeys", "get"] as const) {
    const proxy = new Proxy({ a: 1 }, { [name]: trap });
    assertThrows(() => sent([proxy]), Error, "in trap");
  }
  assertEquals(sent(1), 1);
});

test("a Proxy of a plain object or an array is copied", () => {
  assertEquals(sent(new Proxy({ a: [1] }, {})), { a: [1] });
  assertEquals(sent(new Proxy(["a", 2], {})), ["a", 2]);
  for (const length of [-1, 1.5, "2", NaN, 2 ** 33 + 2]) {
    const list = new Proxy(["a", "b"], {
      get: (target, key) => key === "length" ? length : Reflect.get(target, key),
    });
    const copy: unknown = sent([list, "next"]);
    assertEquals((copy as unknown[])[1], "next");
  }
});

test("a Proxy of a built-in object, and an imitation, are rejected", () => {
  for (
    const [value, name] of [
      [new Map(), "a Map"],
      [new Set(), "a Set"],
      [new Date(), "a Date"],
      [/a/, "a RegExp"],
      [new ArrayBuffer(1), "an ArrayBuffer"],
      [new SharedArrayBuffer(1), "a SharedArrayBuffer"],
      [Object("text"), "a String"],
      [Object(1n), "a BigInt"],
    ] as const
  ) {
    const message = `value.it: it is a Proxy of ${name}, or inherits from one: send the `;
    assertRefused({ it: new Proxy(value, {}) }, message);
    assertRefused({ it: Object.create(Object.getPrototypeOf(value)) }, message);
  }
});

test("Maps and Sets are read by their contents, whatever their class says", () => {
  const EndlessMap = task(
    import.meta,
    class EndlessMap extends Map<string, number> {
      override get size(): number {
        return 99;
      }
      override *[Symbol.iterator](): MapIterator<[string, number]> {
        for (;;) yield ["again", 1];
      }
    },
  );
  class EndlessSet extends Set<number> {
    override *[Symbol.iterator](): SetIterator<number> {
      for (;;) yield 1;
    }
  }
  const map = sent(new EndlessMap([["a", 1]]));
  assertStrictEquals(map.constructor, EndlessMap);
  assertEquals([...Map.prototype.entries.call(map)], [["a", 1]]);
  assertEquals([...sent(new EndlessSet([5])) as Set<number>], [5]);
});

test("an object whose prototypes never end is rejected", () => {
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless });
  // By the `instanceof` of the reducers.
  assertRefused({ it: Object.setPrototypeOf({ a: 1 }, endless) }, "value.it: it is nested too");
});

test("an object whose class cannot be read is copied", () => {
  const value = Object.create({
    get constructor() {
      return trap();
    },
  });
  assertEquals(sent([Object.assign(value, { a: 1 })]), [{ a: 1 }]);
});

test("buffers and views are sent as they are, whatever their properties and prototypes say", () => {
  const view = new Float64Array([1, 2, 3]);
  for (const key of ["length", "byteLength", "byteOffset", "buffer"]) {
    Object.defineProperty(view, key, { value: 1 });
  }
  Object.defineProperty(view, Symbol.toStringTag, { value: "Int8Array" });
  const copy = sent([view, "next"]);
  assertEquals(copy, [new Float64Array([1, 2, 3]), "next"]);
  for (const prototype of [Map.prototype, Uint8Array.prototype]) {
    const disguised = Object.setPrototypeOf(new Int16Array([4, 5]), prototype);
    assertEquals(sent([disguised]), [new Int16Array([4, 5])]);
    const dataView = Object.setPrototypeOf(new DataView(new ArrayBuffer(3)), prototype);
    assertEquals((sent([dataView])[0] as DataView).byteLength, 3);
  }
  const buffer = new ArrayBuffer(5, { maxByteLength: 9 });
  for (const key of ["byteLength", "maxByteLength", "resizable", "detached"]) {
    Object.defineProperty(buffer, key, { value: false });
  }
  const { byteLength, maxByteLength } = sent([buffer])[0];
  assertEquals([byteLength, maxByteLength], [5, 9]);
});

test("a getter that transfers or resizes a buffer which was written before is rejected", () => {
  const transferred = new Uint8Array(8);
  const resized = new ArrayBuffer(8, { maxByteLength: 16 });
  for (
    const [buffer, change] of [
      [transferred, () => transferred.buffer.transfer()],
      [resized, () => resized.resize(2)],
    ] as const
  ) {
    const value = {
      buffer,
      get later() {
        return change() === undefined;
      },
    };
    assertRefused(value, "value: a getter has transferred or resized a buffer");
  }
});

test("the path of an item is that in the whole array", () => {
  assertRefused(["a", "b", { c: Symbol() }], "value[2].c: a symbol");
});

test("a registered subclass of SharedArrayBuffer is shared", () => {
  const Shared = task(import.meta, class Shared extends SharedArrayBuffer {});
  const buffer = new Shared(8);
  assertStrictEquals(sent([buffer, 1])[0], buffer);
});
