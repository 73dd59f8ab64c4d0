import { assertEquals, assertStrictEquals } from "@std/assert";
import { Leniency, SPENT } from "../../lib/codec/leniency.ts";
import { NotCloneable } from "../../lib/codec/refusals.ts";

/** Returns what a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

Deno.test("what is omitted is named by its path, which a long one ends with an ellipsis", () => {
  const leniency = new Leniency();
  assertEquals(leniency.namesOmitted(), undefined);
  leniency.steps.push("request", "body");
  leniency.omit();
  leniency.steps.length = 0;
  leniency.steps.push(...Array(20).fill("a"));
  leniency.omit();
  leniency.steps.push("a");
  leniency.omit();
  assertEquals(leniency.namesOmitted(), ["request.body", Array(20).fill("a").join("."), "a.a.a…"]);
  assertEquals(leniency.steps.length, 21);
});

Deno.test("an error and those in it omit a hundred parts together, and then no more", () => {
  const outer = new Leniency();
  const inner = new Leniency(outer);
  for (let count = 1; count < 100; count++) (count % 2 ? outer : inner).spend();
  assertEquals([outer, inner].map((it) => thrownBy(() => it.check())), [undefined, undefined]);
  inner.steps.push("last");
  inner.omit();
  for (const it of [outer, inner]) assertStrictEquals(thrownBy(() => it.check()), SPENT);
  assertEquals([outer.namesOmitted(), inner.namesOmitted()], [undefined, ["last"]]);
  assertEquals(thrownBy(() => new Leniency().check()), undefined);
});

Deno.test("errors are in each other a hundred times", () => {
  let innermost = new Leniency();
  for (let depth = 1; depth <= 100; depth++) innermost = new Leniency(innermost);
  const refused = thrownBy(() => new Leniency(innermost));
  assertEquals(NotCloneable.is(refused) && refused.why, "it is nested too deeply");
});
