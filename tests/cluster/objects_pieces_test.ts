/**
 * The pieces of objects, with a server that the test plays.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { FakeTime } from "@std/testing/time";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import { hashIn, Objects, type ObjectsAccess } from "../../lib/cluster/objects.ts";
import { namesOf } from "../../lib/cluster/protocol.ts";
import { joined } from "../../lib/wire/frames.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Objects of pieces of so many bytes at a server that is played. */
function played(maxBytes = 4) {
  const pieces = new Map<string, Uint8Array>();
  const log: string[] = [];
  const server = {
    ...{ pieces, log },
    /** How many pieces are on the way to it, and how many have been at most. */
    ...{ sending: 0, mostSending: 0, requested: 0, mostRequested: 0 },
    /** Pieces that it gives only after so many requests, by index. */
    late: new Map<number, number>(),
    shared: null as { time: Date; string(): string } | null,
  };
  const access = {
    names: namesOf("x"),
    ...{ maxBytes, keepMs: 1000, answerMs: 5000 },
    publisher: {
      async publish(subject: string, id: undefined, bytes: Uint8Array, isWanted: () => boolean) {
        server.mostSending = Math.max(server.mostSending, ++server.sending);
        await turnsOfAnyClock();
        server.sending--;
        if (!isWanted()) return false;
        assertEquals(id, undefined);
        pieces.set(subject, bytes);
        return true;
      },
    },
    connection: {
      isClosed: () => true, // whoever asks need not wait
      async request(subject: string, _: string, { timeout }: { timeout: number }) {
        assertEquals(timeout, 5000);
        server.mostRequested = Math.max(server.mostRequested, ++server.requested);
        await turnsOfAnyClock();
        server.requested--;
        const prefix = "$JS.API.DIRECT.GET.mp_x_objects.";
        assertEquals(subject.slice(0, prefix.length), prefix);
        const name = subject.slice(prefix.length);
        const index = Number(name.split(".").at(-1));
        const misses = server.late.get(index) ?? 0;
        server.late.set(index, misses - 1);
        log.push(`request ${index}`);
        const data = misses > 0 ? undefined : pieces.get(name);
        return data === undefined
          ? { data: new Uint8Array(), headers: { code: 404 } }
          : { data, headers: { code: 0 } };
      },
    },
    manager: {
      streams: {
        getMessage(_: string, { last_by_subj }: { last_by_subj: string }) {
          log.push(`look for ${last_by_subj}`);
          return Promise.resolve(server.shared);
        },
        purge(_: string, { filter }: { filter: string }) {
          log.push(`purge ${filter}`);
          return Promise.reject(new Error("no server"));
        },
      },
    },
  } as unknown as ObjectsAccess;
  return { server, objects: new Objects(access) };
}

const bytes = (length: number) => new Uint8Array(length).map((_, at) => at + 1);

Deno.test("Objects.store() cuts each part into pieces, and its name says what they are", async () => {
  const { server, objects } = played();
  const name = (await objects.store([bytes(9), new Uint8Array(), bytes(4)]))!;
  const [copy, pieces, length, hash] = name.split(".");
  assertEquals([pieces, length, hash], ["4", "13", hashOf(joined([bytes(9), bytes(4)]))]);
  assertEquals(hashIn(name), hash);
  assertEquals(
    [...server.pieces].map(([subject, piece]) => [subject, piece.length]),
    [4, 4, 1, 4].map((length, index) => [`mp.x.object.${copy}.${index}`, length]),
  );
  assertEquals(joined(await objects.load(name)), joined([bytes(9), bytes(4)]));
});

Deno.test("Objects sends and requests sixteen pieces at a time", async () => {
  const { server, objects } = played(1);
  const name = await objects.store([bytes(100)]);
  assertEquals(joined(await objects.load(name!)), bytes(100));
  assertEquals([server.mostSending, server.mostRequested], [16, 16]);
});

Deno.test("Objects.store() sends no more once they are not wanted, and removes what it has sent", async () => {
  const { server, objects } = played(1);
  let asked = 0;
  assertEquals(await objects.store([bytes(100)], () => ++asked <= 16), undefined);
  assertEquals([server.pieces.size, server.log.length], [16, 1]);
  assertEquals(/^purge mp\.x\.object\.[0-9a-f]{24}\.\*$/.test(server.log[0]), true);
});

Deno.test("Objects.storeShared() uses what another one has stored within half of the time that it is kept", async () => {
  using time = new FakeTime(10_000);
  const { server, objects } = played();
  const hash = hashOf(bytes(5));
  server.shared = { time: new Date(10_000), string: () => "another" };
  assertEquals(await objects.storeShared([bytes(3), bytes(5).subarray(3)]), "another");
  assertEquals([server.log, server.pieces.size], [[`look for mp.x.shared.${hash}`], 0]);
  time.tick(499);
  assertEquals(await objects.storeShared([bytes(5)]), "another");
  time.tick(1);
  const name = await objects.storeShared([bytes(5)]);
  assertEquals(hashIn(name), hash);
  assertEquals(server.pieces.get(`mp.x.shared.${hash}`), new TextEncoder().encode(name));
  server.shared = null;
  assertEquals(hashIn(await objects.storeShared([bytes(5)])), hash);
});

Deno.test("Objects.load() requests a piece five times that a replica may not have yet", async () => {
  using time = new FakeTime();
  const { server, objects } = played();
  const name = (await objects.store([bytes(7)]))!;
  server.late.set(1, 4);
  const loading = objects.load(name);
  for (let tries = 1; tries < 5; tries++) {
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    assertEquals(server.log.filter((text) => text === "request 1").length, tries);
    time.tick(99);
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    assertEquals(server.log.filter((text) => text === "request 1").length, tries);
    time.tick(1);
  }
  assertEquals(joined(await loading), bytes(7));
  server.late.set(0, 5);
  const text = "what it needs is not there any more (piece 0 of object ";
  const failing = assertRejects(() => objects.load(name), CorruptMessageError, text);
  for (let tries = 1; tries < 5; tries++) {
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    time.tick(100);
  }
  await failing;
});

Deno.test("Objects.load() throws if the object is other than its name says, and requests no more then", async () => {
  const { server, objects } = played(1);
  const name = (await objects.store([bytes(100)]))!;
  const [copy, pieces, , hash] = name.split(".");
  const load = (name: string) => objects.load(name);
  const text = "has other contents than its name says";
  const other = hashOf(bytes(3));
  await assertRejects(() => load(`${copy}.${pieces}.100.${other}`), CorruptMessageError, text);
  await assertRejects(() => load(`${copy}.${pieces}.101.${hash}`), CorruptMessageError, text);
  await assertRejects(() => load(`${copy}.99.100.${hash}`), CorruptMessageError, text);
  server.log.length = 0;
  await assertRejects(() => load(`${copy}.10.10.${hash}`), CorruptMessageError, text);
  assertEquals(server.log.length, 10);
  server.pieces.set(`mp.x.object.${copy}.3`, new Uint8Array());
  server.log.length = 0;
  await assertRejects(() => load(name), CorruptMessageError, text);
  assertEquals(server.log.length < 40, true, `${server.log.length} requests`);
  server.pieces.set(`mp.x.object.${copy}.3`, bytes(100)); // longer than all of it
  server.log.length = 0;
  await assertRejects(() => load(name), CorruptMessageError, text);
  assertEquals(server.log.length < 40, true, `${server.log.length} requests`);
});

Deno.test("hashIn() refuses names that no object can have", () => {
  const [copy, hash] = ["0".repeat(24), "a".repeat(64)];
  for (const [pieces, length] of [[0, 0], [1, 1], [1, 2 ** 31], [7, 7]]) {
    assertEquals(hashIn(`${copy}.${pieces}.${length}.${hash}`), hash);
  }
  const refused = [
    ...["", "a", `${copy}.1.1`, `${copy}.1.1.${hash}.`, `${copy}.a.1.${hash}`, `1.1.1.${hash}`],
    ...[`${copy}.1.${2 ** 31 + 1}.${hash}`, `${copy}.2.1.${hash}`],
  ];
  for (const name of refused) {
    assertThrows(() => hashIn(name), CorruptMessageError, "its object has no name");
  }
});
