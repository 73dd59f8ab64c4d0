/**
 * D6: Processes log to stderr and print lines that begin with their names, none of them mixed.
 *
 * Python: `multiprocessing.log_to_stderr(logging.INFO)`.
 *
 * @module
 */
import { getLogger, logToStderr, Pool, Process, tagOutput, task } from "@sauropod/multiprocessing";
import { BadInputError, readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Lets processes log and print at the same time. What they print goes to stdout, each line with the
name of its process; what they log goes to stderr, with the level too.

deno run --allow-read examples/processes/logging.ts [--workers N] [--level LEVEL]

LEVEL is DEBUG, INFO (the default), WARNING, ERROR or CRITICAL.
`;

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;

const work = task(import.meta, (id: number) => {
  const logger = getLogger();
  logger.debug("number", id, "has begun");
  console.log({ id, square: id * id });
  if (id % 2 === 1) logger.warning("odd number:", id);
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "level"] });
  const workers = wholeNumber("workers", options.workers, 3, { most: 64 });
  const level = LEVELS.find((name) => name === (options.level ?? "INFO"));
  if (level === undefined) {
    throw new BadInputError(`--level must be one of ${LEVELS.join(", ")}, not "${options.level}"`);
  }

  tagOutput();
  const logger = logToStderr(level); // the same level in every process
  logger.info("starting", workers, "processes");
  const processes = Array.from(
    { length: workers },
    (_, id) => new Process({ target: work, args: [id] }),
  );
  for (const process of processes) process.start();
  for (const process of processes) await process.join();

  await using pool = new Pool(1);
  await pool.map(work, [10, 11]);
  logger.info("done");
}

if (import.meta.main) await runExample("logging", main);
