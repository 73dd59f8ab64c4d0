/**
 * URLs of the package's own modules. A build (`scripts/build.ts`) has all of them in one folder.
 *
 * @module
 */

/** Whether this is a build. */
export const isBuilt: boolean = !import.meta.url.endsWith(".ts");

/** The entry module of every worker. */
export const workerEntry: URL = new URL(
  isBuilt ? "./workers/worker.js" : "../../workers/worker.ts",
  import.meta.url,
);

/** The module that a process of the operating system runs. */
export const processEntry: URL = new URL(
  isBuilt ? "./workers/process.js" : "../../workers/process.ts",
  import.meta.url,
);

/** The module of the worker that receives signals. */
export const signalsEntry: URL = new URL(
  isBuilt ? "./workers/signals.js" : "../../workers/signals.ts",
  import.meta.url,
);

/** The module of what a process of a cluster's node runs. */
export const remoteChunkEntry: URL = new URL(
  isBuilt ? "./lib/cluster/remote_chunk.js" : "../cluster/remote_chunk.ts",
  import.meta.url,
);

/** The prefix of the URLs of the package's own modules. */
export const ownModules: string = new URL(isBuilt ? "./" : "../", import.meta.url).href;
