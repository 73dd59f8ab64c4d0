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
  const lines = make(line);
  return [
    thereAndBack(`${count} strings of 20`, strings(20, "x"), raw, pool, repeats),
    thereAndBack(`${count} strings of 100`, strings(100, "x"), raw, pool, repeats),
    thereAndBack(`${count} strings of 100, Latin-1`, strings(100, "é"), raw, pool, repeats),
    thereAndBack(`${count} strings of 100, two bytes`, strings(100, "語"), raw, pool, repeats),
    thereAndBack(
      `${count} objects with strings`,
      make((at) => ({ id: `number ${at}`, title: `The title of item ${at}` })),
      raw,
      pool,
      repeats,
    ),
    thereAndBack(
      `${count} objects with strings, two bytes`,
      make((at) => ({ id: `番号 ${at}`, title: `第${at}の題名` })),
      raw,
      pool,
      repeats,
    ),
    thereAndBack(
      `an object of ${count} keys`,
      Object.fromEntries(make((at) => [`key number ${at}`, at])),
      raw,
      pool,
      repeats,
    ),
    thereAndBack(`a string of ${count * 100}`, "x".repeat(count * 100), raw, pool, repeats),
    thereAndBack(
      `a string of ${count * 100}, Latin-1`,
      "é".repeat(count * 100),
      raw,
      pool,
      repeats,
    ),
    thereAndBack(
      `a string of ${count * 100}, two bytes`,
      "語".repeat(count * 100),
      raw,
      pool,
      repeats,
    ),
    thereAndBack(`${count} dates`, make((at) => new Date(at * 1e7)), raw, pool, repeats),
    {
      name: `map over ${count} lines of JSON`,
      unit: "ms",
      repeats,
      contenders: [
        ["Array.map", () => timed(() => Promise.resolve(lines.map(scoreOfLine)))],
        ["Pool.map", () => timed(() => pool.map(scoreOfLine, lines))],
        ["Pool.mapSync", () => timed(() => pool.mapSync(scoreOfLine, lines))],
      ],
    },
  ];
}

function thereAndBack(
  what: string,
  value: unknown,
  raw: RawWorkers,
  pool: Pool,
  repeats: number,
): Scenario {
  return {
    name: `${what}, there and back`,
    unit: "ms",
    repeats,
    contenders: [
      ["postMessage", () => timed(() => raw.request((id) => ({ kind: "value", id, value })))],
      ["Pool.apply", () => timed(() => pool.apply(same, [value]))],
    ],
  };
}
