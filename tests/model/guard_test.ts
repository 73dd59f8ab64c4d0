import { assertEquals } from "@std/assert";
import type { Scenario } from "./scenario.ts";
import { finds, proves, repeat } from "./prove.ts";
import { i32 } from "./stand_ins.ts";

/** All increment a word in two steps, a read and a write, which need mutual exclusion. */
function increments(count: number, rounds: number): Scenario {
  return {
    name: `guard: ${count} isolates enter ${rounds} times`,
    isolates: count,
    alike: true,
    forgetful: true,
    uses: ["guard"],
    realGuard: true,
    setUp({ isolates, word }) {
      const guard = word("guard");
      const sum = word("sum");
      return {
        programs: isolates.map(({ guard: { enter, leave } }) =>
          repeat(rounds, [() => {
            enter(guard);
            i32[sum] = i32[sum] + 1;
            leave(guard);
          }])
        ),
        atEnd() {
          assertEquals(i32[sum], count * rounds);
          assertEquals(i32[guard], 0);
        },
      };
    },
  };
}

proves(increments(2, 3));
proves(increments(3, 1));
proves(increments(3, 2));
proves(increments(4, 1));
proves(increments(3, 3), { large: true });
proves(increments(4, 2), { large: true });

const file = "lib/heap/guard.ts";

finds("a guard that is taken in two steps admits two isolates", {
  file,
  from: "if (Atomics.compareExchange(i32, word, FREE, TAKEN) !== FREE) enterSlowly(word);",
  to:
    "if (Atomics.load(i32, word) !== FREE) enterSlowly(word); else Atomics.store(i32, word, TAKEN);",
}, increments(2, 1));

finds("a guard that is left without a check of CONTENDED wakes no sleeper", {
  file,
  from: "if (Atomics.exchange(i32, word, FREE) === CONTENDED) Atomics.notify(i32, word, 1);",
  to: "Atomics.exchange(i32, word, FREE);",
}, increments(2, 1));

finds("a sleeper that enters with TAKEN forgets the other sleepers", {
  file,
  from: "    Atomics.wait(i32, word, CONTENDED);\n",
  to: "    Atomics.wait(i32, word, CONTENDED);\n" +
    "    if (Atomics.compareExchange(i32, word, FREE, TAKEN) === FREE) return;\n",
}, increments(3, 1));

finds("a guard that is freed after the wake-up lets the woken isolate sleep again", {
  file,
  from: "if (Atomics.exchange(i32, word, FREE) === CONTENDED) Atomics.notify(i32, word, 1);",
  to: "if (Atomics.load(i32, word) === CONTENDED) Atomics.notify(i32, word, 1); " +
    "Atomics.store(i32, word, FREE);",
}, increments(2, 1));
