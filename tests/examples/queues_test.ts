import { assert, assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("queue_between_workers squares the numbers and adds them up", async () => {
  const expected = { code: 0, lines: ["the sum of the squares is 385"], errors: [] };
  assertEquals(await runExample("queue_between_workers", "--quick"), expected);
});

Deno.test("pipe_between_workers finds every number by bisection", async () => {
  for (const secret of ["1", "37", "100"]) {
    const { code, lines, errors } = await runExample("pipe_between_workers", "--secret", secret);
    assertEquals([code, errors], [0, []]);
    assertEquals(lines.at(-1), `${secret}? right`);
    let [low, high] = [1, 100];
    for (const line of lines.slice(0, -1)) {
      const [, guess, answer] = line.match(/^(\d+)\? (higher|lower)$/)!;
      assert(low <= Number(guess) && Number(guess) <= high, line);
      assertEquals(answer, Number(guess) < Number(secret) ? "higher" : "lower");
      if (answer === "higher") low = Number(guess) + 1;
      else high = Number(guess) - 1;
    }
  }
});

Deno.test("round_trips prints the time of a round trip, blocking and async", async () => {
  const { code, lines, errors } = await runExample("round_trips", "--quick");
  assertEquals([code, errors, lines.length], [0, [], 2]);
  for (const [at, how] of ["blocking", "async"].entries()) {
    const found = lines[at].match(
      /^(.*): 100 round trips, the first in ([0-9.]+) ms, the rest in ([0-9.]+) microseconds each$/,
    )!;
    assertEquals(found[1], how);
    assert(Number(found[2]) > 0 && Number(found[3]) > 0, lines[at]);
  }
});

Deno.test("joinable_queue does all tasks once before join() returns, then ends idle workers", async () => {
  const { code, lines, errors } = await runExample("joinable_queue", "--quick", "--workers", "3");
  assertEquals([code, errors, lines.length], [0, [], 10 + 1 + 3 + 1]);
  const numbers = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  assertEquals(numbers.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const main = lines.findIndex((line) =>
    /^\(main process ends, after [0-9.]+ seconds\)$/.test(line)
  );
  assert(main > lines.findLastIndex((line) => /^\d+$/.test(line)), "all tasks first");
  assertEquals(lines.filter((line) => line === "(sub-process ends)").length, 3);
  assertMatch(lines.at(-1)!, /^\(all sub-processes have ended, after [0-9.]+ seconds\)$/);
});
