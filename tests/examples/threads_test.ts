import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

const WAITING = "Waiting for thread to finish...";
/** The lines that a thread of five iterations prints. */
const TICKS = ["Tick", "Tock", "Tick", "Tock", "Tick"];

Deno.test("is_alive polls a thread while it ticks, then joins another", async () => {
  const { code, lines, errors } = await runExample("is_alive", "--quick", "--iterations", "5");
  assertEquals([code, errors], [0, []]);
  const end = lines.indexOf("Finished!");
  assertEquals(lines.slice(0, end).filter((line) => line !== WAITING), TICKS);
  assertEquals([lines[0], lines[end - 1]], ["Tick", WAITING]);
  assert(lines.indexOf(WAITING) < lines.lastIndexOf("Tick", end), "they take turns");
  assertEquals(lines.slice(end + 1), ["Joining thread ...", ...TICKS, "Finished!"]);
});

Deno.test("subclass runs a subclass of Thread and one of Process", async () => {
  const { code, lines, errors } = await runExample(
    "subclass",
    "--quick",
    "--iterations",
    "5",
  );
  assertEquals([code, errors], [0, []]);
  assertEquals(lines, [
    ...["LongRunningThread:", ...TICKS, "Done"],
    ...["LongRunningProcess:", ...TICKS, "Done"],
  ]);
});

Deno.test("daemon_threads ends after the thread and not after the daemon", async () => {
  const { code, lines, errors } = await runExample(
    "daemon_threads",
    "--quick",
    "--iterations",
    "5",
  );
  assertEquals([code, errors], [0, []]);
  assertEquals(lines[0], "main: done");
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name}: `));
  assertEquals(of("thread"), [...TICKS, "done"].map((word) => `thread: ${word}`));
  assert(of("daemon").length > 0 && !of("daemon").includes("daemon: done"));
});

Deno.test("thread_local counts for each thread", async () => {
  const { code, lines, errors } = await runExample("thread_local", "--quick");
  assertEquals([code, errors], [0, []]);
  assertEquals(lines.toSorted(), [
    "MainThread has counted 0, all together 100",
    ...[1, 2, 3, 4].map((n) => `Thread-${n} (count) has counted ${10 * n}`),
  ]);
});
