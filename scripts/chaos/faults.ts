/**
 * The part of the chaos that breaks things.
 *
 * @module
 */

import { descendantsOf, send, sleep } from "../soak/outside.ts";
import type { Tally } from "../soak/tally.ts";
import type { Random } from "../stress/random.ts";
import type { ChaosCluster } from "./chaos_cluster.ts";

/** Causes a fault every other second or so, until the time is over. All is whole again at the end. */
export async function breakThings(
  cluster: ChaosCluster,
  leaseMs: number,
  random: Random,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  const faults: Record<string, () => Promise<void> | void> = {
    "node killed": () => {
      const node = random.pick(cluster.nodes);
      send(node.child.pid, "SIGKILL");
      cluster.replace(node);
    },
    "node told to leave": () => {
      const node = random.pick(cluster.nodes);
      send(node.child.pid, "SIGTERM");
      cluster.replace(node);
    },
    "node stopped until its lease was over": async () => {
      const { child } = random.pick(cluster.nodes);
      send(child.pid, "SIGSTOP");
      await sleep(leaseMs * 1.5);
      send(child.pid, "SIGCONT");
    },
    "process of a node killed": () => {
      const found = cluster.nodes.flatMap(({ child }) => descendantsOf(child.pid));
      if (found.length > 0) send(random.pick(found), "SIGKILL");
    },
    "server restarted": async () => {
      await cluster.stopServer();
      await sleep(random.int(0, 500));
      await cluster.startServer();
    },
    "connections cut": async () => {
      cluster.relay.cut();
      await sleep(random.int(0, 2000));
      cluster.relay.heal();
    },
    "messages of a stranger": () => cluster.publishGarbage(random),
  };
  while (!isOver()) {
    await sleep(random.int(100, 2500));
    const kind = random.pick(Object.keys(faults));
    tally.fault(kind);
    await faults[kind]();
  }
}
