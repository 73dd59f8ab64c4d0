/**
 * D6: Processes log to stderr and print lines that begin with their names; no lines are mixed.
 *
 * Python: `multiprocessing.log_to_stderr(logging.INFO)`.
 *
 * @module
 */
import { getLogger, logToStderr, Pool, Process, tagOutput, task } from "@sauropod/multiprocessing";
import { BadInputError, readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes log and print at the same time. Printed lines go to stdout and begin with the name of
the process. Log records go to stderr, with the name and the level.

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
  const workers = readInteger("workers", options.workers, 3, { max: 64 });
  const level = LEVELS.find((name) => name === (options.level ?? "INFO"));
  if (level === undefined) {
    throw new BadInputError(`--level must be one of ${LEVELS.join(", ")}, not "${options.level}"`);
  }

  tagOutput();
  const logger = logToStderr(level); // for every process
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
