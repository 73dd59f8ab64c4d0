/**
 * Contracts of shared objects. A clause is written once, for several parties that call methods, and
 * runs in every setting: parties that block and parties that await, in one isolate, in the main
 * isolate and workers, in workers only.
 *
 * @module
 */
import { deadline } from "@std/async";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { assertNothingLeft, countParked, GUARD_MS, killWorkers } from "../../fixtures/guarded.ts";
import { type Setting, settings, World } from "./parties.ts";

/** One clause of a contract. */
export interface Clause {
  /** "Symbol.method() criterion". */
  name: string;
  /** The settings in which the clause means something; all if it is omitted. */
  where?(setting: Setting): boolean;
  /** Throws if an object does not keep the clause. */
  run(world: World): Promise<void>;
}

/** Registers a contract: a suite for each setting, whose clauses share their workers. */
export function contract(name: string, clauses: readonly Clause[]): void {
  for (const setting of settings) {
    describe(`${name}: ${setting.name}`, () => {
      let [parked, world]: [number?, World?] = [];

      beforeAll(() => {
        parked = countParked();
        world = new World(setting);
      });

      afterAll(async () => {
        try {
          await deadline(world!.end(), GUARD_MS);
          await assertNothingLeft(parked!);
        } finally {
          await killWorkers();
        }
      });

      for (const clause of clauses) {
        if (clause.where?.(setting) === false) continue;
        it(clause.name, async () => {
          try {
            await deadline(clause.run(world!), GUARD_MS);
            await world!.clear();
          } catch (error) {
            const state = world!.describe();
            await world!.kill();
            world = new World(setting);
            throw new Error(`${setting.name}: ${state}`, { cause: error });
          }
        });
      }
    });
  }
}

/** Accepts the settings in which each party but the first has its own worker, and so can die. */
export function canDie(setting: Setting): boolean {
  return setting.placeOf(1) === "own worker";
}
