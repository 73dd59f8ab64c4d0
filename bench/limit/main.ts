/**
 * Compares parallel loops with numba and with C: what the machine can do.
 *
 *     deno task bench:loops [--quick] [--only=id] [--python=python3] [--cc=cc]
 *
 * The contenders take turns, so that all of them meet the same moods of the machine.
 *
 * @module
 */

import { stopTeam } from "@sauropod/multiprocessing/loops";
import { parseArgs } from "@std/cli/parse-args";
import { fileURLToPath } from "node:url";
import { writeDocuments } from "../../scripts/results.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { type Contender, timed, timedNow } from "../measure.ts";
import { Peer } from "../python_peer.ts";
import { cellOf, type Results, type Row, thisMachine, writeResults } from "../results.ts";
import { type LimitLoop, limitLoops } from "./loops.ts";

const HELP = `
Compares parallel loops with numba and with C.

deno task bench:loops [--quick] [--only=id] [--python=python3] [--cc=cc]

--quick   small sizes and two rounds: whether it runs, not how fast
--only    only the loops whose name or title contains this
--rounds  how often the contenders take turns, 15 by default
--python  a Python with numpy and numba, to compare with
--cc      a compiler of C with OpenMP, to compare with
--output  where the results go. By default, if all is measured, they go to bench/results/loops.json, and the
          tables and plots of the documentation are made from them`;

/** A contender: the name of its column, and how it runs a loop. */
interface LoopContender {
  id: string;
  name: string;
  run(loop: LimitLoop): Contender[1];
}

const own: LoopContender[] = [
  {
    id: "plain",
    name: "plain loop, one core",
    run: ({ plain }) => () => timedNow(plain),
  },
  {
    id: "awaited",
    name: "here, awaited",
    run: ({ awaited }) => () => timed(awaited),
  },
  {
    id: "blocking",
    name: "here, `…Sync`",
    run: ({ blocking }) => () => timedNow(blocking),
  },
];

async function main(): Promise<void> {
  const { help, quick, only, rounds, python, cc, output } = parseArgs(Deno.args, {
    boolean: ["help", "quick"],
    string: ["only", "rounds", "python", "cc", "output"],
    default: { python: "python3", cc: "cc", rounds: "15" },
  });
  if (help) return console.log(HELP.trim());
  const machine = thisMachine();
  await using others = new AsyncDisposableStack();
  const versions: Record<string, string> = { Deno: Deno.version.deno };
  const contenders = [
    ...own,
    ...await numbaContenders(python, others, versions),
    ...await compiledContenders(cc, others, versions),
  ];
  const loops = limitLoops(quick ? 0.02 : 1)
    .filter(({ id, title }) => only === undefined || id === only || title.includes(only));
  const rows: Row[] = [];
  for (const loop of loops) rows.push(await compare(loop, contenders, quick ? 2 : Number(rounds)));
  await stopTeam();
  const results: Results = {
    title: "Parallel loops, on two cores",
    command: "deno task bench:loops",
    date: new Date().toISOString().slice(0, "2000-01-01".length),
    machine,
    versions,
    columns: contenders.map(({ id, name }) => ({ id, name })),
    rows,
  };
  if (output !== undefined) return await writeResults(output, results);
  if (quick || only !== undefined) return;
  await writeResults(new URL("bench/results/loops.json", ROOT), results);
  await writeDocuments();
}

/** Runs a loop with each contender, in turns. */
async function compare(
  loop: LimitLoop,
  contenders: LoopContender[],
  rounds: number,
): Promise<Row> {
  console.log(`\n${loop.title} (ms)`);
  const runs = contenders.map((contender) => contender.run(loop));
  const samples: number[][] = contenders.map(() => []);
  for (let round = -2; round < rounds; round++) {
    for (const [at, run] of runs.entries()) {
      const time = await run();
      if (round >= 0) samples[at].push(time / 1000); // the first rounds warm up
    }
  }
  const cells = Object.fromEntries(
    contenders.map(({ id }, at) => [id, cellOf(samples[at])]),
  );
  for (const { id, name } of contenders) {
    const { median, min, max } = cells[id];
    console.log(`  ${name.padEnd(26)} ${median} (${min} to ${max})`);
  }
  return { id: loop.id, title: loop.title, unit: "ms", better: "less", cells };
}

/** Runs the loops of a program. */
function contenderOf(peer: Peer, id: string, name: string, suffix = ""): LoopContender {
  return {
    id,
    name,
    run: (loop) => () => peer.timeOf(loop.id + suffix, loop.size),
  };
}

async function numbaContenders(
  python: string,
  others: AsyncDisposableStack,
  versions: Record<string, string>,
): Promise<LoopContender[]> {
  const program = {
    versions: "import sys, numpy, numba; print('Python', sys.version.split()[0], " +
      "'numpy', numpy.__version__, 'numba', numba.__version__)",
    script: new URL("loops.py", import.meta.url),
  };
  const peer = await Peer.start(python, program);
  if (peer === undefined) {
    console.log(`${python} is not a Python with numpy and numba`);
    return [];
  }
  others.use(peer);
  const words = (await outputOf(python, ["-c", program.versions])).split(" ");
  for (let at = 0; at < words.length; at += 2) versions[words[at]] = words[at + 1];
  return [
    contenderOf(peer, "numba", "numba, `prange`"),
    contenderOf(peer, "fastmath", "numba, `fastmath`", "_fast"),
  ];
}

async function compiledContenders(
  cc: string,
  others: AsyncDisposableStack,
  versions: Record<string, string>,
): Promise<LoopContender[]> {
  const folder = await Deno.makeTempDir();
  others.defer(() => Deno.remove(folder, { recursive: true }));
  const source = fileURLToPath(new URL("loops.c", import.meta.url));
  const contenders: LoopContender[] = [];
  const kinds = [
    { id: "c", name: "C", flags: [] },
    { id: "c-fast", name: "C, `-ffast-math`", flags: ["-ffast-math"] },
  ];
  for (const { id, name, flags } of kinds) {
    const program = `${folder}/${id}`;
    const args = ["-O3", "-march=native", "-fopenmp", ...flags, source, "-o", program, "-lm"];
    await outputOf(cc, args);
    const exists = await Deno.stat(program).then(() => true, () => false);
    if (!exists) {
      console.log(`${cc} is not a compiler of C with OpenMP`);
      break;
    }
    const peer = new Peer(program, []);
    others.use(peer);
    contenders.push(contenderOf(peer, id, name));
  }
  if (contenders.length > 0) versions[cc] = (await outputOf(cc, ["-dumpfullversion"])).trim();
  return contenders;
}

/** Returns what a program prints; an empty text if it cannot be run. */
async function outputOf(program: string, args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "";
  }
}

if (import.meta.main) await main();
