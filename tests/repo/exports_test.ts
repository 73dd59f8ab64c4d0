import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as mp from "@sauropod/multiprocessing";
import * as dummy from "@sauropod/multiprocessing/dummy";
import * as futures from "@sauropod/multiprocessing/futures";
import * as joblib from "@sauropod/multiprocessing/joblib";
import * as loops from "@sauropod/multiprocessing/loops";
import * as ndarray from "@sauropod/multiprocessing/ndarray";
import * as random from "@sauropod/multiprocessing/random";
import * as sharedmem from "@sauropod/multiprocessing/sharedmem";
import * as threading from "@sauropod/multiprocessing/threading";
import * as errors from "../../lib/errors.ts";

const { exports } = JSON.parse(
  await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
);

/** The exports of the package but `./dummy`, which has the names of `.`. */
const shelves: Record<string, object> = {
  ".": mp,
  "./futures": futures,
  "./joblib": joblib,
  "./loops": loops,
  "./ndarray": ndarray,
  "./random": random,
  "./sharedmem": sharedmem,
  "./threading": threading,
};

/** Exports that are on purpose called as another one is. */
const NAMESAKES: string[] = [];

Deno.test("every export of the package has its names to itself, and no alias", () => {
  assertEquals(Object.keys(exports).sort(), [...Object.keys(shelves), "./dummy"].sort());
  const names = new Map<string, string>();
  const values = new Map<unknown, string>();
  for (const [shelf, module] of Object.entries(shelves)) {
    for (const [name, value] of Object.entries(module)) {
      assert(value !== undefined, name);
      assert(!names.has(name) || NAMESAKES.includes(name), `${name}: ${names.get(name)}, ${shelf}`);
      names.set(name, shelf);
      if (typeof value !== "function") continue;
      if (/^[A-Z]/.test(name)) assertEquals(value.name, name);
      assert(!values.has(value), `${name} is ${values.get(value)}`);
      values.set(value, name);
    }
  }
});

Deno.test("every error class is exported, and crosses", () => {
  const { errorClasses, ...classes } = errors;
  const exported = new Map(Object.values(shelves).flatMap((module) => Object.entries(module)));
  for (const [name, errorClass] of Object.entries(classes)) {
    assertStrictEquals(exported.get(name), errorClass, name);
    assertStrictEquals(errorClasses[name] as unknown, errorClass, name);
  }
});

Deno.test("a context has what the package has", () => {
  const { startMethod: _, getContext: _own, ...members } = mp.getContext();
  const { getContext: _function, ...exported } = mp;
  assertEquals(Object.keys(members).sort(), Object.keys(exported).sort());
  for (const [name, member] of Object.entries(members)) {
    assertStrictEquals(Reflect.get(mp, name), member, name);
  }
});

Deno.test("./dummy has what the package has, but for contexts", () => {
  const { getContext: _, ...exported } = mp;
  assertEquals(Object.keys(dummy).sort(), Object.keys(exported).sort());
});
