/**
 * D11: Two processes send packets back and forth a hundred times, and measure a round trip.
 *
 * Python: an exercise of the tutorial, without a solution there.
 *
 * @module
 */
import { type Connection, Pipe, Process, task, Value } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Sends a packet through a Pipe from one process to another and back, many times. Prints the time of
the first round trip, in which the other process starts, and the mean of the rest. Does so with
blocking calls, then with awaited ones.

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
  const times = readInteger("times", options.times, 100, { min: 2 });

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
