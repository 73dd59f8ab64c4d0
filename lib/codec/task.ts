/**
 * Registration: functions and classes that a program names for all isolates.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { isOptionsObject } from "../arguments/options.ts";
import { isInstance, wrongType } from "../arguments/values.ts";
import { handleMark } from "../objects/shared_object.ts";
import { hasPrivateMembers, isClass } from "./class_text.ts";
import type { Definition } from "./definition.ts";
import { reducedBaseOf, reducerFor } from "./reducers.ts";

/** Any function. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => any;
/** Any class. */
// deno-lint-ignore no-explicit-any
export type AnyClass = abstract new (...args: any[]) => any;

interface Registration {
  fn: object;
  hash: number;
  name: string;
  /** The stack of the registration of a function without a name. It is formatted only if it is read. */
  site: { stack?: string } | undefined;
}

/** The registrations by `task()` in this isolate, by module. */
const registrations = new Map<string, Registration[]>();
/** The definitions that this isolate knows for functions and classes. */
const definitions = new WeakMap<object, Definition>();
/** Registered classes whose instances would arrive without private members that their methods need. */
const withPrivateMembers = new WeakSet<object>();
/** Classes that have a reducer. */
const withReducer = new WeakSet<object>();

/**
 * Registers a function or class so that every isolate can find it.
 *
 * Call it at the top level of a module. A worker that receives the function imports the module and
 * finds the function there, exported or not.
 *
 * - The function is not changed and can be called as before.
 * - Instances of a registered class keep their class when they are sent, with their own enumerable
 *   properties. Those of a class with private fields (`#x`) are refused: see {@linkcode registerReducer}.
 * - Workers find the static methods of a registered class too, and its methods that do not use `this`.
 *
 * @typeParam F the function's or class's type
 * @param meta the module's `import.meta`
 * @param fn the function or class
 * @returns `fn`
 * @throws {TypeError} if `meta` has no `url`, `fn` is not a function, or `fn` is a class whose instances cross
 * in a way of their own: a class of shared objects, such as `Queue`, one that has a reducer, or a subclass
 *
 * @example A function that uses its module
 * ```ts
 * import { Pool, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const offset = 100;
 * const shift = task(import.meta, (x: number) => x + offset);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(2);
 *   assertEquals(await pool.map(shift, [1, 2]), [101, 102]);
 * }
 * ```
 */
export function task<
  // With parameters of type `any`, those without a type would be `any` too.
  F extends ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown),
>(meta: { url: string }, fn: F): F {
  if (!isOptionsObject(meta) || typeof meta.url !== "string") {
    throw wrongType("register task", "meta", "import.meta", meta, "Write task(import.meta, fn)");
  }
  if (typeof fn !== "function") {
    throw wrongType("register task", "fn", "a function or a class", fn);
  }
  refuseClassWithEncoding(fn);
  const list = registrations.get(meta.url) ?? [];
  registrations.set(meta.url, list);
  const hash = hashOf(Function.prototype.toString.call(fn));
  const { name } = fn;
  const definition: Definition = {
    kind: "task",
    name,
    module: meta.url,
    index: list.length,
    hash,
    twin: findTwins(list, name, hash).length,
  };
  definitions.set(fn, definition);
  const site = name === "" ? {} : undefined;
  if (site !== undefined) Error.captureStackTrace(site, task);
  list.push({ fn, hash, name, site });
  if (isClass(fn)) {
    defineMethods(fn, [], definition);
    defineMethods(fn.prototype, ["prototype"], definition);
    if (hasPrivateMembers(fn)) withPrivateMembers.add(fn);
  }
  return fn;
}

/** Defines the methods of a registered class, unless they are registered themselves. */
function defineMethods(of: object, path: string[], definition: Definition): void {
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(of))) {
    if (typeof value !== "function" || isClass(value) || definitions.has(value)) continue;
    definitions.set(value, { ...definition, member: [...path, key] } as Definition);
  }
}

/**
 * Refuses a class whose instances cross in a way of their own: those of shared objects, and of classes that
 * have a reducer. Registered, its instances would arrive without their state, or without their class.
 */
function refuseClassWithEncoding(fn: AnyFunction | AnyClass): void {
  const prototype: unknown = fn.prototype;
  if (typeof prototype !== "object" || prototype === null) return; // not a class
  if (handleMark in prototype) throw ownEncoding(fn);
  const reducer = findReducer(Object.create(prototype));
  if (reducer === undefined) return refuseReducedBase(fn, prototype);
  if (reducer.isOwn) throw ownEncoding(fn);
  if (reducer.of !== undefined || hasPrivateMembers(fn)) return; // the reducer stays
  const name = fn.name || "Class";
  throw new TypeError(
    `Cannot register task: registerReducer() says how instances of ${name} cross, and registered ones ` +
      `cross in another way. Write is: ${name} in the reducer, to keep it, or leave one of the two out`,
  );
}

function ownEncoding({ name }: AnyFunction | AnyClass): TypeError {
  return new TypeError(
    `Cannot register task: instances of ${
      name || "the class"
    } cross in a way of their own, which does ` +
      "not keep a subclass. Send the instances without that, and keep what you add to them in functions",
  );
}

/** Refuses a class that extends one with a reducer, and has none. */
function refuseReducedBase({ name }: AnyFunction | AnyClass, prototype: object): void {
  const base = reducedBaseOf(prototype);
  if (base === undefined) return;
  name ||= "the class";
  throw new TypeError(
    `Cannot register task: ${name} extends ${
      base.name || "a class"
    }, whose reducer would not keep the ` +
      `subclass. First write registerReducer({ is: ${name}, reduce, revive })`,
  );
}

/** Returns the reducer of an object; none if that cannot be found out, because it is not complete. */
function findReducer(value: object): ReturnType<typeof reducerFor> {
  try {
    return reducerFor(value);
  } catch {
    return undefined;
  }
}

/** Returns a 32-bit FNV-1a hash of the text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}

/** Returns the registrations with this name and text. */
function findTwins(list: readonly Registration[], name: string, hash: number): Registration[] {
  return list.filter((it) => it.hash === hash && it.name === name);
}

/** The functions of a module, as tasks. */
export type TasksOf<Module> = {
  readonly [K in keyof Module as Module[K] extends AnyFunction ? K : never]: Module[K];
};

/**
 * Returns every exported function of a module as a task. The module is neither changed nor imported
 * here. A function that the module does not export is looked for among the properties of its `default`
 * export, where CommonJS modules may have it.
 *
 * Pass the tasks to processes and pools. They cannot be called directly, because this isolate may not
 * have loaded the module.
 *
 * @typeParam Module the module's type, `typeof import("./analysis.ts")`
 * @param url the module's URL; `npm:` and `jsr:` specifiers are URLs too
 * @throws {TypeError} if `url` is not an absolute URL
 *
 * @example The functions of a module that knows nothing of workers
 * ```ts
 * import { Pool, tasksOf } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const path = tasksOf<typeof import("node:path")>("node:path");
 * await using pool = new Pool(1);
 * assertEquals(await pool.map(path.basename, ["a/b.txt", "c/d.txt"]), ["b.txt", "d.txt"]);
 * ```
 */
export function tasksOf<Module>(url: string | URL): TasksOf<Module> {
  if (typeof url !== "string" && !isInstance(url, URL)) {
    throw wrongType("make tasks", "url", "an absolute URL", url);
  }
  const module = String(url);
  if (!URL.canParse(module)) {
    const advice = isInteractive()
      ? `Use new URL(${describe(module)}, Deno.mainModule)`
      : `Use import.meta.resolve(${describe(module)})`;
    throw wrongType("make tasks", "url", "an absolute URL", module, advice);
  }
  const stubs = new Map<string, AnyFunction>();
  return new Proxy({}, {
    get(_target, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      let stub = stubs.get(name);
      if (stub === undefined) {
        stub = () => {
          throw new TypeError(
            `Cannot call ${name} of ${module} here: it is a task. Give it to a pool or a process`,
          );
        };
        definitions.set(stub, { kind: "export", name, module });
        stubs.set(name, stub);
      }
      return stub;
    },
  }) as TasksOf<Module>;
}

/**
 * Whether the program is typed into a REPL or a notebook, where the only URL to resolve against is
 * `Deno.mainModule`.
 */
export function isInteractive(): boolean {
  // Undefined in workers.
  return /\/\$deno\$\w+\.mts$/.test(Deno.mainModule ?? "");
}

/** Returns how to register a function or class, as the end of a sentence. */
export function registrationAdvice(name: string): string {
  const call = `task(import.meta, ${name}) at the top level of its module`;
  return !isInteractive()
    ? call
    : `${call}. A cell of a notebook or a line of a REPL is not a module: ` +
      `write ${name} into a file, and import it from there`;
}

/** Whether instances of the class keep it when they are sent: this isolate knows a definition of it. */
export function isRegistered(classOf: object): boolean {
  return definitions.has(classOf) && !withPrivateMembers.has(classOf) && !withReducer.has(classOf);
}

/** States that instances of a class cross by a reducer, also if the class is registered. */
export function reduceInstances(classOf: AnyClass): void {
  withReducer.add(classOf);
}

/** Whether the class is registered, but its instances cannot be copied, because of private members. */
export function isRegisteredInVain(classOf: object): boolean {
  return withPrivateMembers.has(classOf);
}

/** Returns the definition that this isolate knows for a function, if any. */
export function knownDefinition(fn: object): Definition | undefined {
  const definition = definitions.get(fn);
  if (definition?.kind !== "task" || definition.twins !== undefined) return definition;
  const { module, name, hash, index } = definition;
  const list = registrations.get(module)!;
  return {
    ...definition,
    at: placeIn(module, list[index].site),
    twins: findTwins(list, name, hash).length,
  };
}

/** Returns the file, line and column of a registration, `undefined` if its stack does not tell. */
function placeIn(module: string, site: { stack?: string } | undefined): string | undefined {
  const stack = site?.stack ?? "";
  const start = stack.indexOf(`${module}:`);
  const place = start < 0 ? null : /^:\d+:\d+/.exec(stack.slice(start + module.length));
  return place === null ? undefined : fileName(module) + place[0];
}

/** Returns the name of a module without the folders. */
export function fileName(module: string): string {
  return module.slice(module.lastIndexOf("/") + 1);
}

/** Remembers the definition of a function that was found by it, unless it is registered here. */
export function rememberDefinition(fn: object, definition: () => Definition): void {
  if (!definitions.has(fn)) definitions.set(fn, definition());
}

/** Returns what was registered here under the definition, if anything. */
export function findRegistered(definition: Definition & { kind: "task" }): object | undefined {
  const { module, name, hash, twin, twins, member = [] } = definition;
  const candidates = findTwins(registrations.get(module) ?? [], name, hash);
  // With fewer than `twins`, the positions of the missing ones are unknown.
  if (candidates.length < twins!) return undefined;
  return member.reduce<object>((object, key) => Reflect.get(object, key), candidates[twin].fn);
}
