import { assertEquals, assertMatch } from "@std/assert";

Deno.test("bench/main.ts measures every scenario", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "bench/main.ts", "--quick"],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  for (
    const scenario of [
      "start to first result",
      "awaited",
      "together",
      "map over",
      "strings of 20",
      "strings of 100, Latin-1",
      "strings of 100, two bytes",
      "objects with strings, there",
      "objects with strings, two bytes",
      "an object of \\d+ keys",
      "a string of \\d+, there",
      "a string of \\d+, Latin-1",
      "a string of \\d+, two bytes",
      "dates",
      "lines of JSON",
      "there and back",
      "tasks with an array of",
      "from one worker",
      "a worker or process, start to first result",
      "by a worker or process, p50",
      "together, by 2 workers or processes",
      "numbers, by 2 workers or processes",
      "there and back, to a worker or process",
      "kill of a worker or process",
      "Lock",
      "integral of",
      "sum\\(\\) of",
      "distances of",
      "copy and sum",
      "elements, stored",
    ]
  ) {
    assertMatch(text, new RegExp(scenario));
  }
  // Another contender may happen to take as long as the first of its scenario.
  assertEquals(text.match(/, median of \d+\)\n.*x 1\.000$/gm)?.length, 31, text);
});
