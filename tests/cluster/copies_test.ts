/**
 * Nodes of a copy of the package, and of a build of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { Pool } from "@sauropod/multiprocessing";
import { build } from "../fixtures/built.ts";
import { square } from "./cluster_tasks.ts";
import { natsServer, TestCluster } from "./servers.ts";

/** A wait that only a hang reaches, in milliseconds. */
const GUARD_MS = 120_000;

for (const path of ["entries/node.ts", "dist/lib/cluster/node_program.js"]) {
  Deno.test(`${path} is the program of a node`, { ignore: natsServer === undefined }, async () => {
    if (path.startsWith("dist")) await build();
    await using servers = await TestCluster.start();
    servers.startNodeOf(path, "one", 1);
    await using pool = new Pool({ engine: servers.caller() });
    assertEquals(await deadline(pool.map(square, [1, 2, 3]), GUARD_MS), [1, 4, 9]);
    const inline = pool.apply((x: number) => x + 1, [1]);
    assertEquals(await deadline(inline, GUARD_MS), 2);
  });
}
