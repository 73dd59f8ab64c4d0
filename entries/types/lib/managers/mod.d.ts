// The declarations of lib/managers/mod.ts

export {
  BaseManager,
  type FactoryMethods,
  type FactoryParameters,
  type ManagerClass,
  type ProxyOf,
  type RegisterOptions,
} from "./base_manager.d.ts";
export { Manager } from "./manager.d.ts";
export { BaseProxy, callMethod, type Proxied, type Replied } from "./proxy.d.ts";
export { SharedMemoryManager } from "./shared_memory_manager.d.ts";

export {};
