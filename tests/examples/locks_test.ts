import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

/** Splits lines into sections, each headed by a line that ends with a colon. */
function sections(lines: string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    if (line.endsWith(":")) found.set(line, current = []);
    else current.push(line);
  }
  return found;
}

Deno.test("woozle_wuzzle mixes half lines without a lock, and keeps lines whole with one", async () => {
  const { code, lines, errors } = await runExample("woozle_wuzzle", "--workers", "3", "--quick");
  assertEquals([code, errors], [0, []]);
  const whole = [0, 1, 2, 3, 4].flatMap((time) => Array(3).fill(`${time} Woozle Wuzzle`));
  const words = (texts: string[]) => texts.join(" ").split(" ").sort();
  const parts = sections(lines);
  assertEquals(parts.size, 6);
  for (const [name, part] of parts) {
    if (!name.includes("withoutLock")) assertEquals(part.toSorted(), whole, name);
    else assertEquals(words(part), words(whole), name);
  }
  assertNotEquals(parts.get("Thread withoutLock:")!.toSorted(), whole);
});

Deno.test("mutex_methods prints each start with its end, in threads and in processes", async () => {
  const { code, lines, errors } = await runExample("mutex_methods", "--quick");
  assertEquals([code, errors], [0, []]);
  const parts = sections(lines);
  assertEquals([...parts.keys()], ["threads:", "processes:"]);
  for (const part of parts.values()) {
    assertEquals(part.length, 16);
    for (let at = 0; at < part.length; at += 2) {
      assertMatch(part[at], /^safeFunc[12] start$/);
      assertEquals(part[at + 1], part[at].replace("start", "end"), part.join(", "));
    }
    for (const name of ["safeFunc1", "safeFunc2"]) {
      assertEquals(part.filter((line) => line === `${name} start`).length, 4);
    }
  }
});

Deno.test("mutex_methods --unsafe mixes the calls of threads", async () => {
  const { code, lines } = await runExample("mutex_methods", "--unsafe", "--quick");
  assertEquals(code, 0);
  const threads = sections(lines).get("threads:")!;
  const mixed = threads.some((line, at) => line.endsWith("start") === (at % 2 === 1));
  assert(mixed, threads.join(", "));
  assertEquals(lines.filter((line) => line.endsWith("end")).length, 16);
});

Deno.test("event has finished processing when the main program continues", async () => {
  const { code, lines, errors } = await runExample("event", "--quick");
  assertEquals([code, errors], [0, []]);
  const parts = sections(lines);
  assertEquals([...parts.keys()], ["Thread:", "Process:"]);
  const [here, there] = [...parts.values()];
  assertEquals(here, there);
  assertMatch(here.join("; "), /^Processing data ...; Result: [0-9.]+; Processing finished!$/);
  const mean = Number(here[1].slice("Result: ".length));
  assert(1 <= mean && mean <= 99);
});

Deno.test("rlock loses no money, and a Lock cannot be acquired twice", async () => {
  for (const [workers, sum] of [["3", "-2900 + 3100 = 200"], ["4", "100 + 100 = 200"]]) {
    const { code, lines, errors } = await runExample("rlock", "--workers", workers);
    assertEquals([code, errors, lines.length], [0, [], 2]);
    assertEquals(lines[0], sum);
    assertMatch(lines[1], /^DeadlockError: /);
  }
});

Deno.test("condition feeds the consumers each loaf once, and keeps at most three on the shelf", async () => {
  for (const workers of ["1", "3"]) {
    const { code, lines, errors } = await runExample("condition", "--workers", workers);
    assertEquals([code, errors], [0, []]);
    const baked = lines.flatMap((line) => [...line.matchAll(/^baked (\d+), [123] on the shelf$/g)]);
    const eaten = lines.flatMap((line) => [...line.matchAll(/^consumer \d eats (\d+)$/g)]);
    const loaves = [...Array(12).keys()];
    assertEquals(baked.map(([, n]) => Number(n)), loaves);
    assertEquals(eaten.map(([, n]) => Number(n)).toSorted((a, b) => a - b), loaves);
    assertEquals(lines.length, 24);
  }
});

Deno.test("semaphore admits no more processes than there is room for", async () => {
  const args = ["--quick", "--workers", "5", "--room", "2"];
  const { code, lines, errors } = await runExample("semaphore", ...args);
  assertEquals([code, errors, lines.length], [0, [], 6]);
  const visitors = lines.slice(0, 5).map((line) =>
    line.match(/^visitor (\d) is in, [12] inside$/)![1]
  );
  assertEquals(visitors.toSorted(), ["0", "1", "2", "3", "4"]);
  assertMatch(lines[5], /^never more than [12]$/);
});

Deno.test("shared_counter loses no count with a lock or with add()", async () => {
  const { code, lines, errors } = await runExample("shared_counter", "--quick", "--workers", "3");
  assertEquals([code, errors], [0, []]);
  const lossy = Number(lines[0].match(/^withoutLock: (\d+) of 3000$/)![1]);
  assert(1 <= lossy && lossy <= 3000);
  assertEquals(lines.slice(1), ["withLock: 3000 of 3000", "inOneStep: 3000 of 3000"]);
});
