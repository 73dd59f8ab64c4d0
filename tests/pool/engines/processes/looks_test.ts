import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Looks } from "../../../../lib/pool/engines/processes/looks.ts";

/** Looks that are counted, in time that is played. */
function counted() {
  const time = new FakeTime();
  const looked: number[] = [];
  const looks = new Looks((number) => looked.push(number));
  return {
    time,
    looks,
    /** Lets time pass. Returns what was looked at meanwhile. */
    after(ms: number): number[] {
      time.tick(ms);
      return looked.splice(0);
    },
    [Symbol.dispose]: () => time.restore(),
  };
}

Deno.test("Looks looks at a chunk that stays the first one, from the second time on", () => {
  using all = counted();
  const { looks, after } = all;
  looks.begin(1);
  assertEquals([after(4), after(1), after(4), after(1), after(5)], [[], [], [], [1], [1]]);
  looks.begin(2); // the timer goes on
  assertEquals([after(5), after(5), after(5)], [[], [2], [2]]);
  for (let number = 3; number < 20; number++) {
    looks.begin(number); // each is done before its second time
    assertEquals(after(5), []);
  }
});

Deno.test("Looks keeps no timer once there is no chunk, and begins again with the next", () => {
  using all = counted();
  const { looks, after, time } = all;
  looks.begin(1);
  after(10);
  looks.stop();
  assertEquals([looks.number, after(5), time.next()], [0, [], false]);
  looks.begin(2);
  assertEquals([looks.number, after(5), after(5)], [2, [], [2]]);
  looks.stop();
  looks.begin(3);
  assertEquals([after(5), after(5)], [[], [3]]);
  looks.stop();
  after(5);
  assertEquals(time.next(), false);
});

Deno.test("Looks looks less often at a chunk at which it has looked a thousand times", () => {
  using all = counted();
  const { looks, after } = all;
  looks.begin(1);
  assertEquals(after(5 * 1000).length, 999);
  assertEquals([after(95), after(5), after(99), after(1)], [[], [1], [], [1]]);
  looks.begin(2); // at the next time of the timer, its count begins anew
  assertEquals([after(100), after(5), after(5)], [[], [2], [2]]);
});
