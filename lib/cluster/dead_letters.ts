/**
 * Chunks that were given up, kept for an operator: their tasks have ended processes, or were on nodes that were lost,
 * more often than their calls allow. The node that gives a chunk up stores a dead letter in the stream `mp_NAME_dead`,
 * and then the result of the chunk, which is an error.
 *
 * @module
 */

import type { Link } from "./link.ts";
import { corrupt, count, type Header, isForeign, text } from "./protocol.ts";

/** The end of a process that ran a chunk. */
export interface ProcessDeath {
  /** The name of its node. */
  readonly node: string;
  /** With which it ended: minus the number of the signal, if one has ended it. */
  readonly exitCode: number;
  /** When the node has seen it. */
  readonly at: Date;
}

/** A chunk that was given up: a task and some of its items. */
export interface DeadLetter {
  /** The name of the task. */
  readonly task: string;
  /** Whose chunk it was: the name under which a pool receives results, or `"jobs"` if it was submitted. */
  readonly owner: string;
  /** The id of a job that was submitted, or the number of a call of the pool. */
  readonly job: string;
  /** Its place in the job. */
  readonly chunk: number;
  /** The processes that it has ended, the last one last. */
  readonly deaths: readonly ProcessDeath[];
  /** How many nodes were lost with it. Nobody knows their names. */
  readonly lostNodes: number;
  /** When it was given up. */
  readonly at: Date;
}

/** How many deaths a chunk carries, the last ones. */
const MAX_DEATHS = 100;

/** Returns a death as it is in headers. */
export function deathHeader(node: string, exitCode: number): Header {
  return { node, exitCode, at: Date.now() };
}

/** Returns deaths with another one. */
export function withDeath(deaths: readonly Header[], death: Header): Header[] {
  return [...deaths, death].slice(-MAX_DEATHS);
}

/** Returns the deaths in a header, as they are in headers. */
export function deathsIn({ deaths = [] }: Header): Header[] {
  if (!Array.isArray(deaths) || deaths.length > MAX_DEATHS || !deaths.every(isObject)) {
    throw corrupt("its deaths are no list that it can have");
  }
  return deaths;
}

function isObject(value: unknown): value is Header {
  return typeof value === "object" && value !== null;
}

/** Returns the chunks that were given up, the last one last. */
export async function readDeadLetters(link: Link): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { subject, data } of link.dead()) {
    try {
      letters.push(letterOf(subject, link.open(subject, data).header));
    } catch (error) {
      if (!isForeign(error)) throw error;
      console.error("A dead letter was refused:", error);
    }
  }
  return letters;
}

function letterOf(subject: string, header: Header): DeadLetter {
  const [owner, token, chunk] = subject.split(".").slice(-3);
  const [job] = token.split("="); // behind the id of a job that was submitted is a random number
  const deaths = deathsIn(header).map((death) => ({
    node: text(death, "node"),
    exitCode: count(death, "exitCode", 2 ** 32, -(2 ** 31)), // minus the number of a signal
    at: dateIn(death),
  }));
  return {
    ...{ task: text(header, "task"), owner, job, chunk: Number(chunk), deaths },
    lostNodes: count(header, "lostNodes"),
    at: dateIn(header),
  };
}

function dateIn(header: Header): Date {
  return new Date(count(header, "at", 8.64e15));
}
