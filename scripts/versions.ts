/**
 * Runs a short program on the oldest supported version of Deno, the current one and some between, and on
 * older ones, where the package must say which version it needs.
 *
 * ```text
 * deno task versions [2.7.6 2.8.0 …]
 * ```
 *
 * npm has every version: `npx -y deno@2.8.0`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { OLDEST_DENO } from "../lib/runtime/deno_version.ts";

/** Versions on which everything works. */
const SUPPORTED = [OLDEST_DENO, "2.7.14", "2.8.0", "2.9.6"];
/** Versions that are too old. */
const TOO_OLD = ["2.2.0", "2.6.4", "2.7.5"];
/** A program that takes longer hangs, in milliseconds; on a machine that is not kept busy. */
const LIMIT_MS = 120_000;

/** Runs the suite on one version. Returns what it printed, or that it hangs. */
async function run(version: string): Promise<string> {
  const suite = fileURLToPath(new URL("versions/suite.ts", import.meta.url));
  const flags = ["--allow-all", "--no-check", "--no-config", "--no-lock"];
  const child = new Deno.Command("npx", {
    args: ["-y", `deno@${version}`, "run", ...flags, suite],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("").trim();
  return code === 137 ? `hangs: ${text}` : text;
}

async function main(): Promise<void> {
  const versions = Deno.args.length > 0 ? Deno.args : [...TOO_OLD, ...SUPPORTED];
  let failed = false;
  for (const version of versions) {
    const text = await run(version);
    const refused = new RegExp(`needs Deno ${OLDEST_DENO} or later, and this is Deno ${version}`);
    const isRight = TOO_OLD.includes(version) ? refused.test(text) : text === "all works";
    console.log(`Deno ${version}: ${isRight ? "as it should be" : `WRONG\n${text}`}`);
    failed ||= !isRight;
  }
  if (failed) Deno.exit(1);
}

if (import.meta.main) await main();
