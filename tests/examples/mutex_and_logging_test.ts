import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("woozle_wuzzle writes whole lines under a lock, and all of its pieces without", async () => {
  const { code, lines, errors } = await runExample(
    ...["woozle_wuzzle", "--workers", "3", "--times", "4", "--pause", "5"] as const,
  );
  assertEquals([code, errors], [0, []]);
  const [withScope, withRelease] = [lines.indexOf("withScope:"), lines.indexOf("withRelease:")];
  const expected = [0, 1, 2, 3].flatMap((time) => Array(3).fill(`${time} Woozle Wuzzle`));
  assertEquals(lines[0], "withoutLock:");
  assertEquals(lines.slice(withScope + 1, withRelease).sort(), expected);
  assertEquals(lines.slice(withRelease + 1).sort(), expected);
  const letters = (texts: string[]) => [...texts.join("")].sort().join("");
  assertEquals(letters(lines.slice(1, withScope)), letters(expected));
});

Deno.test("mutex_methods: no start without its end, between tasks and between processes", async () => {
  const { code, lines, errors } = await runExample("mutex_methods", "--pause", "5");
  assertEquals([code, errors], [0, []]);
  const processes = lines.indexOf("processes:");
  assertEquals(lines[0], "tasks:");
  for (const part of [lines.slice(1, processes), lines.slice(processes + 1)]) {
    assertEquals(part.length, 16);
    for (let at = 0; at < part.length; at += 2) {
      assertEquals(part[at + 1], part[at].replace("start", "end"), part.join(", "));
    }
    for (const name of ["safeFunc1", "safeFunc2"]) {
      assertEquals(part.filter((line) => line === `${name} start`).length, 4);
    }
  }
});

Deno.test("mutex_methods --unsafe mixes the calls of tasks", async () => {
  const { code, lines } = await runExample("mutex_methods", "--unsafe", "--pause", "5");
  assertEquals(code, 0);
  const tasks = lines.slice(1, lines.indexOf("processes:"));
  assert(tasks.slice(0, 8).every((line) => line.endsWith("start")), tasks.join(", "));
  assertEquals(lines.filter((line) => line.endsWith("end")).length, 16);
});

Deno.test("logging prints each line with its process, and logs what the level allows", async () => {
  const { code, lines, errors } = await runExample("logging", "--workers", "2");
  assertEquals(code, 0);
  assertEquals(lines.sort(), [
    "[PoolWorker-1] { id: 10, square: 100 }",
    "[PoolWorker-1] { id: 11, square: 121 }",
    "[Process-1] { id: 0, square: 0 }",
    "[Process-2] { id: 1, square: 1 }",
  ]);
  const expected = [
    "[INFO/MainProcess] starting 2 processes",
    ...["Process-1", "Process-2", "PoolWorker-1"].flatMap((name) => [
      `[INFO/${name}] child process calling run()`,
      `[INFO/${name}] process exiting with exit code 0`,
    ]),
    "[WARNING/Process-2] odd number: 1",
    "[WARNING/PoolWorker-1] odd number: 11",
    "[INFO/MainProcess] done",
  ];
  assertEquals(errors.sort(), expected.sort());
  assertEquals((await runExample("logging", "--level", "ERROR")).errors, []);
});

Deno.test("woozle_wuzzle, mutex_methods and logging tell about themselves, and refuse the rest", async () => {
  for (const name of ["woozle_wuzzle", "mutex_methods", "logging"]) {
    const help = await runExample(name, "--help");
    assertEquals([help.code, help.errors], [0, []], name);
    assert(help.lines.some((line) => line.includes(`examples/${name}.ts`)), name);
    const refused = await runExample(name, "--nonsense");
    assertEquals([refused.code, refused.lines], [2, []], name);
  }
  const { code, errors } = await runExample("logging", "--level", "LOUD");
  assertEquals([code, errors.length], [2, 1]);
});
