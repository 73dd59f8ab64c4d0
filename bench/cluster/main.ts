/**
 * Measures a pool on a cluster: one server, one node with two slots, and a caller, on this machine. Beside it bare
 * NATS, and dask.distributed if there is a Python that has it.
 *
 * ```sh
 * deno task bench:cluster                  # all scenarios, about a minute
 * deno task bench:cluster --only=together  # those whose name contains the word
 * deno task bench:cluster --quick          # small sizes: whether they run, not how fast
 * ```
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { Pool } from "@sauropod/multiprocessing";
import { natsServer, TestCluster } from "../../tests/cluster/servers.ts";
import { type Contender, measure, median, type Scenario, timed } from "../measure.ts";
import { BareNats } from "./bare.ts";
import { Peer, type PeerProgram, pythonContender } from "../python_peer.ts";
import { diesAtFirst, same, square } from "./tasks.ts";

const { only, quick, python } = parseArgs(Deno.args, {
  boolean: ["quick"],
  string: ["only", "python"],
  default: { only: "", python: "python3" },
});
/** dask.distributed, with a cluster of two processes. */
const DASK: PeerProgram = {
  versions: "import distributed; print('dask.distributed', distributed.__version__)",
  script: new URL("dask_peer.py", import.meta.url),
};
const scale = quick ? 0.01 : 1;
const repeats = quick ? 1 : 5;

/** Runs the scenarios, one after the other. */
async function main(): Promise<void> {
  if (natsServer === undefined) Deno.exit(1);
  await using servers = await TestCluster.start();
  await using bare = await BareNats.start(servers.address);
  await using dask = await Peer.start(python, DASK);
  servers.startNode("node", 2);
  const caller = servers.caller();
  await using pool = new Pool({ engine: caller, retries: 1 });
  await caller.ready({ slots: 2 });
  for (const scenario of scenarios(bare, pool, dask)) {
    if (scenario.name.includes(only)) await measure(scenario);
  }
}

function scenarios(bare: BareNats, pool: Pool, dask: Peer | undefined): Scenario[] {
  const python = (scenario: string, size: number): Contender[] =>
    pythonContender(dask, "dask.distributed", scenario, size);
  const awaited = Math.round(300 * scale);
  const together = Math.round(5000 * scale);
  const items = Math.round(100_000 * scale);
  const bytes = Math.round(64 * 2 ** 20 * scale);
  return [{
    name: `one trivial task awaited, p50 of ${awaited}`,
    unit: "us",
    repeats,
    contenders: [
      ["bare NATS", () => medianOf(awaited, () => bare.echo())],
      ["Pool.apply", () => medianOf(awaited, (x) => pool.apply(square, [x]))],
      ...python("awaited", awaited),
    ],
  }, {
    name: `${together} trivial tasks together`,
    unit: "ms",
    repeats,
    contenders: [
      ["bare NATS", () => timed(() => all(together, () => bare.echo()))],
      ["Pool.apply", () => timed(() => all(together, (x) => pool.apply(square, [x])))],
      ...python("together", together),
    ],
  }, {
    name: `map over ${items} numbers`,
    unit: "ms",
    repeats,
    contenders: [
      ["Pool.map", () => timed(() => pool.map(square, Array(items).keys()))],
      ...python("map", items),
    ],
  }, {
    name: `${(bytes / 2 ** 20).toFixed()} MiB there and back`,
    unit: "ms",
    repeats,
    contenders: [
      ["bare NATS, in messages", () => timed(() => bare.echoMany(bytes))],
      ["Pool.apply", thereAndBack(pool, bytes)],
      ...python("bytes", bytes),
    ],
  }, {
    name: "a process killed, until its task is begun again",
    unit: "ms",
    repeats,
    contenders: [["Pool.apply", () => killed(pool)], ...python("killed", 1)],
  }];
}

function all(times: number, run: (x: number) => unknown): Promise<unknown> {
  return Promise.all(Array.from({ length: times }, (_, x) => run(x)));
}

async function medianOf(times: number, run: (x: number) => unknown): Promise<number> {
  const found = [];
  for (let x = 0; x < times; x++) found.push(await timed(() => run(x)));
  return median(found);
}

/** Each time other bytes: what is known is not sent again. */
function thereAndBack(pool: Pool, length: number): () => Promise<number> {
  const bytes = new Uint8Array(length).fill(1);
  return () => {
    crypto.getRandomValues(bytes.subarray(0, 16));
    return timed(() => pool.apply(same, [bytes]));
  };
}

async function killed(pool: Pool): Promise<number> {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "");
  await pool.apply(diesAtFirst, [file]);
  const [first, second] = (await Deno.readTextFile(file)).split("\n").map(Number);
  await Deno.remove(file);
  return (second - first) * 1000;
}

if (import.meta.main) await main();
