/**
 * Random values that can be sent: of every kind that has an encoding.
 *
 * @module
 */

import { Event } from "../../lib/sync/event.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { registerReducer } from "../../lib/codec/reducers.ts";
import { task } from "../../lib/codec/task.ts";
import { Thrown } from "../../lib/codec/thrown.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { bufferAddress } from "../../lib/codec/buffers.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import type { Random } from "../stress/random.ts";

const Point = task(
  import.meta,
  class Point {
    x = 0;
    y: unknown = 0;
    set z(_: unknown) {
      throw new Error("a setter ran");
    }
  },
);
const Names = task(import.meta, class Names extends Map<string, unknown> {});
const Failure = task(
  import.meta,
  class Failure extends RangeError {
    code = 5;
  },
);

class Sealed {
  readonly #parts: unknown;
  constructor(parts: unknown) {
    this.#parts = parts;
  }
  get parts(): unknown {
    return this.#parts;
  }
}
const unseal = task(import.meta, (parts: unknown) => new Sealed(parts));
registerReducer({
  is: (value) => value instanceof Sealed,
  reduce: ({ parts }) => parts,
  revive: unseal,
});

ensureIsolate();
const buffer = new SharedArrayBuffer(8);
bufferAddress(buffer); // makes it a shared object
/** Shared objects that messages name. */
export const sharedObjects: readonly object[] = [new Event(), buffer];
/** Functions that messages name. None throws, whatever it is called with. */
const functions = [Point, Names, Failure, unseal, Number.isInteger, (x: unknown) => [x]];

/** Returns the addresses that a message of {@linkcode randomValue} may name. */
export function knownAddresses(): ReadonlySet<number> {
  return new Set([
    ...functions.map((fn) => functionAddress(fn as () => unknown)),
    ...sharedObjects.map((object) => addressOf(object)!),
  ]);
}

const strings = ["", "a", "length", "__proto__", "constructor", "0", "z", "é", "\ud800", "言"];

/**
 * Returns a random value.
 *
 * @param named whether it may name functions and shared objects
 */
export function randomValue(random: Random, named: boolean, depth = 4): unknown {
  const kinds = depth > 0 ? [...leaves, ...branches, ...(named ? namedKinds : [])] : leaves;
  return random.pick(kinds)(random, (less = 1) => randomValue(random, named, depth - less));
}

type Inner = (less?: number) => unknown;
type Kind = (random: Random, inner: Inner) => unknown;

const text: (random: Random) => string = (random) =>
  random.pick(strings).repeat(random.pick([1, 1, 1, 3, 60]));
const list = <T>(random: Random, item: () => T): T[] =>
  Array.from({ length: random.int(0, 5) }, item);
const bytes = (random: Random) => new Uint8Array(list(random, () => random.int(0, 255)));

const leaves: Kind[] = [
  (random) => random.pick([undefined, null, true, false, NaN, -0, 2 ** 40, 0.5]),
  (random) => random.int(-200, 200),
  (random) => random.int(-(2 ** 31), 2 ** 31 - 1),
  text,
  (random) => BigInt(random.int(-1000, 1000)) ** BigInt(random.int(1, 9)),
];

const branches: Kind[] = [
  (random, inner) => list(random, inner),
  (random) => list(random, () => random.int(-9, 9)),
  (random) => list(random, () => random.next()),
  (random, inner) => {
    const holes: unknown[] = [inner()];
    holes[random.pick([3, 5000, 2 ** 25, 2 ** 32 - 2])] = inner();
    return holes;
  },
  (random, inner) => Object.fromEntries(list(random, () => [text(random), inner()])),
  (random, inner) => {
    const same = () => ({ a: inner(2), b: random.int(0, 9) });
    const first = same();
    return [first, same(), first, { first }];
  },
  (random, inner) => new Map(list(random, () => [inner(), inner()])),
  (random, inner) => new Set(list(random, inner)),
  (random) => new Date(random.pick([0, NaN, 1e12])),
  (random) => new RegExp(random.pick(["a|b", "(?<n>x)", "[/]"]), random.pick(["", "gi"])),
  (random) => /(?<first>a)(b)?/d.exec("xab".repeat(random.int(1, 2))),
  (random) => Object(random.pick([true, 5, "text", 10n])),
  (random) => bytes(random),
  (random) => bytes(random).buffer,
  (random) => new ArrayBuffer(random.int(0, 9), { maxByteLength: random.int(9, 99) }),
  (random) => new DataView(bytes(random).buffer),
  (random) => new Float64Array(list(random, () => random.next())),
  (random) => {
    const shared = new Uint8Array(16).fill(random.int(0, 255));
    return [shared.subarray(2), new Int16Array(shared.buffer, 4, 3), shared];
  },
  (_random, inner) => {
    const cyclic: Record<string, unknown> = { inner: inner() };
    cyclic.self = cyclic;
    return cyclic;
  },
  (random, inner) => Object.assign(new TypeError(text(random)), { code: inner() }),
  (_random, inner) => new AggregateError([new Error("one"), inner()], "all", { cause: inner() }),
  (_random, inner) => new Thrown(Object.assign(new Error("lost"), { no: Symbol(), yes: inner() })),
];

const namedKinds: Kind[] = [
  (random) => random.pick(functions),
  (random) => random.pick(sharedObjects),
  () => new Int32Array(buffer),
  (_random, inner) => Object.assign(new Point(), { y: inner() }),
  (random, inner) => new Names(list(random, () => [text(random), inner()])),
  (random, inner) => new Failure(text(random), { cause: inner() }),
  (_random, inner) => new Sealed(inner()),
];
