/**
 * What `console.log` shows of an object whose state is not in public properties.
 *
 * @module
 */

/**
 * Makes `console.log` show the instances of a class, and of its subclasses, with what `stateOf` returns;
 * it returns `undefined` for an object without a state: a prototype.
 */
export function showStateOf<T extends object>(
  { prototype }: { prototype: T },
  stateOf: (object: T) => object | undefined,
): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      const { name } = this.constructor;
      const state = Object.hasOwn(this, "constructor") ? undefined : stateOf(this);
      return state === undefined ? `${name}.prototype` : `${name} ${inspect(state, options)}`;
    },
  });
}
