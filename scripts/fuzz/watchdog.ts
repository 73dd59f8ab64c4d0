/**
 * Ends the program when a message takes too long: the isolate that reads it cannot, while it reads.
 *
 * @module
 */

/**
 * Seconds after which a message counts as one that is read without end. They are counted one by one: the
 * clock goes on while the machine sleeps.
 */
const LIMIT = 60;

/** Watches the isolate that made it until it is disposed of. */
export interface Watchdog extends Disposable {
  /** Notes that a message with this seed is about to be read. */
  readonly begin: (runSeed: number) => void;
}

const source = `onmessage = ({ data }) => {
  let [count, seconds] = [0, 0];
  setInterval(() => {
    if (data[0] !== count) [count, seconds] = [data[0], 0];
    if (++seconds < ${LIMIT}) return;
    console.error("A message is read without end: deno task fuzz --run " + data[1]);
    Deno.kill(Deno.pid, "SIGKILL");
  }, 1000);
  postMessage(0);
};`;

/** Starts to watch this isolate. */
export async function watchdog(): Promise<Watchdog> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.postMessage(words);
  await new Promise((resolve) => worker.onmessage = resolve);
  URL.revokeObjectURL(url);
  return {
    begin(runSeed) {
      words[1] = runSeed;
      words[0]++;
    },
    [Symbol.dispose]: () => worker.terminate(),
  };
}
