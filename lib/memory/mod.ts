/**
 * Shared values, arrays, containers and blocks of memory.
 *
 * To add a type, add a file to this folder and a line here: workers, contexts, `./dummy` and the
 * main module re-export what this module exports.
 *
 * @module
 */

export { SharedArray, type SharedArrayOptions } from "./array.ts";
export { constant } from "./constant.ts";
export type { LockMethods, SharedLock, SharedOptions } from "./locking.ts";
export type { Frozen } from "./frozen.ts";
export type { SharedKey } from "./map_key.ts";
export { Namespace, type NamespaceConstructor } from "./namespace.ts";
export { type ElementsOf, RawArray } from "./raw_array.ts";
export { type ShareableItem, ShareableList } from "./shareable_list.ts";
export type { MemoryOptions } from "./shared_buffer.ts";
export { SharedList } from "./shared_list.ts";
export { type Entries, SharedMap } from "./shared_map.ts";
export { SharedMemory, type SharedMemoryOptions } from "./shared_memory.ts";
export type {
  DataOf,
  DtypeOf,
  ElementOfTypecode,
  ElementTypes,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  PythonTypecodes,
  Typecode,
} from "./typecodes.ts";
export { RawValue, Value } from "./value.ts";
