import { assertEquals, assertThrows } from "@std/assert";
import { WorkList } from "../../lib/objects/work_list.ts";

Deno.test("WorkList handles an item before add() returns, and those that it adds after it", () => {
  const events: string[] = [];
  const list = new WorkList<string>((item) => {
    events.push(`${item} begins`);
    if (item.length < 3) list.add(`${item}x`);
    events.push(`${item} ends`);
  });
  list.add("a");
  events.push("added");
  list.add("abc");
  assertEquals(events, [
    ...["a begins", "a ends", "ax begins", "ax ends", "axx begins", "axx ends"],
    ...["added", "abc begins", "abc ends"],
  ]);
});

Deno.test("WorkList follows items to any depth", () => {
  let handled = 0;
  const list = new WorkList<number>((depth) => {
    handled++;
    if (depth > 1) list.add(depth - 1);
  });
  list.add(100_000);
  assertEquals(handled, 100_000);
});

Deno.test("WorkList handles items after one that failed", () => {
  const handled: string[] = [];
  const list = new WorkList<string>((item) => {
    if (item === "bad") throw new RangeError(item);
    handled.push(item);
  });
  assertThrows(() => list.add("bad"), RangeError, "bad");
  list.add("good");
  assertEquals(handled, ["good"]);
});
