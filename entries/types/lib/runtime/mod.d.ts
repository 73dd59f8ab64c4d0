// The declarations of lib/runtime/mod.ts

export { Finalize, type FinalizeOptions } from "./finalize.d.ts";
export { abandonedWorkers } from "./host.d.ts";
export { interruptOn } from "./interrupts.d.ts";
export {
  getAllStartMethods,
  getStartMethod,
  setForkserverPreload,
  setStartMethod,
  type StartMethod,
} from "./start_method.d.ts";

export {};
