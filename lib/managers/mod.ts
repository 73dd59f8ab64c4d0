/**
 * Managers: shared objects under Python's names, and objects of custom classes in a server process.
 *
 * @module
 */

export {
  BaseManager,
  type FactoryMethods,
  type FactoryParameters,
  type ManagerClass,
  type ProxyOf,
  type RegisterOptions,
} from "./base_manager.ts";
export { Manager } from "./manager.ts";
export { BaseProxy, callMethod, type Proxied, type Replied } from "./proxy.ts";
export { SharedMemoryManager } from "./shared_memory_manager.ts";
