/**
 * The stand-ins of scripts/std behave as the documentation of the originals on JSR says. These tests
 * assert only what tests of this repository may rely on, so they pass with the originals too.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { deadline, delay } from "@std/async";
import { parseArgs } from "@std/cli/parse-args";

/** Returns whether `fn` throws an AssertionError; checks `assertThrows` itself. */
function fails(fn: () => void): boolean {
  try {
    fn();
    return false;
  } catch (error) {
    if (error instanceof AssertionError && error.name === "AssertionError") return true;
    throw error;
  }
}

/** Resolves to the reason of a rejection, or to "resolved". */
function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => "resolved", (reason) => reason);
}

Deno.test("assertEquals() compares deeply", () => {
  const cyclic = () => {
    const object: Record<string, unknown> = { list: [1, { two: 2 }] };
    return Object.assign(object, { self: object });
  };
  const same: [unknown, unknown][] = [
    [NaN, NaN],
    [1n, 1n],
    [cyclic(), cyclic()],
    [new Map([[{ a: 1 }, new Set([1])]]), new Map([[{ a: 1 }, new Set([1])]])],
    [new Set([{ a: 1 }]), new Set([{ a: 1 }])],
    [new Float64Array([1, NaN]), new Float64Array([1, NaN])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
  ];
  const different: [unknown, unknown][] = [
    [1, "1"],
    [1, 1n],
    [{ a: undefined }, {}],
    [[1, 2], [2, 1]],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    [new Float32Array([1]), new Float64Array([1])],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Date(5), new Date(6)],
    [new (class Point {})(), {}],
  ];
  for (const [a, b] of same) {
    assertEquals(a, b);
    assert(fails(() => assertNotEquals(a, b)));
  }
  for (const [a, b] of different) {
    assertNotEquals(a, b);
    assert(fails(() => assertEquals(a, b)));
  }
});

Deno.test("assertEquals() shows the difference after the message", () => {
  const error = assertThrows(() => assertEquals({ a: 1 }, { a: 2 }, "as read"), AssertionError);
  assertMatch(error.message, /^Values are not equal: as read\n[^]*a: 1[^]*a: 2/);
});

Deno.test("each assertion accepts what it names and throws otherwise", () => {
  const object = {};
  assert(1);
  assert(fails(() => assert(0)));
  assert(fails(() => fail("always")));
  assertStrictEquals(object, object);
  assert(fails(() => assertStrictEquals({}, object)));
  assert(fails(() => assertStrictEquals(0, -0)));
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1, 1.5, 0.5);
  assert(fails(() => assertAlmostEquals(1, 1.1)));
  assert(fails(() => assertAlmostEquals(NaN, 1)));
  assertGreater(2, 1);
  assert(fails(() => assertGreater(1, 1)));
  assertLess(1, 2);
  assert(fails(() => assertLess(1, 1)));
  assertExists(0);
  assert(fails(() => assertExists(null)));
  assertInstanceOf(new RangeError(), Error);
  assert(fails(() => assertInstanceOf({}, Error)));
  assertIsError(new RangeError("too far"), RangeError, "far");
  assert(fails(() => assertIsError("too far")));
  assert(fails(() => assertIsError(new RangeError("too far"), TypeError)));
  assertStringIncludes("abc", "b");
  assert(fails(() => assertStringIncludes("abc", "d")));
  assertMatch("abc", /^a/);
  assert(fails(() => assertMatch("abc", /^b/)));
});

Deno.test("assertions narrow types", () => {
  const value: unknown = new RangeError("out");
  assertInstanceOf(value, RangeError);
  value satisfies RangeError;
  const maybe: string | undefined = ["text"].at(0);
  assertExists(maybe);
  maybe satisfies string;
  assertThrows(() => JSON.parse("{"), SyntaxError).message satisfies string;
});

Deno.test("assertThrows() returns the error and checks its class and message", () => {
  const thrown = new RangeError("too far");
  const fn = () => {
    throw thrown;
  };
  assertStrictEquals(assertThrows(fn), thrown);
  assertStrictEquals(assertThrows(fn, Error, "far"), thrown);
  assert(fails(() => assertThrows(fn, TypeError)));
  assert(fails(() => assertThrows(fn, RangeError, "near")));
  assert(fails(() => assertThrows(() => {})));
  const throwsText = () => {
    throw "text";
  };
  assertEquals(assertThrows(throwsText), "text");
  assert(fails(() => assertThrows(throwsText, Error)));
});

Deno.test("assertRejects() resolves to the reason and checks its class and message", async () => {
  const reason = new RangeError("too far");
  const fn = () => Promise.reject(reason);
  assertStrictEquals(await assertRejects(fn), reason);
  assertStrictEquals(await assertRejects(fn, Error, "far"), reason);
  const rejected = [
    assertRejects(fn, TypeError),
    assertRejects(fn, RangeError, "near"),
    assertRejects(() => Promise.resolve()),
    assertRejects(() => {
      throw reason;
    }),
  ];
  for (const promise of rejected) assertInstanceOf(await reasonOf(promise), AssertionError);
});

Deno.test("delay() resolves, or rejects with the signal's reason", async () => {
  assertStrictEquals(await delay(1), undefined);
  const stop = new AbortController();
  const stopped = delay(1e6, { signal: stop.signal });
  stop.abort("enough");
  assertEquals(await reasonOf(stopped), "enough");
  assertEquals(await reasonOf(delay(1, { signal: stop.signal })), "enough");
});

Deno.test("deadline() settles as the promise does, or rejects when it is late", async () => {
  assertEquals(await deadline(Promise.resolve(7), 1e6), 7);
  const failure = new Error("own");
  assertStrictEquals(await reasonOf(deadline(Promise.reject(failure), 1e6)), failure);
  const never = new Promise<void>(() => {});
  const late = await assertRejects(() => deadline(never, 1), DOMException);
  assertEquals(late.name, "TimeoutError");
  assertEquals(await reasonOf(deadline(never, 1e6, { signal: AbortSignal.abort("no") })), "no");
});

Deno.test("parseArgs() reads undeclared options and numbers", () => {
  assertEquals(
    { ...parseArgs(["in.nii", "--size", "64", "--name=a=b", "--dry", "-n5", "-ab", "--", "-x"]) },
    { _: ["in.nii", "-x"], size: 64, name: "a=b", dry: true, n: 5, a: true, b: true },
  );
  assertEquals(parseArgs([], { default: { size: 64 } }).size, 64);
  assertEquals(parseArgs(["--size=8"], { default: { size: 64 } }).size, 8);
});

Deno.test("parseArgs() gives declared options their types", () => {
  const args = parseArgs(["--fast", "a", "--size", "064", "--tag", "x"], {
    boolean: ["fast", "quiet"],
    string: ["size", "out", "tag", "label"],
    collect: ["tag", "label"],
    default: { out: "out.png" },
  });
  args.fast satisfies boolean;
  args.size satisfies string | undefined;
  args.out satisfies string;
  args.tag satisfies string[];
  args._ satisfies (string | number)[];
  assertEquals({ ...args }, {
    _: ["a"],
    fast: true,
    quiet: false,
    size: "064",
    out: "out.png",
    tag: ["x"],
    label: [],
  });
});

Deno.test("parseArgs() takes the last of a repeated option, or collects all", () => {
  assertEquals(parseArgs(["--n", "1", "--n", "2"]).n, 2);
  const options = { string: ["n"], collect: ["n"], default: { n: ["0"] } } as const;
  assertEquals(parseArgs([], options).n, ["0"]);
  assertEquals(parseArgs(["--n", "1", "--n", "2"], options).n, ["1", "2"]);
});

Deno.test("parseArgs() negates only options that `negatable` names", () => {
  const options = { boolean: ["color"], negatable: ["color"], default: { color: true } } as const;
  assertEquals(parseArgs([], options).color, true);
  assertEquals(parseArgs(["--no-color"], options).color, false);
  assertEquals(parseArgs(["--no-color", "--color"], options).color, true);
  assertEquals({ ...parseArgs(["--no-color"]) }, { _: [], "no-color": true });
});

Deno.test("parseArgs() gives every alias the value", () => {
  const alias = { help: "h", size: ["s", "n"] };
  const args = parseArgs(["-h", "x", "-s", "3"], { boolean: "help", alias, default: { size: 1 } });
  assertEquals({ ...args }, { _: ["x"], help: true, h: true, size: 3, s: 3, n: 3 });
  assertEquals(parseArgs([], { alias, default: { size: 1 } }).n, 1);
});

Deno.test("parseArgs() calls `unknown` with undeclared arguments", () => {
  const unknown: string[] = [];
  const args = parseArgs(["--fast", "--slow", "--no-way", "file"], {
    boolean: ["fast"],
    unknown: (arg: string) => {
      unknown.push(arg);
      return !arg.startsWith("-");
    },
  });
  assertEquals(unknown, ["--slow", "--no-way"]);
  assertEquals({ ...args }, { _: [], fast: true });
});

Deno.test("parseArgs() separates the arguments after -- when option -- is true", () => {
  const args = parseArgs(["a", "--", "--b", "--no-c"], { "--": true });
  assertEquals({ ...args }, { _: ["a"], "--": ["--b", "--no-c"] });
});
