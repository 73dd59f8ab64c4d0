/**
 * Copies of the library, one for each simulated thread: as in a worker, every module has variables of
 * its own, and its globals and memory are those of the simulated machine.
 *
 * The copies are made from the sources as they are, types stripped, and loaded from memory. Only
 * the modules of {@linkcode STAND_INS} are replaced, and the functions of {@linkcode CALLS} observed; a test
 * may plant bugs by changing the source.
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
  heap: "lib/heap/allocator.ts",
  rootWords: "lib/heap/root_words.ts",
  guard: "lib/heap/guard.ts",
  shared: "lib/objects/shared_object.ts",
  hooks: "lib/heap/hooks.ts",
  waiterNode: "lib/parking/waiter_node.ts",
  parkAsync: "lib/parking/park_async.ts",
  woken: "lib/parking/woken.ts",
  taskCounter: "lib/channels/task_counter.ts",
  thread: "lib/heap/isolate_record.ts",
  wait: "lib/parking/wait.ts",
  waitQueue: "lib/parking/wait_queue.ts",
  ownership: "lib/sync/ownership.ts",
  lock: "lib/sync/lock.ts",
  rlock: "lib/sync/rlock.ts",
  event: "lib/sync/event.ts",
  semaphore: "lib/sync/semaphore.ts",
  condition: "lib/sync/condition.ts",
  barrier: "lib/sync/barrier.ts",
  channel: "lib/channels/channel.ts",
  queue: "lib/channels/queue.ts",
  joinableQueue: "lib/channels/joinable_queue.ts",
  pipe: "lib/channels/pipe.ts",
  lifecycle: "lib/runtime/lifecycle.ts",
} as const;

/** Steps that a module keeps to itself: the copies export all generators. */
type StepsOf<T> = (address: number) => Steps<T>;

/** The modules of one isolate. Those that a scenario does not name in `uses` are not there. */
export interface Isolate {
  heap: typeof import("../../lib/heap/allocator.ts");
  rootWords: typeof import("../../lib/heap/root_words.ts");
  guard: typeof import("../../lib/heap/guard.ts");
  shared: typeof import("../../lib/objects/shared_object.ts");
  hooks: typeof import("../../lib/heap/hooks.ts");
  waiterNode: typeof import("../../lib/parking/waiter_node.ts");
  parkAsync: typeof import("../../lib/parking/park_async.ts");
  woken: typeof import("../../lib/parking/woken.ts");
  taskCounter: typeof import("../../lib/channels/task_counter.ts");
  thread: typeof import("../../lib/heap/isolate_record.ts");
  wait: typeof import("../../lib/parking/wait.ts");
  waitQueue: typeof import("../../lib/parking/wait_queue.ts");
  ownership: typeof import("../../lib/sync/ownership.ts");
  lock: typeof import("../../lib/sync/lock.ts");
  rlock: typeof import("../../lib/sync/rlock.ts") & {
    entering(lock: number, hold: { token: number; depth: number }): Steps<string>;
  };
  event: typeof import("../../lib/sync/event.ts") & { waiting: StepsOf<boolean> };
  semaphore: typeof import("../../lib/sync/semaphore.ts") & { taking: StepsOf<boolean> };
  condition: typeof import("../../lib/sync/condition.ts") & { waiting: StepsOf<boolean> };
  barrier: typeof import("../../lib/sync/barrier.ts") & { arriving: StepsOf<{ kind: string }> };
  channel: typeof import("../../lib/channels/channel.ts");
  queue: typeof import("../../lib/channels/queue.ts");
  joinableQueue: typeof import("../../lib/channels/joinable_queue.ts");
  pipe: typeof import("../../lib/channels/pipe.ts");
  lifecycle: typeof import("../../lib/runtime/lifecycle.ts");
  /** Its module variables. */
  state: ModuleState;
}

/** A module that a scenario can use. */
export type ModuleName = keyof typeof MODULES;

const BASE: ModuleName[] = [
  "heap",
  "rootWords",
  "hooks",
  "thread",
  "waiterNode",
  "woken",
  "parkAsync",
  "waitQueue",
  "wait",
  "shared",
];

/** A change of a source: `from` occurs in it once. */
export interface Replacement {
  /** Path from the root. */
  file: string;
  from: string | RegExp;
  to: string;
  /** Whether it need not occur. */
  optional?: boolean;
}

/**
 * Functions that leave nothing behind but what they return and what they wrote to memory. So when one
 * has returned, the thread is where it was when it called, however the function came to its result.
 */
const CALLS: Record<string, string[]> = {
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

/** Modules that are replaced. */
const STAND_INS: [RegExp, string][] = [
  [/^lib\/heap\/views\.ts$/, "tests/model/stand_ins.ts"],
  [/^lib\/heap\/sizes\.ts$/, "tests/model/sizes.ts"],
  [/^lib\/parking\/keep_alive\.ts$/, "tests/model/keep_alive.ts"],
  [/^lib\/codec\//, "tests/model/codec.ts"],
];
const SIMULATED_GUARD: [RegExp, string] = [
  /^lib\/heap\/guard\.ts$/,
  "tests/model/stand_ins.ts",
];
const PARKER = /^lib\/parking\/park_blocking\.ts$/;
const WITH_CHECKPOINTS: [RegExp, string] = [PARKER, "tests/model/park_blocking.ts"];
const FORGETFUL: [RegExp, string] = [PARKER, "tests/model/park_blocking_forgetful.ts"];

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
  "called as observed",
];

/** How copies are made. */
export interface CopyOptions {
  uses?: ModuleName[] | undefined;
  /** Whether the guard of the library is checked, and not simulated. */
  realGuard?: boolean;
  /**
   * Whether the steps know nothing between two sleeps but what their parks say: the present one, and
   * the last one in each queue before. Then it does not matter how often they slept there before, and
   * far fewer states are different. It does not hold for Barrier, which remembers an index, nor for who
   * waits for room in a queue, which knows the block of its item.
   */
  forgetful?: boolean | undefined;
  /** Bugs to plant. */
  replacements?: Replacement[];
}

/**
 * Loads a copy of the library for each of `count` threads, with one import: Deno goes through all that
 * it has loaded before at each.
 */
export async function loadIsolates(count: number, options: CopyOptions = {}): Promise<Isolate[]> {
  const names = [...BASE, ...options.uses ?? []];
  const urls = Array.from({ length: count }, () => {
    const copier = copierFor(options);
    return names.map((name) => copier.urlOf(MODULES[name]));
  });
  const all = urls.flatMap((its, i) =>
    its.map((url, n) => `export * as ${names[n]}${i} from "${url}";`)
  );
  const modules = await import(urlOfSource(all.join("\n")));
  return urls.map((_, i) =>
    completed(
      Object.fromEntries(names.map((name) => [name, modules[`${name}${i}`]])),
      options.realGuard === true,
    )
  );
}

function copierFor({ realGuard, forgetful, replacements = [] }: CopyOptions): Copier {
  const standIns = [...STAND_INS, forgetful ? FORGETFUL : WITH_CHECKPOINTS];
  if (!realGuard) standIns.push(SIMULATED_GUARD);
  return new Copier(standIns, replacements);
}

function urlOfSource(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}

/** The isolate of these modules, with access to its module variables. */
// deno-lint-ignore no-explicit-any
function completed(isolate: any, realGuard: boolean): Isolate {
  if (!realGuard) isolate.guard ??= standIns;
  const { unusedNodes } = isolate.waiterNode;
  const { asyncParker } = isolate.parkAsync;
  const { forwarded, woken } = isolate.woken;
  const { resetHooks } = isolate.hooks;
  const holds: Map<number, object> = isolate.rlock?.holds ?? new Map();
  const tallies: Map<number, number> = isolate.taskCounter?.tallies ?? new Map();
  isolate.state = {
    save: () =>
      JSON.stringify([unusedNodes, [...holds].map(([at, hold]) => [at, { ...hold, handle: 0 }])]),
    restore(saved: string) {
      const [nodes, held] = JSON.parse(saved);
      unusedNodes.splice(0, unusedNodes.length, ...nodes);
      holds.clear();
      for (const [at, hold] of held) holds.set(at, hold);
      tallies.clear(); // what it remembers is found in memory again
      forwarded.length = 0;
      woken.length = 0;
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

/** The source of a file of the repository, from its root. */
export function sourceOf(path: string): string {
  let source = sources.get(path);
  if (source === undefined) sources.set(path, source = Deno.readTextFileSync(new URL(path, ROOT)));
  return source;
}

/** Makes the copies of one isolate, each module once. */
class Copier {
  private urls = new Map<string, string>();

  constructor(private standIns: [RegExp, string][], private replacements: Replacement[]) {}

  /** Where the copy of a module can be imported from. */
  urlOf(path: string, importer = ""): string {
    // A stand-in for the parker calls the real one.
    const wraps = PARKER.test(path) && importer.startsWith("tests/model/");
    for (const [pattern, standIn] of this.standIns) {
      if (!wraps && pattern.test(path)) path = standIn;
    }
    if (path === "tests/model/stand_ins.ts") return new URL(path, ROOT).href; // one for all
    let url = this.urls.get(path);
    if (url === undefined) this.urls.set(path, url = this.copy(path));
    return url;
  }

  private copy(path: string): string {
    const source = stripTypeScriptTypes(replaceIn(sourceOf(path), path, this.replacements))
      .replace(/^function\*/gm, "export function*")
      .replace(
        /^(export )?function (\w+)\(/gm,
        (declaration, exported = "", name) =>
          CALLS[path]?.includes(name)
            ? `${exported}function ${name}(...args) { return observed("${name}", () => ` +
              `plain_${name}(...args), args.find((it) => it?.admit)); } function plain_${name}(`
            : declaration,
      )
      // The codec of the model has only what the protocols need.
      .replace(/import \{([^}]*)\} from "([^"]*\/codec\/[^"]*)";/g, (_, names, specifier) => {
        const codec = `codec_${specifier.replace(/\W/g, "_")}`;
        return `import * as ${codec} from "${specifier}"; ` +
          `const {${names.replaceAll(" as ", ": ")}} = ${codec};`;
      })
      .replace(/(from|import) "(\.[^"]+)"/g, (_, word, specifier) => {
        const target = new URL(specifier, new URL(path, ROOT)).href.slice(ROOT.href.length);
        return `${word} "${this.urlOf(target, path)}"`;
      });
    const globals = `import { ${GLOBALS.join(", ")} } from "${
      this.urlOf("tests/model/stand_ins.ts")
    }"; `;
    return urlOfSource(globals + source);
  }
}

/** Applies the replacements for a file; each must find its place. */
export function replaceIn(source: string, path: string, replacements: Replacement[]): string {
  for (const { file, from, to, optional } of replacements) {
    if (file !== path) continue;
    const places = source.split(from).length - 1;
    if (places === 0 && optional) continue;
    if (places !== 1) {
      throw new Error(`${path} does not contain once what is to be replaced: ${from}`);
    }
    source = source.replace(from, () => to);
  }
  return source;
}
