/**
 * Nodes of a copy of the package, and of a build of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Pool } from "@sauropod/multiprocessing";
import { build } from "../fixtures/built.ts";
import { square } from "./cluster_tasks.ts";
import { test, TestCluster } from "./servers.ts";

for (const path of ["entries/node.ts", "dist/lib/cluster/node_program.js"]) {
  test(`${path} is the program of a node`, async () => {
    if (path.startsWith("dist")) await build();
    await using servers = await TestCluster.start();
    servers.startNodeOf(path, "one", 1);
    await using pool = new Pool({ engine: servers.caller() });
    assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
    assertEquals(await pool.apply((x: number) => x + 1, [1]), 2);
  });
}
