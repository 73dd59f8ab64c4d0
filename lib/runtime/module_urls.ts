/**
 * Where the package's own modules lie. A build (`scripts/build.ts`) has all of them in one folder.
 *
 * @module
 */

const built = !import.meta.url.endsWith(".ts");

/** The module that every worker begins with. */
export const workerEntry: URL = new URL(
  built ? "./workers/worker.js" : "../../workers/worker.ts",
  import.meta.url,
);

/** How the addresses of the package's own modules begin. */
export const ownModules: string = new URL(built ? "./" : "../", import.meta.url).href;
