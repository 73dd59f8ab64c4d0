/**
 * docs/cluster.md: its programs run, its commands make certificates, and with its configuration of a server callers
 * and nodes may do what they need, and no more.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool, WorkerDiedError } from "@sauropod/multiprocessing";
import { connect, type NatsConnection } from "../../lib/cluster/nats.ts";
import { LocalCluster } from "../../scripts/cluster/local_cluster.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { dies, diesAtFirst, same, square, waitsFor } from "./cluster_tasks.ts";
import { meeting } from "./meeting.ts";
import { GUARD_MS, KEY, natsServer, test, TestCluster } from "./servers.ts";

const guide = await Deno.readTextFile(new URL("docs/cluster.md", ROOT));

/** Returns the code blocks of the guide in a language. */
function blocks(language: string): string[] {
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))]
    .map(([, block]) => block);
}

/** Returns the only block that has a text. */
function block(language: string, text: string): string {
  const found = blocks(language).filter((block) => block.includes(text));
  assertEquals(found.length, 1, text);
  return found[0];
}

/** Runs a program in a folder of its own, whose `deno.json` leads to the package, with the permissions of the guide. */
async function run(program: string, address: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const imports = { "@sauropod/multiprocessing": fileURLToPath(new URL("entries/mod.ts", ROOT)) };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports }));
    await Deno.writeTextFile(join(folder, "main.ts"), program);
    const permissions = [`--allow-net=${address}`, "--allow-run", "--allow-read"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...permissions, join(folder, "main.ts")],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assert(success, text.decode(stderr));
    return text.decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

test("the programs of docs/cluster.md run", async () => {
  await using servers = await TestCluster.start();
  servers.startNode("one", 2);
  const { address, name } = servers;
  const options = JSON.stringify({ servers: address, name, authKey: KEY });
  const programs = blocks("ts").filter((text) => text.includes("import.meta.main"));
  const printed: string[] = [];
  for (const program of programs) {
    const text = program.replace('cluster({ name: "fits" })', `cluster(${options})`);
    assert(text !== program, program);
    printed.push(await run(text, address));
  }
  assertEquals(printed.length, 2);
  assertStringIncludes(printed[0], '[ "one: 2 slots" ]\n3.14');
  assertStringIncludes(printed[1], 'id: "subjects-2026"');
  assertStringIncludes(printed[1], "[ 1, 4, 9 ]");
});

/** The cluster of the guide: its certificates, its configuration, and a log of the server. */
class SecuredCluster extends LocalCluster {
  readonly log: string = join(this.folder, "log");
  readonly #passwords = { CALLER_PASSWORD: "of-callers", NODE_PASSWORD: "of-nodes" };

  constructor() {
    super({ server: natsServer!, name: "fits", authKey: KEY, nodeFlags: () => ["--allow-all"] });
  }

  /** Makes the certificates, and starts the server. */
  async start(): Promise<void> {
    const commands = block("sh", "openssl");
    const { success, stderr } = await new Deno.Command("sh", {
      args: ["-e", "-c", commands],
      cwd: this.folder,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const config = block("text", "accounts {")
      .replaceAll("/etc/nats/", `${this.folder}/`)
      .replace(/^ *store_dir: .*\n/m, "") // the command line has it
      .replace("127.0.0.1:8222", "127.0.0.1:-1"); // any port
    const file = join(this.folder, "nats-server.conf");
    await Deno.writeTextFile(file, `${config}\nmax_traced_msg_len: 1\n`);
    for (const [name, value] of Object.entries(this.#passwords)) Deno.env.set(name, value);
    try {
      await this.startServer("-c", file, "-V", "-l", this.log);
    } finally {
      for (const name of Object.keys(this.#passwords)) Deno.env.delete(name);
    }
  }

  /** Returns the options of the connection of a user. */
  connection(user: "caller" | "node", pass = `of-${user}s`) {
    return { user, pass, tls: { caFile: join(this.folder, "ca.pem") } };
  }

  /** Starts a node with the user of nodes. */
  async startSecuredNode(name: string): Promise<void> {
    const file = join(this.folder, `${name}.json`);
    await Deno.writeTextFile(file, JSON.stringify(this.connection("node")));
    this.startNode(name, 1, "--connection", file);
  }

  /** Returns a caller with a user. */
  callerAs(user: "caller" | "node") {
    const servers = `tls://localhost:${this.port}`;
    return this.caller({ servers, connection: this.connection(user) });
  }

  /** Connects as a user, past the package. */
  connectAs(user: "caller" | "node", pass?: string): Promise<NatsConnection> {
    return connect({ servers: this.address, ...this.connection(user, pass) });
  }

  /** What was refused, as the server says it. */
  async violations(): Promise<string[]> {
    const log = await Deno.readTextFile(this.log);
    return [...log.matchAll(/(\w+) Violation - User "(\w+)", Subject "(\S+)"/g)]
      .map(([, kind, user, subject]) => `${user}: ${kind} ${subject}`);
  }

  /** What nodes and callers have published. */
  async published(): Promise<Map<string, Set<string>>> {
    const log = await Deno.readTextFile(this.log);
    const nodes = new Set(
      [...log.matchAll(/cid:(\d+) .*<<- \[SUB mp\.fits\.who /g)].map(([, c]) => c),
    );
    const used = new Map([["node", new Set<string>()], ["caller", new Set<string>()]]);
    for (const [, client, subject] of log.matchAll(/cid:(\d+) .*<<- \[H?PUB (\S+) /g)) {
      used.get(nodes.has(client) ? "node" : "caller")!.add(subject);
    }
    return used;
  }
}

/** A consumer is made anew, and the old one deleted, when the connection was lost in between. */
const AFTER_A_LOSS = "$JS.API.CONSUMER.DELETE.mp_fits_kept.*";

/** Returns the subjects that a user may publish to, by the configuration of the guide. */
function allowedFor(user: string): string[] {
  const [, list] = block("text", "accounts {").match(
    new RegExp(`user: ${user}\\b.*?publish: \\[(.*?)\\]`, "s"),
  )!;
  return [...list.matchAll(/"(\S+?)"/g)].map(([, subject]) => subject);
}

/** Whether a subject matches a pattern of NATS. */
function matches(subject: string, pattern: string): boolean {
  const tokens = pattern.split(".").map((token) =>
    token === ">" ? ".+" : token === "*" ? "[^.]+" : token.replace(/[$]/g, "\\$")
  );
  return new RegExp(`^${tokens.join("\\.")}$`).test(subject);
}

test("with the permissions of docs/cluster.md callers and nodes do all that they can, and need each", async () => {
  await using secured = new SecuredCluster();
  await secured.start();
  await using engine = secured.callerAs("caller");
  assertEquals(await engine.nodes(), []); // makes the streams
  await secured.startSecuredNode("one");
  await engine.ready({ timeoutMs: GUARD_MS });
  {
    await using pool = new Pool({ engine });
    assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
    const large = new Uint8Array(2_000_000);
    assertEquals(await pool.apply(same, [large]), large);
    assertEquals(await pool.apply(diesAtFirst, [join(secured.folder, "begun")]), "done");
    await assertRejects(() => pool.apply(dies, []), WorkerDiedError);
    await using met = await meeting();
    const controller = new AbortController();
    const items = Array(3).fill([met.begun, met.go]);
    const waiting = pool.starmap(waitsFor, items, { chunkSize: 1, signal: controller.signal });
    await met.begins(1); // and two wait at the server
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
  }
  assertEquals((await engine.deadLetters()).length, 1);
  await engine.clearDeadLetters();
  const job = await engine.submit(same, [new Uint8Array(2_000_000), 1], { id: "kept" });
  assertEquals((await job.results()).length, 2);
  assertEquals(await engine.jobs(), ["kept"]);
  await job.cancel();
  await job.remove();
  assertEquals(await secured.violations(), []);
  for (const [user, subjects] of await secured.published()) {
    const unused = allowedFor(user).filter((pattern) =>
      pattern !== AFTER_A_LOSS && !subjects.values().some((subject) => matches(subject, pattern))
    );
    assertEquals(unused, [], user);
  }
});

test("what the permissions of docs/cluster.md leave out is refused", async () => {
  await using secured = new SecuredCluster();
  await secured.start();
  const attempts = {
    caller: {
      publish: ["mp.fits.result.a.1.0", "mp.fits.kept.jobs.1.0", "mp.other.task.a.1.0"],
      request: ["$JS.API.STREAM.DELETE.mp_fits_tasks", "$JS.API.STREAM.UPDATE.mp_fits_tasks"],
      subscribe: ["mp.fits.task.>", "mp.fits.who", ">"],
    },
    node: {
      publish: ["mp.fits.cancel", "mp.fits.who", "mp.fits.kept.jobs.1.0.more", "_INBOX.a"],
      request: [
        "$JS.API.STREAM.CREATE.mp_fits_tasks",
        "$JS.API.STREAM.PURGE.mp_fits_tasks",
        "$JS.API.CONSUMER.MSG.NEXT.mp_fits_results.a",
      ],
      subscribe: ["mp.fits.task.>", "mp.fits.result.>", ">"],
    },
  };
  const expected: string[] = [];
  for (const user of ["caller", "node"] as const) {
    const { publish, request, subscribe } = attempts[user];
    const connection = await secured.connectAs(user);
    for (const subject of [...publish, ...request]) {
      connection.publish(subject, "");
      expected.push(`${user}: Publish ${subject}`);
    }
    for (const subject of subscribe) {
      connection.subscribe(subject, { callback: () => {} });
      expected.push(`${user}: Subscription ${subject}`);
    }
    await connection.flush();
    await connection.close();
  }
  assertEquals((await secured.violations()).sort(), expected.sort());
  await assertRejects(() => secured.connectAs("node", "of-callers"), Error, "Authorization");
  const trusting = () => connect({ servers: `localhost:${secured.port}`, user: "node" });
  await assertRejects(trusting, Error, "certificate");
});

test("a caller whose user lacks permissions fails, and says which", async () => {
  await using secured = new SecuredCluster();
  await secured.start();
  await using right = secured.callerAs("caller");
  await right.nodes(); // makes the streams
  const print = console.error;
  const said: unknown[] = [];
  console.error = (...args) => said.push(...args);
  try {
    await using wrong = secured.callerAs("node");
    await using pool = new Pool({ engine: wrong });
    const text = "Permissions Violation for Publish";
    await assertRejects(() => pool.apply(square, [3]), Error, text);
    await assertRejects(() => wrong.nodes(), Error, text);
  } finally {
    console.error = print;
  }
  assertStringIncludes(said.join("\n"), "A server of cluster fits refuses: Permissions Violation");
});
