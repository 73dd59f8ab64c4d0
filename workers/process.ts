/**
 * The module that a process of the operating system runs, before the main module of the program. It ends
 * with the process, so the main module is not run.
 *
 * @module
 */

import "../lib/runtime/deno_version.ts"; // first
import "../lib/pool/engines/isolates/job_words.ts"; // the worker may have pools
import { serveAgent } from "../lib/agents/child.ts";

await serveAgent();
