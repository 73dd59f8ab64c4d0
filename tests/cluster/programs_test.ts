/**
 * A program as users write it, on nodes that have none of its files.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ROOT } from "../../scripts/source_files.ts";
import { KEY, test, TestCluster } from "./servers.ts";
import { deno, temporary } from "./sources_programs.ts";

const main = `
  import { Pool, task } from "@sauropod/multiprocessing";
  import { cluster } from "@sauropod/multiprocessing/cluster";
  import isOdd from "is-odd";
  import { add } from "./second.ts";

  const fit = task(import.meta, (x: number) => [add(x, 1), isOdd(x), import.meta.url] as const);

  if (import.meta.main) {
    const [servers, name, authKey] = Deno.args;
    await using pool = new Pool({ engine: cluster({ servers, name, authKey }) });
    const results = await pool.map(fit, [1, 2]);
    const isElsewhere = results.every(([, , url]) => url !== import.meta.url);
    console.log(JSON.stringify([results.map(([sum, odd]) => [sum, odd]), isElsewhere]));
  }
`;

test("a program that imports a file and a package runs unchanged on a node in an empty folder", async () => {
  await using servers = await TestCluster.start();
  await using folder = await temporary();
  await using empty = await temporary();
  await folder.write({
    "deno.json": {
      imports: {
        "@sauropod/multiprocessing": new URL("entries/mod.ts", ROOT).href,
        "@sauropod/multiprocessing/cluster": new URL("entries/cluster.ts", ROOT).href,
        "is-odd": "npm:is-odd@^3.0.1",
      },
    },
    "main.ts": main,
    "second.ts": "export const add = (x: number, y: number): number => x + y;",
  });
  servers.startNode("one", 2, "--folder", empty.path);
  const program = new URL(folder.url("main.ts")).pathname;
  const args = ["run", "--quiet", "--no-lock", "--allow-all", program];
  const printed = await deno(...args, servers.address, servers.name, KEY);
  assertEquals(JSON.parse(printed), [[[2, true], [3, false]], true]);
});
