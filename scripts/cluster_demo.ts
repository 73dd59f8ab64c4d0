/**
 * A cluster on this machine, from nothing to results: starts a NATS server and three nodes with empty folders,
 * runs the examples of examples/cluster/ on them, and compares each with one core. When it ends, whether it is
 * done, has failed or was interrupted, nothing is left of it.
 *
 * ```text
 * deno task cluster:demo
 * ```
 *
 * @module
 */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Cluster, NodeStatus } from "@sauropod/multiprocessing/cluster";
import { findServer, HOW_TO_GET_A_SERVER, LocalCluster } from "./cluster/local_cluster.ts";
import { type Example, readExamples } from "./list_examples.ts";
import { readScriptOptions } from "./script_options.ts";
import { ROOT } from "./source_files.ts";

const USAGE = `deno task cluster:demo [--quick]

Starts a NATS server and three nodes on this machine, and runs examples/cluster/ on them.
--quick  a small image and a small grid`;

const NODES = ["fits-1", "fits-2", "fits-3"];
/** How often the nodes are asked what they do, in milliseconds. */
const LOOK_MS = 1000;
/** The exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

/** Arguments of `deno run` for a node: what it uses, and no more. */
function nodeFlags({ address, folder }: LocalCluster): string[] {
  return [
    `--allow-net=${address}`,
    "--allow-run",
    "--allow-env",
    "--allow-read",
    `--allow-write=${folder}`,
    "--allow-sys=hostname",
  ];
}

/** Runs the examples on a cluster. Returns whether all results are those of one core. */
async function demo(local: LocalCluster, quick: boolean, signal: AbortSignal): Promise<boolean> {
  await local.startServer();
  signal.throwIfAborted();
  console.log(`nats-server takes connections at ${local.address}`);
  for (const name of NODES) local.startNode(name, 1);
  const cluster = local.caller();
  await cluster.ready({ slots: NODES.length, signal });
  console.log(`${NODES.join(", ")} have a slot each, and no file of the programs`);
  const examples = (await readExamples()).filter(({ path }) => path.includes("/cluster/"));
  const args = ["--servers", local.address, "--name", local.name, "--check"];
  if (quick) args.push("--quick");
  let isSame = true;
  for (const example of examples.toReversed()) {
    signal.throwIfAborted();
    console.log(`\n${example.path}: ${example.sentence}`);
    const running = run(example, args, local.authKey, signal);
    await showNodes(cluster, running);
    isSame = await running && isSame;
  }
  await cluster[Symbol.asyncDispose]();
  return isSame;
}

/** Runs an example with its permissions, and prints what it prints. Returns whether it was successful. */
async function run(
  { path, permissions }: Example,
  args: string[],
  authKey: string,
  signal: AbortSignal,
): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, path, ...args],
    cwd: ROOT,
    env: { MP_AUTH_KEY: authKey },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const outputs = [child.stdout, child.stderr].map(print);
  const [{ success }] = await Promise.all([child.status, ...outputs]);
  return success;
}

async function print(output: ReadableStream<Uint8Array>): Promise<void> {
  for await (const line of createInterface(Readable.fromWeb(output))) console.log(`  ${line}`);
}

/** Prints what each node does while something runs, and once after that. */
async function showNodes(cluster: Cluster, running: Promise<unknown>): Promise<void> {
  let [shown, isRunning] = ["", true];
  const ended = running.then(() => isRunning = false);
  while (isRunning) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
    const text = (await cluster.nodes()).map(describe).join("; ");
    if (text !== shown) console.log(`  ${text}`);
    shown = text;
  }
}

function describe({ name, done, running }: NodeStatus): string {
  return `${name}: ${done} done, ${running.length} running`;
}

async function main(): Promise<void> {
  const { quick } = readScriptOptions(USAGE, [], ["quick"]);
  const server = findServer();
  if (server === undefined) {
    console.error(`There is no nats-server, which connects the machines. ${HOW_TO_GET_A_SERVER}.`);
    Deno.exit(1);
  }
  const interrupt = new AbortController();
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(name, () => (interrupt.abort(), resolve("interrupted")));
    }
  });
  const authKey = crypto.randomUUID();
  const local = new LocalCluster({ server, name: "fits", authKey, nodeFlags });
  let end: boolean | "interrupted";
  try {
    end = await Promise.race([demo(local, quick, interrupt.signal), interrupted]);
  } finally {
    await local[Symbol.asyncDispose]();
  }
  if (end === true) {
    console.log("\nBoth results are those of one core. Server and nodes have ended.");
    Deno.exit(0);
  }
  console.error(end === false ? "\nAn example has failed." : "\nInterrupted.");
  console.error("Server and nodes have ended.");
  Deno.exit(end === false ? 1 : INTERRUPTED);
}

if (import.meta.main) await main();
