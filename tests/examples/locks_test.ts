import { assert, assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

/** Splits lines at those that end with a colon: what stands under each. */
function sections(lines: string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    if (line.endsWith(":")) found.set(line, current = []);
    else current.push(line);
  }
  return found;
}

Deno.test("woozle_wuzzle intertwines half lines without a lock, and keeps them whole under one", async () => {
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
  assertMatch(parts.get("Thread withoutLock:")![0], /^(0 Woozle ){3}Wuzzle$/);
});

Deno.test("mutex_methods has no start without its end, in threads and in processes", async () => {
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
  assert(threads.slice(0, 8).every((line) => line.endsWith("start")), threads.join(", "));
  assertEquals(lines.filter((line) => line.endsWith("end")).length, 16);
});
