/**
 * A8: Workers report their progress through a Queue among their arguments, which a timer polls.
 *
 * Python: `queue.put((id, data.size))` in the workers, and a `QueueChecker` that starts a
 * `threading.Timer` repeatedly.
 *
 * @module
 */
import { Pool, Queue, task } from "@sauropod/multiprocessing";
import { Timer } from "@sauropod/multiprocessing/threading";
import { runExample, timed } from "../support/cli.ts";
import { concatenate, randomVolume, type SharedVolume, split } from "./voxels/arrays.ts";
import { calculatePart } from "./voxels/calculate_part.ts";
import { printResult, readVoxelOptions } from "./voxels/cli.ts";

const HELP = `
Computes many exponentials for each voxel of a random 23x19x17 image and shows the progress.

deno run --allow-read examples/images/voxels_progress_queue.ts [--workers N] [--iterations N] [--quick]
`;

const calculateAndReport = task(
  import.meta,
  async (id: number, slice: SharedVolume, queue: Queue<[number, number]>, iterations: number) => {
    const result = calculatePart(slice, iterations);
    await queue.put([id, slice.size]);
    return result;
  },
);

/** Prints at intervals the percentage of the voxels that the messages in a queue report. */
class QueueChecker implements Disposable {
  private done = 0;
  private timer?: Timer;

  constructor(
    private readonly queue: Queue<[number, number]>,
    private readonly voxels: number,
    private readonly intervalMs: number,
  ) {
    this.restartTimer();
  }

  private restartTimer(): void {
    this.timer = new Timer(this.intervalMs, () => {
      this.check();
      this.restartTimer();
    });
    this.timer.start();
  }

  private check(): void {
    for (let item = this.queue.tryGet(); item; item = this.queue.tryGet()) {
      const [, voxels] = item.value;
      this.done += voxels;
    }
    console.log(`${Math.floor(100 * this.done / this.voxels)}% complete`);
  }

  [Symbol.dispose](): void {
    this.timer?.cancel();
    this.check();
  }
}

async function main(): Promise<void> {
  const { iterations, workers, quick } = readVoxelOptions(HELP);

  const data = randomVolume([23, 19, 17]);
  const { seconds, result } = await timed(async () => {
    const slices = split(data, data.shape[0]);
    console.log(`Input data shape=(${data.shape.join(", ")})`);
    console.log(`We are processing ${slices.length} parts with ${workers} workers`);
    const queue = new Queue<[number, number]>();
    using _checker = new QueueChecker(queue, data.size, quick ? 20 : 250);
    await using pool = new Pool(workers);
    const args = slices.map((slice, id): Parameters<typeof calculateAndReport> => {
      return [id, slice, queue, iterations];
    });
    return concatenate(await pool.starmap(calculateAndReport, args));
  });
  printResult(data, result, seconds);
}

if (import.meta.main) await runExample("voxels_progress_queue", main);
