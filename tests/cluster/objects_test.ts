/**
 * Objects: what is too long for one message.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import { settingsOf } from "../../lib/cluster/cluster.ts";
import { Link } from "../../lib/cluster/link.ts";
import { Objects } from "../../lib/cluster/objects.ts";
import { Outbox } from "../../lib/cluster/outbox.ts";
import { Publisher } from "../../lib/cluster/publisher.ts";
import { joined } from "../../lib/wire/frames.ts";
import { test, TestCluster } from "./servers.ts";

/** A link, and objects of short pieces that use it. */
async function open(servers: TestCluster) {
  const link = await Link.open(settingsOf("test", { servers: servers.address, keepMs: 60_000 }));
  const { names, connection, manager } = link;
  const objects = new Objects({
    ...{ names, connection, manager, publisher: new Publisher(connection, new Outbox(connection)) },
    ...{ maxBytes: 1000, keepMs: 60_000, answerMs: 5000 },
  });
  const messages = async () => (await manager.streams.info(names.objects)).state.messages;
  return { link, objects, messages, [Symbol.asyncDispose]: () => link.close() };
}

const parts = [new Uint8Array(2500).map((_, at) => at * 7), new Uint8Array(), Uint8Array.of(1, 2)];

test("Objects.load() returns what store() was given", async () => {
  await using servers = await TestCluster.start();
  await using opened = await open(servers);
  const { objects, messages } = opened;
  for (const given of [parts, [], [new Uint8Array()], [new Uint8Array(100_000).fill(3)]]) {
    const name = await objects.store(given);
    assertEquals(joined(await objects.load(name!)), joined(given));
    objects.drop(name!);
  }
  while (await messages() > 0);
});

test("Objects.store() by two at once gives each a copy", async () => {
  await using servers = await TestCluster.start();
  await using one = await open(servers);
  await using other = await open(servers);
  const names = await Promise.all([one, other].map(({ objects }) => objects.store(parts)));
  one.objects.drop(names[0]!);
  assertEquals(joined(await one.objects.load(names[1]!)), joined(parts));
  await assertRejects(() => one.objects.load(names[0]!), CorruptMessageError, "not there any more");
});

test("Objects.storeShared() uses the copy of another one, and not one that is half written", async () => {
  await using servers = await TestCluster.start();
  await using one = await open(servers);
  await using other = await open(servers);
  const { link, messages } = one;
  link.connection.publish(link.names.object("0".repeat(24), "0"), parts[0].subarray(0, 1000));
  assertEquals(await one.objects.store(parts, () => false), undefined);
  const name = await one.objects.storeShared(parts);
  const stored = await messages();
  assertEquals(await other.objects.storeShared(parts), name);
  assertEquals(await messages(), stored);
  assertEquals(joined(await other.objects.load(name)), joined(parts));
});

test("Objects.load() believes no name and no piece", async () => {
  await using servers = await TestCluster.start();
  await using opened = await open(servers);
  const { link: { connection, names }, objects } = opened;
  const name = (await objects.store(parts))!;
  const [copy, pieces, bytes, hash] = name.split(".");
  const attacks = [
    "",
    `../${name}`,
    `>.${pieces}.${bytes}.${hash}`,
    `${copy}.${2 ** 26}.1.${hash}`,
    `${copy}.1.${2 ** 32}.${hash}`,
    `${copy}.${Number(pieces) + 1}.${bytes}.${hash}`,
    `${copy}.${Number(pieces) - 1}.${bytes}.${hash}`,
    `${copy}.${pieces}.${Number(bytes) + 1}.${hash}`,
    `${copy}.${pieces}.${Number(bytes) - 1}.${hash}`,
    `${copy}.${pieces}.${bytes}.${"0".repeat(64)}`,
  ];
  for (const attack of attacks) {
    await assertRejects(async () => await objects.load(attack), CorruptMessageError);
  }
  assertEquals(joined(await objects.load(name)), joined(parts));
  for (const piece of [new Uint8Array(1000), new Uint8Array(), new Uint8Array(900_000)]) {
    connection.publish(names.object(copy, "1"), piece);
    await connection.flush();
    await assertRejects(() => objects.load(name), CorruptMessageError, "other contents");
  }
});
