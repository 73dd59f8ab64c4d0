/**
 * Queues, pipes and listeners, and waiting for any of them.
 *
 * A new kind of channel is a file in this folder and a line here: workers, contexts, `./dummy` and the
 * main module take their names from this module.
 *
 * @module
 */

import "./channel_handle.ts"; // for messages that carry the channels of a pool
import "./envelope.ts"; // for requests of managers
import "./managed_object.ts"; // for their proxies
export type { RecvBytesIntoOptions, RecvBytesOptions, SendBytesOptions } from "./bytes.ts";
export { JoinableQueue } from "./joinable_queue.ts";
export { LifoQueue } from "./lifo_queue.ts";
export { Client, Listener } from "./listener.ts";
export { Connection } from "./connection.ts";
export { Pipe, type PipeOptions } from "./pipe.ts";
export { PriorityQueue } from "./priority_queue.ts";
export { Queue, type ShutdownOptions } from "./queue.ts";
export type { PriorityOptions } from "./queue_kind.ts";
export { SimpleQueue } from "./simple_queue.ts";
export { waitAny, waitAnySync } from "./wait_any.ts";
