/**
 * D11: Two processes send packets back and forth a hundred times, and record how long it takes.
 *
 * Python: the exercise of the document, which has no solution there.
 *
 * @module
 */
import { type Connection, Pipe, Process, task, Value } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Sends a packet through a Pipe from one process to another, and back, and so on, and prints the time
of one round trip: of the first, in which the other process starts, and the mean of the rest. The
processes block while they wait, then they await.

deno run --allow-read examples/queues/round_trips.ts [--times N]
`;

interface Packet {
  trip: number;
  text: string;
}
type End = Connection<Packet>;

const pingSync = task(
  import.meta,
  (end: End, times: number, first: Value<"d">, rest: Value<"d">) => {
    const start = performance.now();
    for (let trip = 0; trip < times; trip++) {
      end.sendSync({ trip, text: "ping" });
      if (end.recvSync().trip !== trip) throw new Error(`trip ${trip} did not come back`);
      if (trip === 0) first.value = performance.now() - start;
    }
    rest.value = performance.now() - start - first.value;
  },
);

const pongSync = task(import.meta, (end: End, times: number) => {
  for (let i = 0; i < times; i++) end.sendSync({ ...end.recvSync(), text: "pong" });
});

const ping = task(
  import.meta,
  async (end: End, times: number, first: Value<"d">, rest: Value<"d">) => {
    const start = performance.now();
    for (let trip = 0; trip < times; trip++) {
      await end.send({ trip, text: "ping" });
      if ((await end.recv()).trip !== trip) throw new Error(`trip ${trip} did not come back`);
      if (trip === 0) first.value = performance.now() - start;
    }
    rest.value = performance.now() - start - first.value;
  },
);

const pong = task(import.meta, async (end: End, times: number) => {
  for (let i = 0; i < times; i++) await end.send({ ...await end.recv(), text: "pong" });
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["times"] });
  const times = wholeNumber("times", options.times, 100, { least: 2 });

  for (
    const [how, here, there] of [["blocking", pingSync, pongSync], ["async", ping, pong]] as const
  ) {
    const [first, rest] = [new Value("d"), new Value("d")];
    const [left, right] = Pipe<Packet>();
    const processes = [
      new Process({ target: here, args: [left, times, first, rest] }),
      new Process({ target: there, args: [right, times] }),
    ];
    for (const process of processes) process.start();
    for (const process of processes) await process.join();
    const mean = 1000 * rest.value / (times - 1);
    console.log(
      `${how}: ${times} round trips, the first in ${first.value.toFixed(1)} ms, ` +
        `the rest in ${mean.toFixed(1)} microseconds each`,
    );
  }
}

if (import.meta.main) await runExample("round_trips", main);
