/**
 * Ends the program when a run takes too long: the isolate that it runs in cannot, while it runs.
 *
 * @module
 */

/**
 * Seconds after which a run counts as one without end. They are counted one by one: the
 * clock goes on while the machine sleeps.
 */
const LIMIT = 60;

/** Watches the isolate that made it until it is disposed of. */
export interface Watchdog extends Disposable {
  /** Notes that a run with this seed is about to begin. */
  readonly begin: (runSeed: number) => void;
}

const source = (verdict: string) =>
  `onmessage = ({ data }) => {
  let [count, seconds] = [0, 0];
  setInterval(() => {
    if (data[0] !== count) [count, seconds] = [data[0], 0];
    if (++seconds < ${LIMIT}) return;
    console.error(${JSON.stringify(verdict)} + data[1]);
    Deno.kill(Deno.pid, "SIGKILL");
  }, 1000);
  postMessage(0);
};`;

/**
 * Starts to watch this isolate.
 *
 * @param verdict what is printed, before the seed, of a run without end
 */
export async function watchdog(
  verdict = "A message is read without end: deno task fuzz --run ",
): Promise<Watchdog> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const url = URL.createObjectURL(new Blob([source(verdict)], { type: "text/javascript" }));
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
