import { assertGreater } from "@std/assert";
import { type Kind, rounds, stress } from "../../scripts/stress.ts";
import { test } from "../fixtures/guarded.ts";

for (const kind of Object.keys(rounds) as Kind[]) {
  test(`stress() of ${kind}s finds no broken invariant`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { operations } = await stress({
      seed, // in the message of an error
      workers: 4,
      maxRounds: 6,
      timeMs: Infinity,
      kinds: [kind],
    });
    assertGreater(operations, 0);
  });
}

test("stress() runs the same rounds for the same seed", async () => {
  const run = async (seed: number) => {
    const chosen: [Kind, number][] = [];
    await stress({
      seed,
      workers: 1,
      maxRounds: 4,
      timeMs: Infinity,
      kinds: ["event", "pipe"],
      onRound: (_round, kind, roundSeed) => chosen.push([kind, roundSeed]),
    });
    return JSON.stringify(chosen);
  };
  const first = await run(5);
  if (first !== await run(5) || first === await run(6)) throw new Error(first);
});
