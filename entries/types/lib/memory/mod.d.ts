// The declarations of lib/memory/mod.ts

export { SharedArray, type SharedArrayOptions } from "./array.d.ts";
export { constant } from "./constant.d.ts";
export { type LockMethods, type SharedLock, type SharedOptions } from "./locking.d.ts";
export { type Frozen } from "./frozen.d.ts";
export { type SharedKey } from "./map_key.d.ts";
export { Namespace, type NamespaceConstructor } from "./namespace.d.ts";
export { type ElementsOf, RawArray } from "./raw_array.d.ts";
export { type ShareableItem, ShareableList } from "./shareable_list.d.ts";
export { type MemoryOptions } from "./shared_buffer.d.ts";
export { SharedList } from "./shared_list.d.ts";
export { type Entries, SharedMap } from "./shared_map.d.ts";
export { SharedMemory, type SharedMemoryOptions } from "./shared_memory.d.ts";
export {
  type DataOf,
  type DtypeOf,
  type ElementOfTypecode,
  type ElementTypes,
  type IntegerTypecode,
  type NumberTypecode,
  type NumericTypecode,
  type PythonTypecodes,
  type Typecode,
} from "./typecodes.d.ts";
export { RawValue, Value } from "./value.d.ts";

export {};
