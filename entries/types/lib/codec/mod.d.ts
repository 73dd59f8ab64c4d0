// The declarations of lib/codec/mod.ts

export { type AnyClass, type AnyFunction, task, type TasksOf, tasksOf } from "./task.d.ts";
export { type Reducer, registerReducer } from "./reducers.d.ts";

export {};
