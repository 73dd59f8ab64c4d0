import { assertEquals } from "@std/assert";
import { functionAddress } from "../../lib/codec/functions.ts";
import { explainScope } from "../../lib/codec/scope_hint.ts";
import type { AnyFunction } from "../../lib/codec/task.ts";
import { evaluate } from "../../lib/codec/unregistered.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { shift } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

/** Returns what is added to the message of the error of a call. */
function hintOf(error: unknown, fn: AnyFunction, args?: unknown): string {
  const { message } = error as Error;
  explainScope(error, functionAddress(fn), args);
  return (error as Error).message.slice(message.replace(/\.$/, "").length);
}

/** Returns the error that code throws. */
function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

const inline = () => 5;
const SEES_NOTHING =
  ". A function that is sent as source sees nothing outside itself: pass what it " +
  "needs as an argument, or register it with task(import.meta, fn) at the top level of its module";
const WITHOUT_METHODS =
  ". If it is an object that was sent: one of a class that is not registered " +
  "arrives without its methods. Write task(import.meta, Class), and for each subclass too";

test("a name that a function does not see is explained if the function was sent as source", () => {
  assertEquals(hintOf(new ReferenceError("x is not defined"), inline), SEES_NOTHING);
  assertEquals(hintOf(new ReferenceError("x is not defined."), inline), SEES_NOTHING);
  assertEquals(hintOf(new ReferenceError("x is not defined"), shift), "");
  assertEquals(hintOf(new ReferenceError("x is not defined"), Math.max), "");
  // Also if a registered function has called one that was sent as source.
  const sent = evaluate("() => missing") as AnyFunction;
  assertEquals(hintOf(errorOf(sent), shift), SEES_NOTHING);
  assertEquals(hintOf(errorOf(() => Reflect.get(globalThis, "missing")()), shift), "");
});

test("errors of other classes, other values and errors that cannot be changed are left as they are", () => {
  for (const message of ["private member #x", "Receiver must be a Map", "a.b is not a function"]) {
    assertEquals(hintOf(new RangeError(message), inline, [{}]), "");
  }
  assertEquals(hintOf(new TypeError("too far"), inline, [{}]), "");
  for (const thrown of ["x is not defined", undefined, { message: "x is not defined" }]) {
    explainScope(thrown, functionAddress(inline));
  }
  const frozen = Object.freeze(new ReferenceError("x is not defined"));
  assertEquals(hintOf(frozen, inline), "");
  const unreadable = Object.defineProperty(new TypeError("x"), "message", {
    get: () => {
      throw new Error("in getter");
    },
  });
  explainScope(unreadable, functionAddress(inline));
});

test("private members that are missing are explained, whatever the function is", () => {
  const hint =
    ". The private members of an object do not cross: say what does, with registerReducer()";
  class Hidden {
    #x = 1;
    static of(it: Hidden): number {
      return it.#x;
    }
  }
  for (const fn of [inline, shift]) {
    assertEquals(hintOf(errorOf(() => Hidden.of({} as Hidden)), fn), hint);
    assertEquals(hintOf(new TypeError("Receiver must be an instance of class X"), fn), hint);
    assertEquals(hintOf(new TypeError("It says: Receiver must be X"), fn), "");
  }
});

test("a method that a plain object among the arguments lacks is explained", () => {
  const error = () => new TypeError("it.m is not a function");
  for (const args of [[{}], [1, {}], [[{}]], [[1, [{}]]].flat(), {}]) {
    assertEquals(hintOf(error(), shift, args), WITHOUT_METHODS);
  }
  const others = [[], [1, "x", null], [new Map()], [Object.create(null)], [[[[{}]]]], undefined];
  for (const args of [...others, null, 5, [() => {}]]) {
    assertEquals(hintOf(error(), shift, args), "");
  }
  assertEquals(hintOf(error(), shift, [...Array(19).fill(0), {}]), WITHOUT_METHODS);
  assertEquals(hintOf(error(), shift, [...Array(20).fill(0), {}]), "");
  assertEquals(hintOf(new TypeError("m is not a function"), shift, [{}]), "");
});

test("imports and classes that a function sent as source lacks are explained", () => {
  const imports = evaluate('() => import("./other.ts")') as AnyFunction;
  const notFound = () => new TypeError('Module not found "file:///other.ts"');
  const start =
    ". A function that is sent as source belongs to no module, so its imports are relative";
  assertEquals(hintOf(notFound(), imports).slice(0, start.length), start);
  const parent = evaluate("() => import(`../other.ts`)") as AnyFunction;
  assertEquals(hintOf(notFound(), parent).slice(0, start.length), start);
  for (const source of ['() => import("other")', '() => "./other.ts"']) {
    assertEquals(hintOf(notFound(), evaluate(source) as AnyFunction), "");
  }
  assertEquals(hintOf(new TypeError("not a Module"), imports), "");

  // The class of the browser in place of one that the module imports.
  const makes = evaluate("() => new Event()") as AnyFunction;
  const browser =
    ". A function that is sent as source sees no imports: its Event is the browser's. " +
    "Pass the object as an argument, or register it with task(import.meta, fn) at the top level of its module";
  assertEquals(hintOf(errorOf(makes), makes), browser);
  const lock = evaluate("() => new Lock()") as AnyFunction;
  const illegal = evaluate("() => new Nowhere()") as AnyFunction;
  assertEquals(hintOf(errorOf(makes), lock), ""); // does not make one
  assertEquals(hintOf(errorOf(makes), shift), "");
  const { stack } = errorOf(makes);
  const unknown = Object.assign(new TypeError("Illegal constructor"), {
    stack: stack!.replace("new Event (", "new Nowhere ("),
  });
  assertEquals(hintOf(unknown, illegal), ""); // no global has the name
  const withoutStack = Object.assign(new TypeError("Illegal constructor"), { stack: undefined });
  assertEquals(hintOf(withoutStack, makes), "");
  assertEquals(hintOf(Object.assign(new TypeError("other"), { stack }), makes), "");
});
