/**
 * The module that every worker begins with.
 *
 * It imports every class that a worker may receive.
 *
 * @module
 */

import "../lib/runtime/deno_version.ts"; // first
import { endProcess, reportAgent, runAgent } from "../lib/agents/agent.ts";
import "../lib/agents/remote_object.ts";
import "../lib/logging/logger.ts";
import { taggedOutput } from "../lib/logging/tag_output.ts";
import "../lib/managers/proxy.ts";
import { reportPoolWorker, runPoolWorker } from "../lib/pool/engines/isolates/pool_worker.ts";
import { endPoolProcess, runPoolAgent } from "../lib/pool/engines/processes/pool_agent.ts";
import { runProcessWorker } from "../lib/pool/engines/processes/process_worker.ts";
import { reportProcess, runProcess } from "../lib/process/child.ts";
import { startWorker } from "../lib/runtime/worker.ts";
import "../lib/runtime/shared_types.ts";

startWorker({
  process: { run: runProcess, report: reportProcess },
  pool: { run: runPoolWorker, report: reportPoolWorker },
  agent: { run: runAgent, report: reportAgent, stop: endProcess },
  poolAgent: { run: runPoolAgent, report: reportPoolWorker, stop: endPoolProcess },
  processWorker: { run: runProcessWorker, report: reportPoolWorker },
}, taggedOutput);
