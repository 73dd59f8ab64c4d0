/**
 * How the examples find their cluster, and what they say if there is none.
 *
 * @module
 */
import { type Cluster, cluster, type NodeStatus } from "@sauropod/multiprocessing/cluster";
import { BadInputError, type Options } from "../support/cli.ts";
import { counted } from "../support/times.ts";

/** The names of the options of {@linkcode findCluster}, which take a value. */
export const CLUSTER_VALUES = ["servers", "name"] as const;

/** How long nodes have to answer, in milliseconds. */
const ANSWER_MS = 3000;

/** A cluster that has answered. */
export interface FoundCluster {
  engine: Cluster;
  nodes: NodeStatus[];
  /** How many tasks the nodes run at a time, together. */
  slots: number;
  /** Says that: "3 slots of 3 nodes". */
  description: string;
}

/**
 * Finds the cluster that the options name. Its authKey is in the variable `MP_AUTH_KEY` of the environment, if it
 * has one.
 *
 * @throws {BadInputError} if no server or no node answers
 */
export async function findCluster(
  { servers = "127.0.0.1:4222", name = "default" }: Options<typeof CLUSTER_VALUES[number], never>,
): Promise<FoundCluster> {
  try {
    const authKey = Deno.env.get("MP_AUTH_KEY");
    const engine = cluster({ servers: servers.split(","), name, authKey });
    const nodes = await engine.ready({ timeoutMs: ANSWER_MS });
    const slots = nodes.reduce((sum, { slots }) => sum + slots, 0);
    const description = `${counted(slots, "slot")} of ${counted(nodes.length, "node")}`;
    return { engine, nodes, slots, description };
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const advice = cause instanceof TypeError
      ? "The examples take it from the variable MP_AUTH_KEY of the environment"
      : `On this machine, "nats-server -js" and "deno task node --name ${name}" in two other terminals start ` +
        'it; "deno task cluster:demo" does all of it';
    throw new BadInputError(`${cause.message}. ${advice}`, { cause });
  }
}
