/**
 * D7: Several Processes change a dict and a list of a Manager at the same time, and no change is lost.
 *
 * A plain value that is read from a dict is a copy. To change it, use `update`, or make it shared too.
 *
 * Python: `multiprocessing.Manager()`, its `dict()` and its `list()`.
 *
 * @module
 */
import { Manager, Process, type SharedList, type SharedMap, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes count words in a shared dict, and add the lines they have read to a shared list.

deno run --allow-read examples/shared/manager.ts [--workers N]
`;

const LINES = [
  "the quick brown fox jumps over the lazy dog",
  "the dog sleeps and the fox runs",
  "a quick dog is no lazy dog",
  "the end",
];

type Counts = SharedMap<string, number>;
/** A shared list for each letter. */
type Index = SharedMap<string, SharedList<string>>;

const countWords = task(
  import.meta,
  (line: string, counts: Counts, index: Index, read: SharedList<[words: number, line: string]>) => {
    const words = line.split(" ");
    for (const word of words) {
      if (counts.update(word, (count = 0) => count + 1) === 1) index.get(word[0])!.append(word);
    }
    read.append([words.length, line]);
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });

  using manager = new Manager();
  const counts = manager.dict<string, number>();
  const read = manager.list<[words: number, line: string]>();
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const index = manager.dict(
    letters.map((letter): [string, SharedList<string>] => [letter, manager.list<string>()]),
  );

  for (let first = 0; first < LINES.length; first += workers) {
    const processes = LINES.slice(first, first + workers).map((line) =>
      new Process({ target: countWords, args: [line, counts, index, read] })
    );
    for (const process of processes) process.start();
    for (const process of processes) await process.join();
  }

  console.log(
    `read ${read.length} lines, the longest of ${read.sort(([a], [b]) => b - a).at(0)![0]} words`,
  );
  const ofMany = [...counts].filter(([, count]) => count > 1).sort();
  console.log(ofMany.map(([word, count]) => `${word} ${count}`).join(", "));
  for (const letter of "dl") {
    console.log(`${letter}: ${index.get(letter)!.sort().copy().join(" ")}`);
  }
}

if (import.meta.main) await runExample("manager", main);
