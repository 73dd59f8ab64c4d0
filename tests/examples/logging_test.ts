import { assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("logging prints each line with its process, and logs the records of the level", async () => {
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

Deno.test("logging rejects an unknown level", async () => {
  const { code, errors } = await runExample("logging", "--level", "LOUD");
  assertEquals([code, errors.length], [2, 1]);
});
