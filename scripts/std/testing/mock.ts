/**
 * The part of JSR's `@std/testing/mock` that this repository uses. Not offered: spies of
 * constructors, sessions, and the functions that return canned values.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any
import { assertEquals, AssertionError, assertIsError } from "../assert/mod.ts";

/** Thrown when a spy cannot be made or restored. */
export class MockError extends Error {
  override name = "MockError";
}

/** A call that a spy recorded. */
export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** The arguments. */
  args: Args;
  /** The value that was returned. */
  returned?: Return;
  /** The error that was thrown. */
  error?: Error;
  /** The object that the method was called on. */
  self?: Self;
}

/** A function that records its calls. */
export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  /** The function that is spied on. */
  original: (this: Self, ...args: Args) => Return;
  /** The calls, in the order in which they ended. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the method has been put back. */
  restored: boolean;
  /** Puts the method back. */
  restore(): void;
}

/** A method that records its calls until it is restored or disposed of. */
export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

/** A {@linkcode MethodSpy} that calls another function in place of the method. */
export interface Stub<Self = any, Args extends unknown[] = any[], Return = any>
  extends MethodSpy<Self, Args, Return> {
  /** The function that is called in place of the method. */
  fake: (this: Self, ...args: Args) => Return;
}

/** The parameters of a method. */
export type GetParametersFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: infer Args) => unknown ? Args : unknown[];

/** The return type of a method. */
export type GetReturnFromProp<Self, Prop extends keyof Self> = Self[Prop] extends
  (...args: any[]) => infer Return ? Return : unknown;

type Method = (this: any, ...args: any[]) => any;

/** Every spy and stub that was made here. */
const spies = new WeakSet<Method>();

/** Makes a function that records its calls and returns `undefined`. */
export function spy<Self = any, Args extends unknown[] = any[], Return = undefined>(): Spy<
  Self,
  Args,
  Return
>;
/** Makes a function that calls `func` and records the call. */
export function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
/** Replaces a method of `self` by one that calls it and records the call. */
export function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function spy(target: any = () => {}, property?: PropertyKey): Spy {
  if (property !== undefined) {
    if (typeof target[property] !== "function") {
      throw new MockError("Cannot spy: property is not an instance method");
    }
    return replace("spy", target, property, target[property]);
  }
  const restore = () => {
    throw new MockError("Cannot restore: function cannot be restored");
  };
  return Object.assign(recorder(target), { original: target, restored: false, restore });
}

/** Replaces a method of `self` by `func`, or by a function that does nothing, and records calls. */
export function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func?: (this: Self, ...args: GetParametersFromProp<Self, Prop>) => GetReturnFromProp<Self, Prop>,
): Stub<Self, GetParametersFromProp<Self, Prop>, GetReturnFromProp<Self, Prop>>;
export function stub(self: any, property: PropertyKey, func: Method = () => {}): Stub {
  if (self[property] !== undefined && typeof self[property] !== "function") {
    throw new MockError("Cannot stub: property is not an instance method");
  }
  return Object.assign(replace("stub", self, property, func), { fake: func });
}

/** Wraps a function so that it records its calls. */
function recorder(fn: Method): Method & { calls: SpyCall[] } {
  const calls: SpyCall[] = [];
  const recording = function (this: any, ...args: any[]): unknown {
    const call: SpyCall = this ? { args, self: this } : { args };
    try {
      return call.returned = fn.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  };
  spies.add(recording);
  return Object.assign(recording, { calls });
}

/** Puts a recording `fn` in the place of a method. */
function replace(verb: string, self: any, property: PropertyKey, fn: Method): MethodSpy {
  const original = self[property];
  if (spies.has(original)) {
    throw new MockError(`Cannot ${verb}: already spying on instance method`);
  }
  const descriptor = Object.getOwnPropertyDescriptor(self, property);
  if (descriptor && !descriptor.configurable) {
    throw new MockError(`Cannot ${verb}: non-configurable instance method`);
  }
  const restore = () => {
    if (double.restored) throw new MockError("Cannot restore: instance method already restored");
    if (descriptor) Object.defineProperty(self, property, descriptor);
    else delete self[property];
    double.restored = true;
  };
  const double: MethodSpy = Object.assign(recorder(fn), {
    original,
    restored: false,
    restore,
    [Symbol.dispose]: restore,
  });
  Object.defineProperty(self, property, {
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    writable: descriptor?.writable ?? false,
    value: double,
  });
  return double;
}

/** Asserts how often a spy was called. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  const { length } = spy.calls;
  expectEqual(
    length,
    expectedCalls,
    length < expectedCalls ? "Spy not called as much as expected" : "Spy called more than expected",
  );
}

/** What a call is expected to be: only what is named is compared. */
export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** The arguments. */
  args?: [...Args, ...unknown[]];
  /** The object that the method was called on. */
  self?: Self;
  /** The value that was returned. */
  returned?: Return;
  /** The error that was thrown. */
  error?: {
    /** Its class. */
    Class?: new (...args: any[]) => Error;
    /** Part of its message. */
    msgIncludes?: string;
  };
}

/** Asserts that a spy was called more than `callIndex` times, and what that call was. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Return> = {},
): void {
  const call = spy.calls[callIndex];
  if (call === undefined) throw new AssertionError("Spy not called as much as expected");
  if (expected.args) expectEqual(call.args, expected.args, "Spy not called with expected args");
  if ("self" in expected) {
    expectEqual(
      call.self,
      expected.self,
      expected.self
        ? "Spy not called as method on expected self"
        : "Spy not expected to be called as method on object",
    );
  }
  if ("returned" in expected) {
    if ("error" in expected) {
      throw new TypeError("Do not expect error and return, only one should be expected");
    }
    if (call.error) {
      throw new AssertionError("Spy call did not return expected value, an error was thrown.");
    }
    expectEqual(call.returned, expected.returned, "Spy call did not return expected value");
  }
  if ("error" in expected) {
    if ("returned" in call) {
      throw new AssertionError("Spy call did not throw an error, a value was returned.");
    }
    assertIsError(call.error, expected.error?.Class, expected.error?.msgIncludes);
  }
}

function expectEqual(actual: unknown, expected: unknown, message: string): void {
  try {
    assertEquals(actual, expected);
  } catch (error) {
    const difference = (error as Error).message.split("\n").slice(1).join("\n");
    throw new AssertionError(`${message}:\n${difference}`);
  }
}
