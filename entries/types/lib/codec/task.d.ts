// The declarations of lib/codec/task.ts

/** Any function. */
export type AnyFunction = (...args: any[]) => any;

/** Any class. */
export type AnyClass = abstract new (...args: any[]) => any;

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
export declare function task<
  F extends ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown),
>(meta: {
  url: string;
}, fn: F): F;

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
 * @typeParam Module the module's type, `typeof import("./analysis.d.ts")`
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
export declare function tasksOf<Module>(url: string | URL): TasksOf<Module>;

export {};
