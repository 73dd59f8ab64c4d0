/**
 * The public part of the codec: which functions, classes and objects cross, and how.
 *
 * @module
 */

export { type AnyClass, type AnyFunction, task, type TasksOf, tasksOf } from "./task.ts";
export { type Reducer, registerReducer } from "./reducers.ts";
