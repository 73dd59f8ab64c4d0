/**
 * The versions of Deno that the package works on. Every entry of the package imports this module first, so
 * that an older version is named before something fails for want of it.
 *
 * @module
 */

/** The oldest version: in earlier ones, `Atomics.waitAsync` does not wake an event loop that is idle. */
export const OLDEST_DENO = "2.7.6";

/**
 * Checks a version of Deno.
 *
 * @param version such as `"2.9.6"`; `undefined` if the runtime is not Deno
 * @throws {Error} if the package does not work on it
 */
export function checkDenoVersion(version: string | undefined): void {
  if (version !== undefined && !isOlder(version, OLDEST_DENO)) return;
  const found = version === undefined ? "this is not Deno" : `this is Deno ${version}`;
  throw new Error(
    `Cannot load @sauropod/multiprocessing: it needs Deno ${OLDEST_DENO} or later, and ${found}. ` +
      "Run: deno upgrade",
  );
}

/** Whether a version comes before another one. Both are numbers with points, and may have more behind. */
function isOlder(version: string, than: string): boolean {
  const [numbers, others] = [version, than].map((text) => text.split(/[^0-9]+/, 3).map(Number));
  for (const [at, other] of others.entries()) {
    if (numbers[at] !== other) return numbers[at] < other;
  }
  return false;
}

checkDenoVersion((globalThis as { Deno?: { version?: { deno?: string } } }).Deno?.version?.deno);
