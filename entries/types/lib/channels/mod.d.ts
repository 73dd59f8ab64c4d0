// The declarations of lib/channels/mod.ts

export {
  type RecvBytesIntoOptions,
  type RecvBytesOptions,
  type SendBytesOptions,
} from "./bytes.d.ts";
export { JoinableQueue } from "./joinable_queue.d.ts";
export { LifoQueue } from "./lifo_queue.d.ts";
export { Client, Listener } from "./listener.d.ts";
export { Connection } from "./connection.d.ts";
export { Pipe, type PipeOptions } from "./pipe.d.ts";
export { PriorityQueue } from "./priority_queue.d.ts";
export { Queue, type ShutdownOptions } from "./queue.d.ts";
export { type PriorityOptions } from "./queue_kind.d.ts";
export { SimpleQueue } from "./simple_queue.d.ts";
export { waitAny, waitAnySync } from "./wait_any.d.ts";

export {};
