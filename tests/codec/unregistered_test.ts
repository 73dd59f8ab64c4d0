import { assertEquals, assertThrows } from "@std/assert";
import { DataCloneError } from "@sauropod/multiprocessing";
import { defineUnregistered, evaluate, refuseMethod } from "../../lib/codec/unregistered.ts";
import type { AnyFunction } from "../../lib/codec/task.ts";

/** Checks that a function has no definition, for this reason. */
function assertRefused(fn: AnyFunction, message: string): void {
  const error = assertThrows(() => defineUnregistered(fn), DataCloneError);
  assertEquals(error.message.slice(0, message.length), message);
}

const nameless = <F extends AnyFunction>(fn: F): F =>
  Object.defineProperty(fn, "name", { value: "" });

Deno.test("a built-in function is defined by its path, the shortest that there is", () => {
  const paths: [unknown, string][] = [
    [Math.max, "Math.max"],
    [JSON.stringify, "JSON.stringify"],
    [Number.parseFloat, "parseFloat"],
    [Object.keys, "Object.keys"],
    [Array.from, "Array.from"],
    [String.raw, "String.raw"],
    [BigInt.asIntN, "BigInt.asIntN"],
    [Date.now, "Date.now"],
    [Reflect.ownKeys, "Reflect.ownKeys"],
    [Atomics.add, "Atomics.add"],
    [Symbol.for, "Symbol.for"],
    [Promise.resolve, "Promise.resolve"],
    [Intl.getCanonicalLocales, "Intl.getCanonicalLocales"],
    [console.log, "console.log"],
    [structuredClone, "structuredClone"],
    [atob, "atob"],
    [URL, "URL"],
    [Map, "Map"],
    [Temporal.Instant.from, "Temporal.Instant.from"],
    [Temporal.Now.instant, "Temporal.Now.instant"],
  ];
  for (const [fn, name] of paths) {
    assertEquals(defineUnregistered(fn as AnyFunction), { kind: "global", name });
  }
});

Deno.test("a built-in function without a path, and a bound one, are refused", () => {
  const from = "cannot be sent: it has no path from globalThis";
  assertRefused(Map.prototype.get, `the built-in function get ${from}`);
  const { revoke } = Proxy.revocable({}, {});
  assertRefused(revoke as AnyFunction, `a built-in function without a name ${from}`);
  assertRefused(
    Math.max.bind(null, 1),
    "a bound function (bound max) cannot be sent: what it is bound to is hidden. Send that as an " +
      "argument too, for example with starmap(), to task(import.meta, (bound, item) => …)",
  );
});

Deno.test("other functions are defined by their text, methods by that of an object with them", () => {
  const arrow = (x: number) => x + 1;
  assertEquals(defineUnregistered(arrow), { kind: "source", name: "arrow", source: `${arrow}` });
  const unnamed = nameless((x: number) => x + 2);
  assertEquals(defineUnregistered(unnamed), { kind: "source", name: "", source: `${unnamed}` });
  const object = {
    plain(x: number) {
      return x;
    },
    async "with blank"(x: number) {
      return await x;
    },
  };
  for (const [name, fn] of Object.entries(object)) {
    const source = `{${fn}}[${JSON.stringify(name)}]`;
    assertEquals(defineUnregistered(fn), { kind: "source", name, source });
    assertEquals(typeof evaluate(source), "function");
  }
  // A global of the program's own is none of the worker's.
  const declared = function declaredHere() {};
  Object.defineProperty(globalThis, "declaredHere", { value: declared });
  assertEquals(defineUnregistered(declared).kind, "source");
  // A function of the name of a global is not the global.
  const atob = (text: string) => text;
  assertEquals(defineUnregistered(atob).kind, "source");
});

Deno.test("functions that a worker could not call are refused, and the error says what to write", () => {
  class Named {}
  assertRefused(
    Named as unknown as AnyFunction,
    "the class Named cannot be sent unregistered: write task(import.meta, Named) at the top level",
  );
  assertRefused(
    nameless(class {} as unknown as AnyFunction),
    "a class without a name cannot be sent unregistered: write task(import.meta, fn) at the top",
  );
  const object = { of: () => [() => this] }.of()[0];
  assertRefused(
    nameless(object),
    "a function without a name cannot be sent as source: its `this` belongs to where it was " +
      "written. Send the object as an argument",
  );
  const usesMeta = () => import.meta.url;
  assertRefused(
    usesMeta,
    "the function usesMeta cannot be sent as source: its import.meta belongs to its module. Pass " +
      "what it needs of that as an argument, or register it with task(import.meta, usesMeta)",
  );
  const [key, iterator] = ["computed", Symbol.iterator] as const;
  const { computed } = {
    [key]() {
      return 1;
    },
  };
  assertRefused(computed, "the function computed cannot be sent as source: register it with task(");
  const ofSymbol = {
    *[iterator]() {
      yield 1;
    },
  };
  const sent = "the function [Symbol.iterator] cannot be sent as source: register it with task(";
  assertRefused(ofSymbol[iterator], sent);
  const { get } = Object.getOwnPropertyDescriptor(
    {
      get value() {
        return 1;
      },
    },
    "value",
  )!;
  assertRefused(
    get!,
    "the function get value cannot be sent as source: register it with task(import.meta, get value)",
  );
});

Deno.test("what a text throws that is evaluated is thrown, unless it is no expression", () => {
  const text = "(() => { throw new RangeError('in the text') })()";
  const fn = Object.assign(() => {}, { toString: () => text });
  assertEquals(defineUnregistered(fn).kind, "source"); // a toString of its own is not asked
  assertThrows(() => evaluate(text), RangeError, "in the text");
  assertThrows(() => evaluate("1 +"), SyntaxError);
  assertEquals((evaluate("function () { return this }") as AnyFunction)(), undefined); // strict
  assertEquals((evaluate("() => 5 // ends in a comment") as AnyFunction)(), 5);
});

Deno.test("a method is refused in place of a function, a function without this is not", () => {
  const object = {
    factor: 2,
    times(x: number) {
      return this.factor * x;
    },
    plain(x: number) {
      return x;
    },
  };
  refuseMethod(object.plain);
  const message = "the method times cannot be sent without its object, its `this`. Send the object";
  assertThrows(() => refuseMethod(object.times), DataCloneError, message);
  const unnamed = nameless(function (this: unknown) {
    return this;
  });
  assertThrows(() => refuseMethod(unnamed), DataCloneError, "a method without a name cannot be");
});
