/**
 * What users tell the codec: which functions and classes cross, and how.
 *
 * @module
 */

export { type AnyClass, type AnyFunction, task, type TasksOf, tasksOf } from "./task.ts";
export { type Reducer, registerReducer } from "./reducers.ts";
