/**
 * How a function or class is named, so that another worker finds its own copy of it.
 *
 * A definition is written once into the shared heap and then goes by its address; it is never freed,
 * so the address of a function is as good as the function itself in every message.
 *
 * @module
 */

import { DataCloneError, TaskLookupError } from "../errors.ts";
import { allocate } from "../heap/allocator.ts";
import { i32, u8 } from "../heap/views.ts";
import { ensureIsolate } from "../heap/isolate_record.ts";

/** Any function. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => any;
/** Any class. */
// deno-lint-ignore no-explicit-any
export type AnyClass = abstract new (...args: any[]) => any;

/** How a worker finds a function. */
export type Definition =
  /**
   * The `index`-th registration by `task()` in a module. A function that makes tasks gives them the
   * same text: it is then the `twin`-th of at least `twins` of this name and text.
   */
  | {
    kind: "task";
    name: string;
    module: string;
    index: number;
    hash: number;
    twin: number;
    twins?: number;
  }
  /** An export of a module. */
  | { kind: "export"; name: string; module: string }
  /** A function that comes with the language, by its path from `globalThis`. */
  | { kind: "global"; name: string }
  /** The text of a function that sees nothing outside itself. */
  | { kind: "source"; name: string; source: string };

interface Registration {
  fn: object;
  hash: number;
  name: string;
}

/** The registrations by `task()` in this isolate, by module. */
const registrations = new Map<string, Registration[]>();
/** The definitions that this isolate knows for functions and classes. */
const definitions = new WeakMap<object, Definition>();
const addresses = new WeakMap<object, number>();
/** Addresses by the definition's text. */
const addressesByText = new Map<string, number>();
/** Of functions that are sent as source, by name and text: one written in a call is new at each. */
const addressesBySource = new Map<string, number>();
/** What the definitions at these addresses mean in this isolate. */
const resolved = new Map<number, object>();

/** A 32-bit FNV-1a hash of the text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}

/**
 * Makes a function, or a class, known to all workers.
 *
 * Call it at the top level of a module: a worker that is sent the function imports the module and
 * finds it there, exported or not. The function stays what it was and can be called as before.
 * Instances of a class that was registered keep their class when they are sent, with their own
 * enumerable properties; private fields do not travel.
 *
 * @typeParam F the function's or class's type
 * @param meta the module's `import.meta`
 * @param fn the function or class
 * @returns `fn`
 * @throws {TypeError} if `meta` has no `url`, or `fn` is not a function
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
export function task<F extends AnyFunction | AnyClass>(meta: { url: string }, fn: F): F {
  if (typeof meta?.url !== "string") {
    throw new TypeError("Cannot register task: the first argument must be import.meta");
  }
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot register task: fn must be a function or a class, not ${typeof fn}`);
  }
  const list = registrations.get(meta.url) ?? [];
  registrations.set(meta.url, list);
  const hash = hashOf(Function.prototype.toString.call(fn));
  const { name } = fn;
  definitions.set(fn, {
    kind: "task",
    name,
    module: meta.url,
    index: list.length,
    hash,
    twin: twinsIn(list, name, hash).length,
  });
  list.push({ fn, hash, name });
  return fn;
}

/** The registrations of this name and text. */
function twinsIn(list: readonly Registration[], name: string, hash: number): Registration[] {
  return list.filter((it) => it.hash === hash && it.name === name);
}

/** The functions of a module, as tasks. */
export type TasksOf<Module> = {
  readonly [K in keyof Module as Module[K] extends AnyFunction ? K : never]: Module[K];
};

/**
 * Every exported function of a module as a task, without touching or importing the module here.
 *
 * The tasks can be given to processes and pools. They cannot be called directly: this isolate may
 * not have loaded the module.
 *
 * @typeParam Module the module's type, `typeof import("./analysis.ts")`
 * @param url the module's address; `npm:` and `jsr:` specifiers are addresses too
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
  const module = String(url);
  if (!URL.canParse(module)) {
    const base = isInteractive() ? "Deno.mainModule" : "import.meta.url";
    throw new TypeError(
      `Cannot make tasks of "${module}": it must be an absolute URL. ` +
        `Use new URL("${module}", ${base})`,
    );
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

/** Whether the program is typed into a REPL or a notebook: its cells see `Deno.mainModule` only. */
function isInteractive(): boolean {
  // Undefined in workers.
  return /\/\$deno\$\w+\.mts$/.test(Deno.mainModule ?? "");
}

/** How to register a function or class, as the end of a sentence. */
export function registrationAdvice(name: string): string {
  const call = `task(import.meta, ${name}) at the top level of its module`;
  return !isInteractive()
    ? call
    : `${call}. A cell of a notebook or a line of a REPL is no module: ` +
      `write ${name} into a file, and import it from there`;
}

/**
 * Whether `globalThis` has the name from the text of the program: a function of a notebook's cell or
 * of a script. Workers do not have it, and unlike what comes with the language it cannot be deleted.
 */
function isDeclaredGlobally(name: string): boolean {
  return Object.getOwnPropertyDescriptor(globalThis, name)?.configurable === false;
}

/** Whether instances of the class keep it when they are sent. */
export function isRegistered(classOf: object): boolean {
  return definitions.has(classOf);
}

/**
 * The address of the function's definition, which is written now if it is new.
 *
 * @throws {DataCloneError} if the function cannot be named
 */
export function functionAddress(fn: AnyFunction | AnyClass): number {
  let address = addresses.get(fn);
  if (address === undefined) {
    const definition = definitions.get(fn);
    address = definition === undefined ? undescribedAddress(fn) : write(complete(definition));
    addresses.set(fn, address);
  }
  return address;
}

/** The address of a function that nobody registered. */
function undescribedAddress(fn: AnyFunction | AnyClass): number {
  const text = `${String(fn.name)} ${Function.prototype.toString.call(fn)}`;
  let address = addressesBySource.get(text);
  if (address === undefined) {
    const definition = definitionOf(fn);
    address = write(definition);
    if (definition.kind === "source") addressesBySource.set(text, address);
  }
  return address;
}

/** Writes the definition into the heap, unless it is there. */
function write(definition: Definition): number {
  const text = JSON.stringify(definition);
  let address = addressesByText.get(text);
  if (address === undefined) {
    ensureIsolate();
    const bytes = new TextEncoder().encode(text);
    address = allocate(4 + bytes.length);
    i32[address] = bytes.length;
    u8.set(bytes, address * 4 + 4);
    addressesByText.set(text, address);
  }
  return address;
}

/** The definition with how many twins it has by now. */
function complete(definition: Definition): Definition {
  if (definition.kind !== "task" || definition.twins !== undefined) return definition;
  const { module, name, hash } = definition;
  return { ...definition, twins: twinsIn(registrations.get(module)!, name, hash).length };
}

/** The definition at an address. */
export function definitionAt(address: number): Definition {
  const start = address * 4 + 4;
  return JSON.parse(new TextDecoder().decode(u8.slice(start, start + i32[address])));
}

/** Names under which modules export functions that have no name of their own. */
const exportNames = new Map<number, string>();

/** What to call a function in a message to people. */
export function functionNameAt(address: number): string {
  const definition = definitionAt(address);
  if (definition.name !== "") return definition.name;
  const exported = exportNames.get(address);
  if (exported !== undefined) return exported;
  if (definition.kind === "source") {
    const line = definition.source.replace(/\s+/g, " ");
    return line.length <= 40 ? line : `${line.slice(0, 37)}...`;
  }
  const { module, index } = definition as Definition & { kind: "task" };
  return `number ${index + 1} of ${module.slice(module.lastIndexOf("/") + 1)}`;
}

/** Adds to the error of a function that was sent as source why it did not find what it named. */
export function explainScope(error: unknown, address: number): void {
  if (!(error instanceof ReferenceError || error instanceof TypeError)) return;
  const definition = definitionAt(address);
  const why = definition.kind === "source" ? missing(error, definition.source) : undefined;
  if (why !== undefined) error.message = `${error.message.replace(/\.$/, "")}. ${why}`;
}

/** What a function that was sent as source missed, if it is that which made it fail. */
function missing(error: Error, source: string): string | undefined {
  const register = "register it with task(import.meta, fn) at the top level of its module";
  if (error instanceof ReferenceError) {
    return "A function that is sent as source sees nothing outside itself: pass what it needs as " +
      `an argument, or ${register}`;
  }
  if (/^Module not found/.test(error.message) && /\bimport\(\s*["'`]\.\.?\//.test(source)) {
    return "A function that is sent as source belongs to no module, so its imports are relative to " +
      "nothing of the program's: pass new URL(…, import.meta.url).href as an argument and import " +
      `that, use tasksOf(), or ${register}`;
  }
  const made = /\bnew (Lock|Event)\b/.exec(source)?.[1];
  if (made && /^Illegal constructor|^Failed to construct 'Event'/.test(error.message)) {
    return `A function that is sent as source sees no imports: its ${made} is the browser's. ` +
      `Pass the object as an argument, or ${register}`;
  }
}

/**
 * The function that the definition at `address` means here.
 *
 * @returns `undefined` if the module that has it must be imported first: {@linkcode importFunction}
 */
export function functionAt(address: number): object | undefined {
  const known = resolved.get(address);
  if (known !== undefined) return known;
  const found = find(definitionAt(address));
  if (found !== undefined) remember(address, found);
  return found;
}

/**
 * Imports the module that has the function, and finds it there.
 *
 * @throws {TaskLookupError} if the module does not have it, or cannot be imported
 */
export async function importFunction(address: number): Promise<object> {
  const known = functionAt(address);
  if (known !== undefined) return known;
  const definition = definitionAt(address);
  if (!("module" in definition)) {
    throw new TaskLookupError(
      `Cannot find function ${definition.name}: globalThis of this worker does not have it`,
    );
  }
  importing++;
  let module: Record<string, unknown>;
  try {
    module = await import(definition.module);
  } catch (error) {
    throw new TaskLookupError(
      `Cannot import ${definition.module} for task ${functionNameAt(address)}: ` +
        (error instanceof Error ? error.message : String(error)),
      { cause: error },
    );
  } finally {
    importing--;
  }
  const found = definition.kind === "export" ? module[definition.name] : find(definition);
  if (typeof found !== "function") {
    throw new TaskLookupError(
      definition.kind === "export"
        ? `Cannot find function ${definition.name}: ${definition.module} ` +
          (definition.name in module ? "exports no function of this name" : "does not export it")
        : `Cannot find task ${functionNameAt(address)} in ${definition.module}: the ` +
          `worker's import of the module did not register it, or registered another. ` +
          `Call task() at the top level of the module, not inside a function or a condition` +
          (definition.twins! > 1
            ? `; ${definition.twins} tasks have this text, and all of them must be registered there`
            : ""),
    );
  }
  remember(address, found);
  const exported = Object.keys(module).find((name) => module[name] === found);
  if (exported !== undefined) exportNames.set(address, exported);
  return found;
}

let importing = 0;

/** Whether this isolate is importing a module on behalf of a task. */
export function isImporting(): boolean {
  return importing > 0;
}

function remember(address: number, fn: object): void {
  resolved.set(address, fn);
  addresses.set(fn, address);
  if (!definitions.has(fn)) definitions.set(fn, definitionAt(address));
}

/** What the definition means here, without importing anything. */
function find(definition: Definition): object | undefined {
  switch (definition.kind) {
    case "task": {
      const { module, name, hash, twin, twins } = definition;
      const here = twinsIn(registrations.get(module) ?? [], name, hash);
      // With fewer it is not known which of them are missing.
      return here.length < twins! ? undefined : here[twin].fn;
    }
    case "export":
      return undefined;
    case "global":
      return definition.name.split(".").reduce(
        // deno-lint-ignore no-explicit-any
        (object: any, key) => object[key],
        globalThis,
      );
    case "source":
      return evaluate(definition.source);
  }
}

/** Strict, as the module is that the source comes from. */
function evaluate(source: string): object {
  return (0, eval)(`"use strict"; (${source}\n)`);
}

/** Describes a function that nobody registered: by its path or its text. */
function definitionOf(fn: AnyFunction | AnyClass): Definition {
  const name = fn.name;
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    const path = globalPaths().get(fn);
    if (path !== undefined) return { kind: "global", name: path };
    throw new DataCloneError(
      name.startsWith("bound ")
        ? `a bound function (${name}) cannot be sent: register the function with task() and pass what it is bound to as an argument`
        : `${titled("built-in function", name)} cannot be sent: it has no path from globalThis`,
    );
  }
  // Much of what Deno brings along is written in JavaScript: structuredClone, atob, URL.
  if (name !== "" && Reflect.get(globalThis, name) === fn && !isDeclaredGlobally(name)) {
    return { kind: "global", name };
  }
  if (/^class\b/.test(source)) {
    throw new DataCloneError(
      `${titled("class", name)} cannot be sent unregistered: write ${
        registrationAdvice(name || "fn")
      }`,
    );
  }
  if (/^(async\s*)?(\([^)]*\)|[\w$]+)\s*=>/.test(source) && /\bthis\b/.test(source)) {
    throw new DataCloneError(
      `${
        titled("function", name)
      } cannot be sent as source: its \`this\` belongs to where it was written. Pass what it needs as an argument`,
    );
  }
  // A method's text is no expression; inside an object it is.
  const method = `{${source}}[${JSON.stringify(name)}]`;
  let usesMeta = false;
  for (const text of [source, method]) {
    try {
      if (typeof evaluate(text) === "function") return { kind: "source", name, source: text };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // not an expression: the next form
      usesMeta ||= error.message.includes("import.meta");
    }
  }
  const why = usesMeta
    ? "its import.meta belongs to its module. Pass what it needs of that as an " +
      "argument, or "
    : "";
  throw new DataCloneError(
    `${titled("function", name)} cannot be sent as source: ${why}register it with ` +
      registrationAdvice(name || "fn"),
  );
}

function titled(kind: string, name: string): string {
  return name === "" ? `a ${kind} without a name` : `the ${kind} ${name}`;
}

/** Where the functions are that come with the language and are no globals themselves. */
const namespaces = [
  ...["Math", "JSON", "Number", "String", "Object", "Array", "BigInt", "Date"],
  ...["Reflect", "Atomics", "Symbol", "Promise", "Intl", "console"],
];

let paths: Map<object, string> | undefined;

/** The functions that come with the language, with their paths. */
function globalPaths(): Map<object, string> {
  if (paths !== undefined) return paths;
  paths = new Map();
  const add = (object: object, prefix: string) => {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof value === "function" && !paths!.has(value)) paths!.set(value, prefix + key);
    }
  };
  add(globalThis, "");
  for (const key of namespaces) add(Reflect.get(globalThis, key), `${key}.`);
  const temporal: object = Reflect.get(globalThis, "Temporal") ?? {};
  for (const key of Object.getOwnPropertyNames(temporal)) {
    add(Reflect.get(temporal, key), `Temporal.${key}.`);
  }
  return paths;
}
