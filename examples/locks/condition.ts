/**
 * B7: One process produces and others consume; a Condition wakes them when there are items, or room.
 *
 * Python's tutorial mentions `Condition` and refers to the documentation.
 *
 * @module
 */
import { Condition, Process, SharedList, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
One process puts loaves on a shelf with room for three. Other processes take them from the shelf.

deno run --allow-read examples/locks/condition.ts [--workers N]
`;

const ROOM = 3;
const LOAVES = 12;

type Shelf = SharedList<number | "closed">;

const bake = task(import.meta, async (condition: Condition, shelf: Shelf, workers: number) => {
  const items = [...Array(LOAVES).keys(), ...Array<"closed">(workers).fill("closed")];
  for (const item of items) {
    using _ = await condition.acquire();
    await condition.waitFor(() => shelf.length < ROOM);
    shelf.append(item);
    if (item !== "closed") console.log(`baked ${item}, ${shelf.length} on the shelf`);
    condition.notifyAll();
  }
});

const eat = task(import.meta, async (condition: Condition, shelf: Shelf, id: number) => {
  for (;;) {
    using _ = await condition.acquire();
    await condition.waitFor(() => shelf.length > 0);
    const item = shelf.pop(0);
    condition.notifyAll();
    if (item === "closed") return;
    console.log(`consumer ${id} eats ${item}`);
  }
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const condition = new Condition();
  const shelf: Shelf = new SharedList();
  const processes = [
    new Process({ target: bake, args: [condition, shelf, workers] }),
    ...Array.from(
      { length: workers },
      (_, id) => new Process({ target: eat, args: [condition, shelf, id] }),
    ),
  ];
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("condition", main);
