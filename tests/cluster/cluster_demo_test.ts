/**
 * `deno task cluster:demo`: it shows what it promises, and leaves nothing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../../scripts/source_files.ts";
import { noneWith, processesWith } from "../fixtures/system_processes.ts";
import { test } from "./servers.ts";

const TASK = config.tasks["cluster:demo"].command.split(" ").slice(1);

/** The demo, with a folder for its temporary files, whose path all its processes have in their environment. */
class Demo implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly child: Deno.ChildProcess;
  readonly lines: AsyncIterableIterator<string>;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.child = new Deno.Command(Deno.execPath(), {
      args: [...TASK, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", TMPDIR: this.folder, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.lines = createInterface(Readable.fromWeb(this.child.stdout))[Symbol.asyncIterator]();
  }

  /** Resolves to the exit code and what was printed on stderr, when it has ended and left nothing. */
  async end(): Promise<{ code: number; stderr: string }> {
    const stderr = await new Response(this.child.stderr).text();
    const { code } = await this.child.status;
    if (Deno.build.os === "linux") await noneWith("TMPDIR", this.folder);
    assertEquals([...Deno.readDirSync(this.folder)], []);
    return { code, stderr };
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}

test("the demo of clusters shows two jobs with the results of one core, and leaves nothing", async () => {
  await using demo = new Demo(["--quick"]);
  const lines = await Array.fromAsync(demo.lines);
  assertEquals(await demo.end(), { code: 0, stderr: "" });
  assertEquals(lines.filter((line) => line === "  identical: yes").length, 2, lines.join("\n"));
  assertEquals(lines.filter((line) => /^ {2}one core: \d+\.\d\d s$/.test(line)).length, 2);
  assertEquals(
    lines.filter((line) => /^ {2}3 slots of 3 nodes: \d+\.\d\d s$/.test(line)).length,
    2,
  );
  const shown = lines.flatMap((line) => [...line.matchAll(/(fits-[123]): (\d+) done/g)]);
  const done = new Map(shown.map(([, name, count]) => [name, Number(count)]));
  assertEquals([...done.keys()].sort(), ["fits-1", "fits-2", "fits-3"]);
  assertMatch(lines.at(-1)!, /^Both results are those of one core\./);
});

test("the demo of clusters that is interrupted leaves no process and no folder", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using demo = new Demo([]);
    for await (const line of demo.lines) {
      if (!/: \d+ done, 1 running/.test(line)) continue;
      if (Deno.build.os === "linux") {
        const commands = processesWith("TMPDIR", demo.folder);
        for (const part of ["nats-server", "node_program.ts", "voxels_cluster.ts"]) {
          assert(commands.some((command) => command.includes(part)), part);
        }
      }
      demo.child.kill(signal);
      break;
    }
    const { code, stderr } = await demo.end();
    assertEquals(code, 130);
    assertMatch(stderr, /Interrupted\./);
  }
});

Deno.test("the demo of clusters says how to get a server if there is none", {
  ignore: existsSync("/usr/sbin/nats-server"), // which it finds
}, async () => {
  await using demo = new Demo([], { PATH: "", NATS_SERVER: "" });
  assertEquals(await Array.fromAsync(demo.lines), []);
  const { code, stderr } = await demo.end();
  assertEquals(code, 1);
  assertMatch(stderr, /^There is no nats-server, .*apt-get install nats-server.*\n$/);
});
