/**
 * The public part of the runtime: how workers are started, and what runs at their end.
 *
 * @module
 */

export { Finalize, type FinalizeOptions } from "./finalize.ts";
export { abandonedWorkers } from "./host.ts";
export { interruptOn } from "./interrupts.ts";
export {
  getAllStartMethods,
  getStartMethod,
  setForkserverPreload,
  setStartMethod,
  type StartMethod,
} from "./start_method.ts";
