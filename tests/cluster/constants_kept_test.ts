/**
 * Which constants callers, nodes and their processes keep, with a link that the test plays.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { constant, CorruptMessageError, Event } from "@sauropod/multiprocessing";
import {
  NodeConstants,
  type RemoteConstant,
  type SentConstant,
  SentConstants,
} from "../../lib/cluster/constants.ts";
import type { Link } from "../../lib/cluster/link.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, type ObjectAddress, objectWord } from "../../lib/objects/shared_object.ts";
import { joined } from "../../lib/wire/frames.ts";
import { test } from "../fixtures/guarded.ts";

const addressIn = (value: object) => addressOf(value) as ObjectAddress;
const referencesTo = (address: ObjectAddress) => i32[address + objectWord.REFERENCES];

/** Makes so many constants. */
const constants = (count: number) => Array.from({ length: count }, (_, n) => constant({ n }));

test("SentConstants keeps the eight constants that were sent last", () => {
  const values = constants(9);
  const addresses = values.map(addressIn);
  const before = addresses.map(referencesTo);
  {
    using sent = new SentConstants();
    const at = (index: number) => sent.at(addresses[index], new Set())!;
    const first = addresses.slice(0, 8).map((_, index) => at(index));
    for (const index of [7, 0]) assertStrictEquals(at(index), first[index]);
    assertEquals(addresses.map(referencesTo), before.map((n, index) => index < 8 ? n + 1 : n));
    at(8);
    assertStrictEquals(at(0), first[0]);
    assertEquals(referencesTo(addresses[1]), before[1]);
    assertEquals(at(1) === first[1], false);
    assertEquals(referencesTo(addresses[2]), before[2]);
  }
  assertEquals(addresses.map(referencesTo), before);
  assertEquals(values.length, 9);
});

test("SentConstants numbers the constants of a chunk, and no other objects", () => {
  using sent = new SentConstants();
  const [one, two] = constants(2);
  const event = new Event();
  const list: SentConstant[] = [];
  const numberOf = sent.numbersIn(list, new Set());
  const numbers = [one, two, one, event].map((value) => numberOf(addressIn(value)));
  assertEquals([numbers, list.length], [[0, 1, 0, undefined], 2]);
});

test("a SentConstant is stored once for each link, with those inside of it, and again after a failure", async () => {
  using sent = new SentConstants();
  const inner = constant({ name: "leaf" });
  const outer = constant({ part: inner });
  const one = sent.at(addressIn(outer), new Set())!;
  const stored: string[] = [];
  let fails = true;
  const linkOf = (name: string) =>
    ({
      settings: { keepMs: 1e9 },
      store(parts: Uint8Array[]) {
        if (fails) return Promise.reject(new RangeError("no server"));
        stored.push(new TextDecoder().decode(joined(parts)).includes("leaf") ? "inner" : "outer");
        return Promise.resolve(`${name} ${stored.at(-1)}`);
      },
    }) as unknown as Link;
  const link = linkOf("first");
  await assertRejects(() => one.headerFor(link), RangeError, "no server");
  fails = false;
  const { object, constants: inside } = await one.headerFor(link);
  assertEquals([object, inside.map(({ object }) => object)], ["first outer", ["first inner"]]);
  await one.headerFor(link);
  assertEquals(stored.splice(0).sort(), ["inner", "outer"]);
  assertEquals((await one.headerFor(linkOf("second"))).object, "second outer");
  assertEquals(stored.length, 2);
});

/** The constants of a node, whose objects have their own names as contents. */
async function node() {
  const parent = await Deno.makeTempDir();
  const loaded: string[] = [];
  let fails = false;
  const link = {
    load(object: string) {
      loaded.push(object);
      if (fails) return Promise.reject(new RangeError("not there"));
      return Promise.resolve([`of `, object].map((text) => new TextEncoder().encode(text)));
    },
  } as unknown as Link;
  const kept = new NodeConstants(link, parent);
  return {
    ...{ kept, loaded, parent },
    fail: (given: boolean) => fails = given,
    load: (header: unknown) => kept.load(header, (definitions) => definitions as never),
    async [Symbol.asyncDispose]() {
      await kept[Symbol.asyncDispose]();
      assertEquals([...Deno.readDirSync(parent)], []);
      await Deno.remove(parent);
    },
  };
}

const header = (object: string, constants: unknown = []) => ({
  ...{ object, streamBytes: 8, definitions: [object], constants },
});
const textIn = ({ path }: RemoteConstant) => Deno.readTextFileSync(path);
const isThere = ({ path }: RemoteConstant) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};

Deno.test("NodeConstants writes each constant to a file once, and those inside of it", async () => {
  await using all = await node();
  const { load, loaded } = all;
  const first = await load([header("a", [header("b")]), header("c")]);
  const [a, c] = first.constants;
  assertEquals([a, ...a.constants, c].map(textIn), ["of a", "of b", "of c"]);
  assertEquals([a.streamBytes, a.definitions], [8, ["a"]]);
  const second = await load([header("b"), header("a", [header("b")])]);
  assertEquals(second.constants.map(({ path }) => path), [a.constants[0].path, a.path]);
  assertEquals(loaded.sort(), ["a", "b", "c"]);
  for (const { end } of [first, second]) end();
});

Deno.test("NodeConstants keeps 32 constants that no chunk needs, and all that one does", async () => {
  await using all = await node();
  const { load } = all;
  const needed = await load([header("needed")]);
  const others: RemoteConstant[] = [];
  const add = async (name: string) => {
    const { constants: [constant], end } = await load([header(name)]);
    others.push(constant);
    end();
  };
  for (let at = 0; at < 31; at++) await add(`${at}`);
  assertEquals(others.every(isThere), true); // 32 with that which is needed
  await add("0"); // was used last now
  await add("31");
  while (isThere(others[1])); // it is removed in the background
  const gone = others.filter((one) => !isThere(one));
  assertEquals(gone, [others[1]]);
  assertEquals(isThere(needed.constants[0]), true);
  needed.end();
  await add("32");
  while (isThere(needed.constants[0])); // was used first
});

Deno.test("NodeConstants loads a constant again that was not there", async () => {
  await using all = await node();
  const { load, fail, loaded } = all;
  fail(true);
  await assertRejects(() => load([header("a")]), RangeError, "not there");
  fail(false);
  const { constants, end } = await load([header("a")]);
  assertEquals([constants.map(textIn), loaded], [["of a"], ["a", "a"]]);
  end();
});

Deno.test("NodeConstants refuses what is no list of constants, and what is nested too deep", async () => {
  await using all = await node();
  const { load } = all;
  const nested = (depth: number): unknown => depth === 0 ? [] : [header("a", nested(depth - 1))];
  const { end } = await load(nested(100));
  end();
  const refused: [unknown, string][] = [
    [nested(101), "its constants are no list"],
    [undefined, "its constants are no list"],
    [[header("a", "b")], "its constants are no list"],
    [[5], "its object is no text"],
  ];
  for (const [given, text] of refused) {
    await assertRejects(() => load(given), CorruptMessageError, text);
  }
});
