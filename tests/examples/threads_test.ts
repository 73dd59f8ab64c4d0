import { assert, assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

const WAITING = "Waiting for thread to finish...";
/** What a thread of five iterations says. */
const TICKS = ["Tick", "Tock", "Tick", "Tock", "Tick"];

Deno.test("threads asks whether the thread is alive while it ticks, then joins one", async () => {
  const { code, lines, errors } = await runExample("threads", "--quick", "--iterations", "5");
  assertEquals([code, errors], [0, []]);
  const end = lines.indexOf("Finished!");
  assertEquals(lines.slice(0, end).filter((line) => line !== WAITING), TICKS);
  assertEquals([lines[0], lines[end - 1]], ["Tick", WAITING]);
  assert(lines.indexOf(WAITING) < lines.lastIndexOf("Tick", end), "they take turns");
  assertEquals(lines.slice(end + 1), ["Joining thread ...", ...TICKS, "Finished!"]);
});

Deno.test("thread_subclass runs a subclass of Thread and one of Process", async () => {
  const { code, lines, errors } = await runExample(
    "thread_subclass",
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

Deno.test("thread_lock intertwines half lines, and keeps them whole under a lock", async () => {
  const { code, lines, errors } = await runExample("thread_lock", "--quick");
  assertEquals([code, errors], [0, []]);
  const [guarded, acquired] = ["withGuard:", "withAcquireAndRelease:"].map((it) =>
    lines.indexOf(it)
  );
  assertEquals(lines[0], "withoutLock:");
  assertMatch(lines[1], /^(0 Woozle ){5}Wuzzle$/);
  const words = (from: number, to?: number) =>
    lines.slice(from, to).join(" ").split(/\s+/).toSorted();
  const whole = Array.from({ length: 25 }, (_, i) => `${Math.floor(i / 5)} Woozle Wuzzle`);
  assertEquals(words(1, guarded), whole.join(" ").split(" ").toSorted());
  assertEquals(lines.slice(guarded + 1, acquired).toSorted(), whole);
  assertEquals(lines.slice(acquired + 1).toSorted(), whole);
});

Deno.test("thread_mutex has no start without its end, unless it is told to", async () => {
  const { code, lines, errors } = await runExample("thread_mutex", "--quick");
  assertEquals([code, errors, lines.length], [0, [], 16]);
  for (let at = 0; at < 16; at += 2) {
    assertMatch(lines[at], /^safeFunc[12] start$/);
    assertEquals(lines[at + 1], lines[at].replace("start", "end"));
  }
  assertEquals(lines.filter((line) => line === "safeFunc1 end").length, 4);
  const unsafe = await runExample("thread_mutex", "--quick", "--unsafe");
  assertEquals(unsafe.lines.length, 16);
  assert(unsafe.lines.slice(0, 4).every((line) => line.endsWith("start")));
});
