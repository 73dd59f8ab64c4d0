/**
 * Classes of other packages, sent as parts and put together again, as Python's `copyreg` does.
 *
 * @module
 */

/** How objects that are no class of ours cross. */
export interface Reducer {
  /** Whether the object is one of these. */
  is(value: object): boolean;
  /** Its parts: a value that crosses. */
  reduce(value: object): unknown;
  /** Puts it together; a function that was registered by `task()`. */
  revive: (parts: never) => object;
}

const reducers: Reducer[] = [];

/** Adds a kind of object that crosses. */
export function registerReducer(reducer: Reducer): void {
  reducers.push(reducer);
}

/** The reducer for the object, if there is one. */
export function reducerFor(value: object): Reducer | undefined {
  return reducers.length === 0 ? undefined : reducers.find((reducer) => reducer.is(value));
}
