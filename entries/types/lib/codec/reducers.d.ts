// The declarations of lib/codec/reducers.ts

/**
 * How objects of one kind cross: {@linkcode registerReducer}.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 */
export interface Reducer<T extends object = object, Parts = unknown> {
  /**
   * The class whose objects they are; those of its subclasses are not, and are refused unless they have a
   * reducer of their own. Or a function that returns whether this reducer is for an object.
   */
  is: ((value: object) => value is T) | (abstract new (...args: never[]) => T);
  /** Takes an object apart. The parts must be able to cross, and must not contain the object. */
  reduce: (value: T) => Parts;
  /** Makes an equal object from the parts: a function registered with `task()`. */
  revive: (parts: Parts) => T;
}

/**
 * Registers how objects of one kind cross: a class with private fields, or of another package, whose
 * own properties are not enough to make a copy.
 *
 * - `reduce` runs where an object is sent, at the call, and `revive` where it is received. The
 *   receiving isolate imports the module of `revive` first, so register `revive` with `task()`.
 * - Call `registerReducer` at the top level of the module of `revive`. Then an isolate that received
 *   such an object can send it on.
 * - An object that occurs several times in a message is revived once.
 * - `is` that uses `instanceof` matches the objects of subclasses too, and these arrive as `revive` makes
 *   them. Name the class, and its subclasses are refused until they have reducers.
 * - If several reducers match an object, the one that was registered first is used.
 * - `task(import.meta, Class)` may be called for the class too: then its static methods cross.
 * - Plain objects, arrays, built-in classes and shared objects have an encoding of their own: reducers are
 *   not asked about them. Instances of a class registered with `task()` have one too, unless `is` is that
 *   class: a function as `is` is not asked about them.
 *
 * Follows Python's `copyreg.pickle`.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 * @param reducer how they are recognised, taken apart and put together
 * @throws {TypeError} if `is` is not a function or a class, `reduce` or `revive` is not a function, or
 * `revive` is not a task
 *
 * @example A class with private fields
 * ```ts
 * import { Pool, registerReducer, task } from "@sauropod/multiprocessing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * class Money {
 *   readonly #cents: number;
 *   constructor(cents: number) {
 *     this.#cents = cents;
 *   }
 *   get cents(): number {
 *     return this.#cents;
 *   }
 * }
 *
 * registerReducer({
 *   is: Money,
 *   reduce: (money) => money.cents,
 *   revive: task(import.meta, (cents: number) => new Money(cents)),
 * });
 *
 * const double = task(import.meta, (money: Money) => new Money(money.cents * 2));
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const doubled = await pool.apply(double, [new Money(250)]);
 *   assert(doubled instanceof Money);
 *   assertEquals(doubled.cents, 500);
 * }
 * ```
 */
export declare function registerReducer<T extends object, Parts>(reducer: Reducer<T, Parts>): void;

export {};
