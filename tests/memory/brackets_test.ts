import { assertEquals, assertThrows } from "@std/assert";
import { Pool, SharedList, SharedMap } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";

type Anything = Record<string | number, unknown>;

test("SharedMap and SharedList throw TypeError for brackets, with what to write instead", async () => {
  const map = new SharedMap<string, number>({ a: 1 });
  const list = new SharedList([1, 2]);
  const [mapAny, listAny] = [map, list] as unknown as Anything[];
  const expected = 'Cannot set [b c]: it would not be shared. Write set("b c", value)';
  assertThrows(() => mapAny["b c"] = 2, TypeError, expected);
  assertThrows(() => mapAny[1] = 2, TypeError, "Cannot set [1]");
  assertThrows(() => listAny[0] = 2, TypeError, "Write set(0, value)");
  assertThrows(() => listAny.first = 2, TypeError, "Write set(index, value)");
  assertThrows(() => listAny[0], TypeError, "Write get(0)");
  assertThrows(() => listAny[-1], TypeError, "Write get(-1)");
  assertEquals([map.copy(), list.copy()], [new Map([["a", 1]]), [1, 2]]);
  assertEquals([Object.keys(map), Object.keys(list)], [["address"], ["address"]]);

  await using pool = new Pool(1);
  const inWorker = (map: SharedMap<string, number>, list: SharedList<number>) => {
    const messages: string[] = [];
    for (const handle of [map, list] as unknown as Record<number, unknown>[]) {
      try {
        handle[0] = 1;
      } catch (error) {
        messages.push((error as Error).message);
      }
    }
    return messages.length;
  };
  assertEquals(await pool.apply(inWorker, [map, list]), 2);
});

test("SharedMap and SharedList allow members, symbols and properties of subclasses", () => {
  class Named extends SharedMap<string, number> {
    title = "named";
  }
  const named = new Named({ a: 1 }) as Named & { other?: number };
  named.other = 3;
  assertEquals([named.title, named.other, named.get("a")], ["named", 3, 1]);
  const list = new SharedList(["x"]) as SharedList<string> & Record<symbol, unknown>;
  const mark = Symbol("mark");
  list[mark] = 1;
  assertEquals([list[mark], "then" in list], [1, false]);
  assertEquals(list instanceof SharedList, true);
  assertEquals(Array.from(list), ["x"]);
});

test("brackets read nothing of a SharedMap, nor of a subclass of SharedList", () => {
  const map = new SharedMap<string, number>({ a: 1 }) as SharedMap<string, number> & Anything;
  assertEquals([map[0], map.b, "0" in map], [undefined, undefined, false]);
  class Named extends SharedList<number> {}
  const named = new Named([5]) as Named & Anything;
  assertEquals([named[0], named.first, named.length], [undefined, undefined, 1]);
  const list = new SharedList([5]) as SharedList<number> & Anything;
  for (const name of ["first", "1x", "--1", ""]) assertEquals(list[name], undefined);
});
