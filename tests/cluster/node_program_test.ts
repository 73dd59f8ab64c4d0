/**
 * What the program of a node says to those who start it.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "@sauropod/multiprocessing";
import { cluster } from "../../lib/cluster/cluster.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { square } from "./cluster_tasks.ts";
import { natsServer, test, TestCluster } from "./servers.ts";

const PERMISSIONS = [
  ...["--allow-net", "--allow-run", "--allow-env", "--allow-read", "--allow-write"],
  "--allow-sys=hostname",
];

/** Runs the program of a node, which ends by itself. */
async function run(args: string[], permissions = PERMISSIONS) {
  const program = fileURLToPath(new URL("lib/cluster/node_program.ts", ROOT));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--no-prompt", ...permissions, program, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, printed: text.decode(stdout), said: text.decode(stderr) };
}

Deno.test("a node that cannot start says why, and what to do, in one line", async () => {
  const folder = await Deno.makeTempDir();
  const [broken, list] = [join(folder, "broken.json"), join(folder, "list.json")];
  await Deno.writeTextFile(broken, "{ user: 3 }");
  await Deno.writeTextFile(list, "[]");
  const without = (name: string) => PERMISSIONS.filter((one) => !one.startsWith(name));
  const cases: [string[], string, string[]?][] = [
    [["--slot", "3"], "Unknown option '--slot'"],
    [["--slots", "three"], "--slots must be an integer"],
    [["--name", "a.b"], 'name must be 1 to 64 letters, digits and "-"'],
    [["--auth-key-env", "NOBODY_HAS_THIS"], "the environment has no NOBODY_HAS_THIS"],
    [["--connect", "queue:4222"], "there is no authKey, and queue:4222 is not this machine"],
    [["--connection", broken], `${broken} is not JSON`],
    [["--connection", list], "connection must be an object"],
    [[], "its processes need --allow-run. Run it with --allow-run=/", without("--allow-run")],
    [[], "its processes need --allow-env", without("--allow-env")],
    [[], 'Requires net access to "127.0.0.1:4222"', without("--allow-net")],
  ];
  for (const [args, text, permissions] of cases) {
    const { code, said } = await run(args, permissions);
    assertEquals([code, said.trim().split("\n").length], [1, 1], said);
    assertStringIncludes(said, text);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a node prints its options", async () => {
  const { code, printed } = await run(["--help"], []);
  assertEquals(code, 0);
  for (const option of ["--connect ", "--connection ", "--auth-key-env ", "--no-source "]) {
    assertStringIncludes(printed, `\n${option}`);
  }
});

Deno.test("callers and nodes say that a server has no JetStream, and that none is there", {
  ignore: natsServer === undefined,
}, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const connect = ["--connect", `127.0.0.1:${port}`];
  const { said } = await run(connect);
  assertStringIncludes(said, `Cannot connect to cluster default: 127.0.0.1:${port}`);
  const child = new Deno.Command(natsServer!, {
    args: ["-a", "127.0.0.1", "-p", String(port)],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const text = "jetstream is not enabled. Check that nats-server runs with -js";
  let again;
  while (!(again = await run(connect)).said.includes("jetstream")); // the server starts
  assertStringIncludes(again.said, `Cannot join cluster default: ${text}`);
  await using caller = cluster({ servers: `127.0.0.1:${port}` });
  await assertRejects(() => caller.nodes(), Error, text);
  await using secure = cluster({ servers: `tls://127.0.0.1:${port}` });
  await assertRejects(() => secure.nodes(), Error, "does not support 'tls'");
  child.kill();
  await child.status;
});

test("a node that has run nothing yet can say why it refuses a chunk", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("strict", 1, "--no-source");
  await using pool = new Pool({ engine: servers.caller() });
  const refused = () => pool.apply(square, [2]);
  await assertRejects(refused, Deno.errors.NotCapable, "takes no modules of callers");
});
