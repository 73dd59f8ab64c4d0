/**
 * Text: strings, objects and dates there and back, and a map over the lines of a file.
 *
 * @module
 */

import type { Pool } from "@sauropod/multiprocessing";
import { type Scenario, timed } from "./measure.ts";
import type { RawWorkers } from "./raw.ts";
import { same, scoreOfLine } from "./tasks.ts";

/** Returns the scenarios of text. */
export function texts(raw: RawWorkers, pool: Pool, scale: number, repeats: number): Scenario[] {
  const count = Math.round(200_000 * scale);
  const make = <T>(item: (at: number) => T) => Array.from({ length: count }, (_, at) => item(at));
  const strings = (length: number, fill: string) => make((at) => String(at).padEnd(length, fill));
  const line = (at: number) =>
    JSON.stringify({
      id: at,
      name: `item ${at}`,
      values: [at, at / 3, at / 7],
      isNew: at % 2 === 0,
    });
  const two = "語";
  const values: [string, () => unknown][] = [
    [`${count} strings of 20`, () => strings(20, "x")],
    [`${count} strings of 100`, () => strings(100, "x")],
    [`${count} strings of 100, Latin-1`, () => strings(100, "é")],
    [`${count} strings of 100, two bytes`, () => strings(100, two)],
    [
      `${count} objects with strings`,
      () => make((at) => ({ id: `number ${at}`, title: `The title of item ${at}` })),
    ],
    [
      `${count} objects with strings, two bytes`,
      () => make((at) => ({ id: `番号 ${at}`, title: `第${at}の題名` })),
    ],
    [
      `an object of ${count} keys`,
      () => Object.fromEntries(make((at) => [`key number ${at}`, at])),
    ],
    [`a string of ${count * 100}`, () => "x".repeat(count * 100)],
    [`a string of ${count * 100}, Latin-1`, () => "é".repeat(count * 100)],
    [`a string of ${count * 100}, two bytes`, () => two.repeat(count * 100)],
    [`${count} dates`, () => make((at) => new Date(at * 1e7))],
  ];
  return [
    ...values.map(([what, make]) => thereAndBack(what, make, raw, pool, repeats)),
    mapOverLines(count, () => make(line), pool, repeats),
  ];
}

function thereAndBack(
  what: string,
  make: () => unknown,
  raw: RawWorkers,
  pool: Pool,
  repeats: number,
): Scenario {
  let value: unknown;
  return {
    name: `${what}, there and back`,
    unit: "ms",
    repeats,
    contenders: [
      ["postMessage", () => {
        value ??= make();
        return timed(() => raw.request((id) => ({ kind: "value", id, value })));
      }],
      ["Pool.apply", () => timed(() => pool.apply(same, [value]))],
    ],
    end: () => value = undefined,
  };
}

function mapOverLines(
  count: number,
  make: () => string[],
  pool: Pool,
  repeats: number,
): Scenario {
  let lines: string[] | undefined;
  return {
    name: `map over ${count} lines of JSON`,
    unit: "ms",
    repeats,
    contenders: [
      ["Array.map", () => {
        const all = lines ??= make();
        return timed(() => all.map(scoreOfLine));
      }],
      ["Pool.map", () => timed(() => pool.map(scoreOfLine, lines!))],
      ["Pool.mapSync", () => timed(() => pool.mapSync(scoreOfLine, lines!))],
    ],
    end: () => lines = undefined,
  };
}
