import { assertEquals } from "@std/assert";
import {
  checkLayers,
  checkNames,
  checkPrimitives,
  type Graph,
} from "../../scripts/check_layers.ts";

const ROOT = "file:///repo/";

interface Edge {
  written?: string;
  dynamic?: boolean;
  typeOnly?: boolean;
}

/** Returns the rules that an import of `to` in `from` breaks. */
function check(from: string, to: string, { written = "./x.ts", dynamic, typeOnly }: Edge = {}) {
  const resolved = { specifier: to.includes(":") ? to : ROOT + to };
  const graph: Graph = {
    modules: [
      {
        specifier: ROOT + from,
        dependencies: [{
          specifier: to.includes(":") ? to : written,
          isDynamic: dynamic,
          ...(typeOnly ? { type: resolved } : { code: resolved }),
        }],
      },
      { specifier: resolved.specifier },
    ],
  };
  return checkLayers(graph, ROOT).map(({ rule }) => rule);
}

Deno.test("checkLayers() accepts lower layers, the same folder, built-ins and errors", () => {
  const allowed: [string, string][] = [
    ["lib/sync/lock.ts", "lib/parking/wait.ts"],
    ["lib/sync/lock.ts", "lib/sync/semaphore.ts"],
    ["lib/pool/pool.ts", "lib/parking/wait.ts"],
    ["lib/pool/pool.ts", "lib/errors.ts"],
    ["lib/parking/wait.ts", "lib/errors.ts"],
    ["lib/parking/wait.ts", "node:worker_threads"],
    ["lib/ndarray/mod.ts", "lib/memory/array.ts"],
    ["lib/ndarray/mod.ts", "npm:/ndarray@1.1.1"],
    ["lib/ndarray/random.ts", "lib/random/mod.ts"],
    ["lib/kernels/acorn.ts", "npm:/acorn@8.19.0"],
    ["lib/loops/team.ts", "lib/kernels/parse_body.ts"],
    ["workers/worker.ts", "lib/runtime/serve.ts"],
    ["workers/worker.ts", "lib/ndarray/mod.ts"],
    ["mod.ts", "lib/pool/pool.ts"],
    ["mod.ts", "lib/errors.ts"],
    ["mod.ts", "lib/loops/prange.ts"],
  ];
  for (const [from, to] of allowed) assertEquals(check(from, to), [], `${from} -> ${to}`);
  assertEquals(check("mod.ts", "workers/worker.ts", { dynamic: true }), []);
});

Deno.test("checkLayers() rejects higher layers and siblings", () => {
  assertEquals(check("lib/parking/wait.ts", "lib/sync/lock.ts"), [
    "lib/parking is in layer 3, below lib/sync in 5",
  ]);
  assertEquals(check("lib/channels/queue.ts", "lib/memory/block.ts"), [
    "lib/channels and lib/memory are both in layer 6",
  ]);
  assertEquals(check("lib/threading/thread.ts", "lib/process/process.ts"), [
    "lib/threading and lib/process are both in layer 8",
  ]);
  assertEquals(check("lib/loops/prange.ts", "lib/ndarray/mod.ts"), [
    "lib/loops is in layer 10, below lib/ndarray in 12",
  ]);
});

Deno.test("checkLayers() applies the same rules to types and dynamic imports", () => {
  const expected = ["lib/codec is in layer 4, below lib/channels in 6"];
  const edge = ["lib/codec/encode.ts", "lib/channels/queue.ts"] as const;
  assertEquals(check(...edge, { typeOnly: true }), expected);
  assertEquals(check(...edge, { dynamic: true }), expected);
});

Deno.test("checkLayers() rejects mod.ts, and anything outside of mod.ts, lib and workers", () => {
  assertEquals(check("lib/pool/pool.ts", "mod.ts"), ["nobody imports mod.ts"]);
  assertEquals(check("workers/worker.ts", "mod.ts"), ["nobody imports mod.ts"]);
  const elsewhere = ["only mod.ts, lib/, workers/ and built-ins"];
  const places = ["tests/fixtures/x.ts", "lib/loose.ts", "jsr:@std/assert", "https://x.test/y.ts"];
  for (const to of places) assertEquals(check("lib/pool/pool.ts", to), elsewhere, to);
});

Deno.test("checkLayers() keeps lib/errors.ts free of imports", () => {
  assertEquals(check("lib/errors.ts", "lib/parking/wait.ts"), ["lib/errors.ts imports nothing"]);
});

Deno.test("checkLayers() lets only mod.ts import workers, and only dynamically", () => {
  const rule = ["workers/ is reached by URL, and by a dynamic import in mod.ts"];
  assertEquals(check("mod.ts", "workers/worker.ts"), rule);
  assertEquals(check("lib/runtime/start.ts", "workers/worker.ts", { dynamic: true }), rule);
});

Deno.test("checkLayers() keeps npm packages in adapters, and adapters out of mod.ts", () => {
  const rule = ["only adapters and lib/kernels import npm packages"];
  const core = ["lib/codec/encode.ts", "lib/loops/prange.ts", "workers/worker.ts", "mod.ts"];
  for (const from of core) assertEquals(check(from, "npm:/ndarray@1.1.1"), rule, from);
  assertEquals(check("mod.ts", "lib/ndarray/mod.ts"), ["adapters are exports of their own"]);
});

Deno.test("checkLayers() rejects names that need an import map", () => {
  const written = "@sauropod/multiprocessing/x";
  assertEquals(check("lib/pool/pool.ts", "lib/sync/lock.ts", { written }), [
    `"${written}" needs an import map: write a relative path`,
  ]);
});

Deno.test("checkLayers() names both files of a violation and ignores modules of other packages", () => {
  const graph: Graph = {
    modules: [
      {
        specifier: `${ROOT}lib/sync/lock.ts`,
        dependencies: [
          { specifier: "./a.ts", code: { specifier: `${ROOT}lib/sync/a.ts` } },
          { specifier: "../../mod.ts", code: { specifier: `${ROOT}mod.ts` } },
        ],
      },
      {
        specifier: "https://x.test/y.ts",
        dependencies: [{ specifier: "./z.ts", code: { specifier: "https://x.test/z.ts" } }],
      },
    ],
  };
  assertEquals(checkLayers(graph, ROOT), [
    { from: "lib/sync/lock.ts", to: "mod.ts", rule: "nobody imports mod.ts" },
  ]);
});

Deno.test("checkNames() finds names of upper layers in the code of the lowest ones", () => {
  const sources = new Map([
    ["lib/sync/lock.ts", "export class Lock {}\nexport type Owner = number;"],
    ["lib/parking/park.ts", "/** A Lock sleeps here. */\nexport interface Park {} // as a Lock"],
    ["lib/codec/hint.ts", 'export const hint = "use a Lock";'],
    ["lib/pool/pool.ts", "new Lock();"],
  ]);
  assertEquals(checkNames(sources), [{
    from: "lib/codec/hint.ts",
    to: "lib/sync/lock.ts",
    rule: "lib/codec mentions no name of a layer above: Lock",
  }]);
});

Deno.test("checkPrimitives() finds a primitive without a line in its folder's mod.ts", () => {
  const imports = (from: string, ...to: string[]) => ({
    specifier: ROOT + from,
    dependencies: to.map((path) => ({ specifier: "./x.ts", code: { specifier: ROOT + path } })),
  });
  const graph: Graph = {
    modules: [
      imports("lib/sync/mod.ts", "lib/sync/lock.ts"),
      imports("lib/sync/lock.ts", "lib/sync/owner.ts"),
      imports("workers/worker.ts", "lib/sync/mod.ts", "lib/sync/latch.ts"),
    ],
  };
  const sources = new Map([
    ["lib/sync/owner.ts", 'defineType(1, "owner", {});'],
    ["lib/sync/latch.ts", 'defineType(2, "Latch", {});'],
    ["lib/sync/sleep.ts", "export function sleep() {}"],
  ]);
  assertEquals(checkPrimitives(graph, sources, ROOT), [
    {
      from: "lib/sync/mod.ts",
      to: "lib/sync/latch.ts",
      rule: "a primitive has a line in its folder's mod.ts",
    },
    {
      from: "workers/worker.ts",
      to: "lib/sync/latch.ts",
      rule: "a list of what crosses takes lib/sync/mod.ts as a whole",
    },
  ]);
});
