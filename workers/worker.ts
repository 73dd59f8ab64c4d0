/**
 * The module that every worker begins with.
 *
 * @module
 */

import { startWorker } from "../lib/runtime/worker.ts";
import "../lib/logging/logger.ts";
import { taggedOutput } from "../lib/logging/tag_output.ts";
import { runPoolWorker } from "../lib/pool/engines/isolates/worker.ts";
import { reportProcess, runProcess } from "../lib/process/child.ts";
import "../lib/sync/lock.ts";
import "../lib/sync/event.ts";
import "../lib/sync/barrier.ts";
import "../lib/sync/rlock.ts";
import "../lib/sync/semaphore.ts";
import "../lib/sync/condition.ts";
import "../lib/memory/array.ts";
import "../lib/memory/value.ts";
import "../lib/memory/shared_memory.ts";
import "../lib/memory/shareable_list.ts";
import "../lib/memory/namespace.ts";
import "../lib/memory/shared_list.ts";
import "../lib/memory/shared_map.ts";
import "../lib/managers/proxy.ts";
import "../lib/channels/channel_handle.ts";
import "../lib/channels/queue.ts";
import "../lib/channels/joinable_queue.ts";
import "../lib/channels/lifo_queue.ts";
import "../lib/channels/priority_queue.ts";
import "../lib/channels/simple_queue.ts";
import "../lib/channels/pipe.ts";
import "../lib/channels/listener.ts";

startWorker({
  process: { run: runProcess, report: reportProcess },
  pool: { run: runPoolWorker },
}, taggedOutput);
