/**
 * A9: One Process guesses the number of another one; they talk through the two ends of a Pipe.
 *
 * Python's tutorial lists it as not covered: two-way communication between two workers through a
 * `Pipe`.
 *
 * @module
 */
import { type Connection, Pipe, Process, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Two processes play: one has a number up to 100 in mind, the other finds it by bisection.

deno run --allow-read examples/queues/pipe_between_workers.ts [--secret N]
`;

type Answer = "lower" | "right" | "higher";

/** Answers each guess of the secret number. */
const answer = task(import.meta, async (connection: Connection<Answer, number>, secret: number) => {
  let guess: number;
  do {
    guess = await connection.recv();
    await connection.send(guess > secret ? "lower" : guess < secret ? "higher" : "right");
  } while (guess !== secret);
});

const guess = task(import.meta, async (connection: Connection<number, Answer>) => {
  let [low, high] = [1, 100];
  for (;;) {
    const middle = Math.floor((low + high) / 2);
    await connection.send(middle);
    const answer = await connection.recv();
    console.log(`${middle}? ${answer}`);
    if (answer === "right") return;
    if (answer === "higher") low = middle + 1;
    else high = middle - 1;
  }
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["secret"] });
  const secret = readInteger("secret", options.secret, 37, { max: 100 });
  const [left, right] = Pipe<Answer, number>();
  const processes = [
    new Process({ target: answer, args: [left, secret] }),
    new Process({ target: guess, args: [right] }),
  ];
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("pipe_between_workers", main);
