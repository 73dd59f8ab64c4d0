import { assertEquals, assertStrictEquals } from "@std/assert";
import { engineFactoryOf, setEngineFactory } from "../../../lib/pool/engines/engine.ts";

Deno.test("engineFactoryOf() is what was set for the engine, and undefined for anything else", () => {
  const [engine, other] = [1, 2].map(() => ({ ready: () => Promise.resolve() }));
  const factory = () => {
    throw new Error("not called");
  };
  setEngineFactory(engine, factory);
  assertStrictEquals(engineFactoryOf(engine), factory);
  for (const nothing of [other, 5, "engine", null, undefined]) {
    assertEquals(engineFactoryOf(nothing), undefined);
  }
});
