import { assertEquals } from "@std/assert";
import type { Scenario } from "./checker.ts";
import { finds, proves, times } from "./prove.ts";
import { i32 } from "./stand_ins.ts";

/** Adds to a word as one must not without exclusion: another could be between reading and writing. */
function sections(threads: number, rounds: number): Scenario {
  return {
    name: `guard: ${threads} threads enter ${rounds} times`,
    threads,
    alike: true,
    forgetful: true,
    uses: ["guard"],
    realGuard: true,
    setUp({ isolates, word }) {
      const guard = word("guard");
      const sum = word("sum");
      return {
        threads: isolates.map(({ guard: { enter, leave } }) =>
          times(rounds, [() => {
            enter(guard);
            i32[sum] = i32[sum] + 1;
            leave(guard);
          }])
        ),
        atEnd() {
          assertEquals(i32[sum], threads * rounds);
          assertEquals(i32[guard], 0);
        },
      };
    },
  };
}

proves(sections(2, 3));
proves(sections(3, 1));
proves(sections(3, 2));
proves(sections(4, 1));
proves(sections(3, 3), { large: true });
proves(sections(4, 2), { large: true });

const file = "lib/heap/guard.ts";

finds("a guard that is taken in two steps admits two isolates", {
  file,
  from: "if (Atomics.compareExchange(i32, word, FREE, TAKEN) !== FREE) enterSlowly(word);",
  to:
    "if (Atomics.load(i32, word) !== FREE) enterSlowly(word); else Atomics.store(i32, word, TAKEN);",
}, sections(2, 1));

finds("a guard that is left without a check of CONTENDED wakes no sleeper", {
  file,
  from: "if (Atomics.exchange(i32, word, FREE) === CONTENDED) Atomics.notify(i32, word, 1);",
  to: "Atomics.exchange(i32, word, FREE);",
}, sections(2, 1));

finds("a sleeper that enters with TAKEN forgets the other sleepers", {
  file,
  from: "    Atomics.wait(i32, word, CONTENDED);\n",
  to: "    Atomics.wait(i32, word, CONTENDED);\n" +
    "    if (Atomics.compareExchange(i32, word, FREE, TAKEN) === FREE) return;\n",
}, sections(3, 1));

finds("a guard that is freed after the wake-up lets the woken isolate sleep again", {
  file,
  from: "if (Atomics.exchange(i32, word, FREE) === CONTENDED) Atomics.notify(i32, word, 1);",
  to: "if (Atomics.load(i32, word) === CONTENDED) Atomics.notify(i32, word, 1); " +
    "Atomics.store(i32, word, FREE);",
}, sections(2, 1));
