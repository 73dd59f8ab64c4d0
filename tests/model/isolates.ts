/**
 * Copies of the library, one for each simulated isolate. As in a worker, every module has its own
 * variables; its globals and its memory are those of the simulated machine.
 *
 * A copy is made from the sources in `lib/`, with types stripped, and loaded from memory. Its text differs
 * from the sources in this only:
 *
 * - Modules of {@linkcode STAND_INS} are replaced, and import specifiers lead to copies.
 * - The first line imports stand-ins for {@linkcode GLOBALS}.
 * - Functions of {@linkcode OBSERVED} are called through `observed()`.
 * - Steps of {@linkcode PRIVATE_STEPS} are exported.
 * - A test may plant a bug, as a {@linkcode Replacement}.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { ROOT } from "../../scripts/source_files.ts";
import type { Steps } from "../../lib/parking/wait.ts";
import type { ModuleState } from "./code.ts";
import { NODES_PER_SLAB } from "./sizes.ts";
import * as standIns from "./stand_ins.ts";

/** Modules that scenarios use, by name. */
const MODULES = {
  allocator: "lib/heap/allocator.ts",
  barrier: "lib/sync/barrier.ts",
  channel: "lib/channels/channel.ts",
  condition: "lib/sync/condition.ts",
  event: "lib/sync/event.ts",
  guard: "lib/heap/guard.ts",
  hooks: "lib/heap/hooks.ts",
  isolateRecord: "lib/heap/isolate_record.ts",
  joinableQueue: "lib/channels/joinable_queue.ts",
  lifecycle: "lib/runtime/lifecycle.ts",
  lock: "lib/sync/lock.ts",
  ownership: "lib/sync/ownership.ts",
  parkAsync: "lib/parking/park_async.ts",
  pipe: "lib/channels/pipe.ts",
  queue: "lib/channels/queue.ts",
  rlock: "lib/sync/rlock.ts",
  rootWords: "lib/heap/root_words.ts",
  semaphore: "lib/sync/semaphore.ts",
  sharedObject: "lib/objects/shared_object.ts",
  taskCounter: "lib/channels/task_counter.ts",
  wait: "lib/parking/wait.ts",
  waiterNode: "lib/parking/waiter_node.ts",
  waitQueue: "lib/parking/wait_queue.ts",
  woken: "lib/parking/woken.ts",
  workerWords: "lib/pool/engines/isolates/worker_words.ts",
} as const;

/** The modules that every scenario has. */
const BASE: ModuleName[] = [
  "allocator",
  "hooks",
  "isolateRecord",
  "parkAsync",
  "rootWords",
  "sharedObject",
  "wait",
  "waiterNode",
  "waitQueue",
  "woken",
];

/** The modules of one isolate. Those that are neither in `BASE` nor used by the scenario are missing. */
export interface Isolate {
  allocator: typeof import("../../lib/heap/allocator.ts");
  barrier: typeof import("../../lib/sync/barrier.ts");
  channel: typeof import("../../lib/channels/channel.ts");
  condition: typeof import("../../lib/sync/condition.ts");
  event: typeof import("../../lib/sync/event.ts") & { waiting(event: number): Steps<boolean> };
  guard: typeof import("../../lib/heap/guard.ts");
  hooks: typeof import("../../lib/heap/hooks.ts");
  isolateRecord: typeof import("../../lib/heap/isolate_record.ts");
  joinableQueue: typeof import("../../lib/channels/joinable_queue.ts");
  lifecycle: typeof import("../../lib/runtime/lifecycle.ts");
  lock: typeof import("../../lib/sync/lock.ts");
  ownership: typeof import("../../lib/sync/ownership.ts");
  parkAsync: typeof import("../../lib/parking/park_async.ts");
  pipe: typeof import("../../lib/channels/pipe.ts");
  queue: typeof import("../../lib/channels/queue.ts");
  rlock: typeof import("../../lib/sync/rlock.ts") & {
    entering(lock: number, hold: { token: number; depth: number }): Steps<string>;
  };
  rootWords: typeof import("../../lib/heap/root_words.ts");
  semaphore: typeof import("../../lib/sync/semaphore.ts") & {
    taking(semaphore: number): Steps<boolean>;
  };
  sharedObject: typeof import("../../lib/objects/shared_object.ts");
  taskCounter: typeof import("../../lib/channels/task_counter.ts");
  wait: typeof import("../../lib/parking/wait.ts");
  waiterNode: typeof import("../../lib/parking/waiter_node.ts");
  waitQueue: typeof import("../../lib/parking/wait_queue.ts");
  woken: typeof import("../../lib/parking/woken.ts");
  workerWords: typeof import("../../lib/pool/engines/isolates/worker_words.ts");
  /** Its module variables. */
  state: ModuleState;
}

/** A module that a scenario can use. */
export type ModuleName = keyof typeof MODULES;

/** Steps that their modules do not export. Scenarios pass them to `awaitOn`. */
const PRIVATE_STEPS: Record<string, string> = {
  "lib/sync/event.ts": "waiting",
  "lib/sync/rlock.ts": "entering",
  "lib/sync/semaphore.ts": "taking",
};

/**
 * Functions of which nothing remains, when they have returned, but their result and their writes to
 * memory. So an isolate is at the same point when one returns, however it came to its result.
 */
const OBSERVED: Record<string, string[]> = {
  "lib/heap/guard.ts": ["enter", "enterWithStack", "enterSlowly", "leave"],
  "lib/heap/allocator.ts": ["allocate", "free"],
  "lib/heap/isolate_record.ts": ["publishEnd", "unpark", "forEachLiveIsolate"],
  "lib/parking/wait_queue.ts": [
    "enqueue",
    "dequeue",
    "wakeOne",
    "wakeAll",
    "resumeGroup",
    "breakGroup",
    "countWaiters",
    "handOff",
    "removeWaitersOf",
    "wakeWaitersOnOwner",
    "wakeOtherQueuesOnOwner",
    "wake",
    "endWait",
    "takeFirst",
    "link",
    "remove",
    "unlink",
  ],
  "lib/channels/channel.ts": ["push", "pushBlock", "signalRoom", "receive"],
  "lib/channels/channel_state.ts": ["closeChannel"],
  "lib/runtime/lifecycle.ts": ["endIsolate"],
  "lib/sync/ownership.ts": ["relinquish", "becomeOwner"],
};

/** The module of all isolates that simulates the machine. It is not copied. */
const MACHINE = "tests/model/stand_ins.ts";

/** Modules that are replaced, and by which. */
const STAND_INS: [RegExp, string][] = [
  [/^lib\/heap\/views\.ts$/, MACHINE],
  [/^lib\/heap\/sizes\.ts$/, "tests/model/sizes.ts"],
  [/^lib\/parking\/keep_alive\.ts$/, "tests/model/keep_alive.ts"],
  [/^lib\/codec\//, "tests/model/codec.ts"],
];
const SIMULATED_GUARD: [RegExp, string] = [/^lib\/heap\/guard\.ts$/, MACHINE];
const PARKER = /^lib\/parking\/park_blocking\.ts$/;
const WITH_CHECKPOINTS: [RegExp, string] = [PARKER, "tests/model/park_blocking.ts"];
const FORGETFUL: [RegExp, string] = [PARKER, "tests/model/park_blocking_forgetful.ts"];

/** Globals that have stand-ins, and `observed` for {@linkcode OBSERVED}. */
const GLOBALS = [
  "Atomics",
  "navigator",
  "performance",
  "Promise",
  "queueMicrotask",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "WeakRef",
  "FinalizationRegistry",
  "observeCall as observed",
];

/** A change of a source. `from` occurs in it once. */
export interface Replacement {
  /** Path from the root of the repository. */
  file: string;
  from: string | RegExp;
  to: string;
  /** Whether `from` may be absent. */
  optional?: boolean;
}

/** How copies are made. */
export interface CopyOptions {
  uses?: ModuleName[] | undefined;
  /** Whether the library's guard runs, instead of the simulated one. */
  realGuard?: boolean;
  /**
   * Whether steps keep nothing from one sleep to the next but what their parks say: the present park, and
   * the last one in each queue before. Then it makes no difference how often they slept before, and there
   * are far fewer states. It is not so for a `Barrier`, whose steps keep an index, nor for a `put` that
   * waits for room, which keeps the block of its item.
   */
  forgetful?: boolean | undefined;
  /** Bugs to plant. */
  replacements?: Replacement[];
}

/**
 * Loads a copy of the library for each of `count` isolates. One import for all: Deno checks the whole
 * module graph at each import.
 */
export async function loadIsolates(count: number, options: CopyOptions = {}): Promise<Isolate[]> {
  const names = [...BASE, ...options.uses ?? []];
  const urls = Array.from({ length: count }, () => {
    const copier = copierFor(options);
    return names.map((name) => copier.urlOf(MODULES[name]));
  });
  const all = urls.flatMap((ofIsolate, i) =>
    ofIsolate.map((url, n) => `export * as ${names[n]}${i} from "${url}";`)
  );
  const modules = await import(urlOfSource(all.join("\n")));
  return urls.map((_, i) =>
    withState(
      Object.fromEntries(names.map((name) => [name, modules[`${name}${i}`]])),
      options.realGuard === true,
    )
  );
}

function copierFor({ realGuard, forgetful, replacements = [] }: CopyOptions): Copier {
  const replaced = [...STAND_INS, forgetful ? FORGETFUL : WITH_CHECKPOINTS];
  if (!realGuard) replaced.push(SIMULATED_GUARD);
  return new Copier(replaced, replacements);
}

function urlOfSource(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}

/** Adds access to the module variables to the modules of an isolate. */
// deno-lint-ignore no-explicit-any
function withState(isolate: any, realGuard: boolean): Isolate {
  if (!realGuard) isolate.guard ??= standIns;
  const { unusedNodes } = isolate.waiterNode;
  const { asyncParker } = isolate.parkAsync;
  const { forwarded, woken } = isolate.woken;
  const { resetHooks } = isolate.hooks;
  const holds: Map<number, object> = isolate.rlock?.holds ?? new Map();
  isolate.state = {
    save: () =>
      JSON.stringify([unusedNodes, [...holds].map(([at, hold]) => [at, { ...hold, handle: 0 }])]),
    restore(saved: string) {
      const [nodes, held] = JSON.parse(saved);
      unusedNodes.splice(0, unusedNodes.length, ...nodes);
      holds.clear();
      for (const [at, hold] of held) holds.set(at, hold);
      forwarded.clear();
      woken.clear();
      asyncParker.isArmed = false;
      asyncParker.sleepers.clear();
      resetHooks();
    },
    isIdle: () =>
      !asyncParker.isArmed && forwarded.length === 0 && woken.length === 0 &&
      asyncParker.sleepers.size === 0,
    leaksNode: () => asyncParker.sleepers.size === 0 && unusedNodes.length % NODES_PER_SLAB !== 0,
  };
  return isolate;
}

const sources = new Map<string, string>();

/** Returns the source of a file of the repository, by its path from the root. */
export function sourceOf(path: string): string {
  let source = sources.get(path);
  if (source === undefined) sources.set(path, source = Deno.readTextFileSync(new URL(path, ROOT)));
  return source;
}

/** Makes the copies of one isolate, each module once. */
class Copier {
  private urls = new Map<string, string>();

  constructor(private replaced: [RegExp, string][], private replacements: Replacement[]) {}

  /** Returns the URL from which the copy of a module, or its stand-in, can be imported. */
  urlOf(path: string, importer = ""): string {
    // The stand-ins for the parker import the real one.
    const isReal = PARKER.test(path) && importer.startsWith("tests/model/");
    for (const [pattern, standIn] of this.replaced) {
      if (!isReal && pattern.test(path)) path = standIn;
    }
    if (path === MACHINE) return new URL(path, ROOT).href;
    let url = this.urls.get(path);
    if (url === undefined) this.urls.set(path, url = this.copy(path));
    return url;
  }

  private copy(path: string): string {
    const source = stripTypeScriptTypes(replaceIn(sourceOf(path), path, this.replacements))
      .replace(
        /^(export )?function (\w+)\(/gm,
        (declaration, exported = "", name) =>
          OBSERVED[path]?.includes(name)
            ? `${exported}function ${name}(...args) { return observed("${name}", () => ` +
              `plain_${name}(...args), args.find((arg) => arg?.admit)); } function plain_${name}(`
            : declaration,
      )
      .replace(/(from|import) "(\.[^"]+)"/g, (_, word, specifier) => {
        const target = new URL(specifier, new URL(path, ROOT)).href.slice(ROOT.href.length);
        return `${word} "${this.urlOf(target, path)}"`;
      });
    const globals = `import { ${GLOBALS.join(", ")} } from "${this.urlOf(MACHINE)}"; `;
    const steps = PRIVATE_STEPS[path] === undefined ? "" : `\nexport { ${PRIVATE_STEPS[path]} };`;
    return urlOfSource(globals + source + steps);
  }
}

/** Makes the replacements for a file. Each `from` must occur once. */
export function replaceIn(source: string, path: string, replacements: Replacement[]): string {
  for (const { file, from, to, optional } of replacements) {
    if (file !== path) continue;
    const places = source.split(from).length - 1;
    if (places === 0 && optional) continue;
    if (places !== 1) {
      throw new Error(
        `${path} must contain the text to replace once, not ${places} times: ${from}`,
      );
    }
    source = source.replace(from, () => to);
  }
  return source;
}
