/**
 * A minute of chaos in a cluster: see `scripts/chaos.ts`.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { chaos } from "../../scripts/chaos.ts";
import { Tally } from "../../scripts/soak/tally.ts";
import { natsServer } from "./servers.ts";

const MINUTE_MS = 60_000;

Deno.test("chaos() finds no item that is lost or comes twice", {
  ignore: natsServer === undefined,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const tally = new Tally();
  await chaos(natsServer!, seed, MINUTE_MS, 3, tally);
  const report = `seed ${seed}: ${tally.report()}`;
  console.log(report);
  assert(!tally.hasFailed, report);
  assertEquals(tally.received, tally.sent, report);
  assertGreater(tally.received, 0);
  assertGreater(tally.faults.size, 0);
});
