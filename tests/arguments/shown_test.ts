import { assertEquals } from "@std/assert";
import { showStateOf } from "../../lib/arguments/shown.ts";

Deno.test("showStateOf() shows the state of instances, also of subclasses, and no state of prototypes", () => {
  class Box {
    readonly item: unknown;
    constructor(item: unknown) {
      this.item = item;
    }
  }
  class Crate extends Box {}
  const asked: unknown[] = [];
  showStateOf(Box, (box) => {
    asked.push(box);
    return box.item === undefined ? undefined : { holds: box.item };
  });
  const [box, crate] = [new Box(5), new Crate("x")];
  assertEquals(Deno.inspect(box), "Box { holds: 5 }");
  assertEquals(Deno.inspect(crate), 'Crate { holds: "x" }');
  assertEquals(Deno.inspect([box]), "[ Box { holds: 5 } ]");
  assertEquals(asked, [box, crate, box]);
  assertEquals(Deno.inspect(Box.prototype), "Box.prototype");
  assertEquals(Deno.inspect(Crate.prototype), "Crate.prototype");
  assertEquals(asked.length, 3); // a prototype has no state to ask for
  assertEquals(Deno.inspect(new Box(undefined)), "Box.prototype");
});
