import { assert, assertStrictEquals } from "@std/assert";
import * as mp from "@sauropod/multiprocessing";
import * as errors from "../../lib/errors.ts";

Deno.test("mod.ts exports nothing that is not there, and everything under its own name", () => {
  const exported = new Map<string, unknown>(Object.entries(mp));
  for (const [name, value] of exported) {
    assert(value !== undefined, name);
    if (typeof value === "function") assertStrictEquals(exported.get(value.name), value, name);
  }
});

Deno.test("mod.ts exports every error class, and each of them crosses", () => {
  const { errorClasses, ...classes } = errors;
  const exported = new Map<string, unknown>(Object.entries(mp));
  for (const [name, errorClass] of Object.entries(classes)) {
    assertStrictEquals(exported.get(name), errorClass, name);
    assertStrictEquals(errorClasses[name] as unknown, errorClass, name);
  }
});

Deno.test("mod.ts exports everything that a context has", () => {
  const { startMethod: _, getContext: _own, ...members } = mp.getContext();
  const exported = new Map<string, unknown>(Object.entries(mp));
  for (const [name, member] of Object.entries(members)) {
    assertStrictEquals(exported.get(name), member, name);
  }
});
