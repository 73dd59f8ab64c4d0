/**
 * Publishing and asking for chunks, with a connection that the tests play.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ClosedError } from "@sauropod/multiprocessing";
import { Deliveries, Delivery } from "../../lib/cluster/deliveries.ts";
import type { Outbox } from "../../lib/cluster/outbox.ts";
import type { Msg, NatsConnection } from "../../lib/cluster/nats.ts";
import { Publisher } from "../../lib/cluster/publisher.ts";

/** Waits until promises have been seen that are resolved. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await Promise.resolve();
}

/** What was published. */
interface Published {
  subject: string;
  data: string;
  id: string | undefined;
  reply: string | undefined;
}

type Callback = (error: Error | null, message: Msg) => void;

/** A connection that is played. */
class Played {
  readonly published: Published[] = [];
  isClosed_ = false;
  callback!: Callback;
  subscribed = "";
  unsubscribed = 0;
  readonly #status: ((event: { type: string } | undefined) => void)[] = [];

  isClosed(): boolean {
    return this.isClosed_;
  }

  subscribe(subject: string, { callback }: { callback: Callback }) {
    this.subscribed = subject;
    this.callback = callback;
    return { unsubscribe: () => this.unsubscribed++, isClosed: () => this.unsubscribed > 0 };
  }

  publish(
    subject: string,
    data: string | Uint8Array,
    options: { headers?: Headers; reply?: string } = {},
  ): void {
    this.published.push({
      subject,
      data: typeof data === "string" ? data : new TextDecoder().decode(data),
      id: options.headers?.get("Nats-Msg-Id") ?? undefined,
      reply: options.reply,
    });
  }

  async *status() {
    for (;;) {
      const event = await new Promise<{ type: string } | undefined>((resolve) =>
        this.#status.push(resolve)
      );
      if (event === undefined) return;
      yield event;
    }
  }

  /** Reports a change of the state, and waits until it has been seen. */
  async changes(type: string | undefined): Promise<void> {
    this.#status.shift()!(type === undefined ? undefined : { type });
    await settled();
  }

  /** Delivers an answer. */
  answers(subject: string, data: string, more: Partial<Msg> = {}): void {
    const message = { subject, data: new TextEncoder().encode(data), ...more } as Msg;
    this.callback(null, message);
  }

  get connection(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  /** Publishes everything at once. */
  get outbox(): Outbox {
    const publish = this.publish.bind(this);
    return { publish, publishLater: publish } as unknown as Outbox;
  }
}

/** A publisher, in time that is played. */
function played() {
  const time = new FakeTime();
  let now = 1000;
  const clock = stub(performance, "now", () => now);
  const connection = new Played();
  const publisher = new Publisher(connection.connection, connection.outbox);
  return {
    connection,
    publisher,
    time,
    /** Lets time pass, in steps of 50 milliseconds. */
    pass(ms: number): void {
      for (let passed = 0; passed < ms; passed += 50) {
        now += 50;
        time.tick(50);
      }
    },
    [Symbol.dispose]: () => {
      clock.restore();
      time.restore();
    },
  };
}

const payload = new TextEncoder().encode("payload");

Deno.test("Publisher.publish() resolves when the server has stored the message, and keeps no timer", async () => {
  using all = played();
  const { connection, publisher, time } = all;
  const stored = [1, 2].map((n) => publisher.publish(`to.${n}`, `id${n}`, payload, () => true));
  assertEquals(
    connection.published.map(({ subject, data, id }) => [subject, data, id]),
    [["to.1", "payload", "id1"], ["to.2", "payload", "id2"]],
  );
  const replies = connection.published.map(({ reply }) => reply!);
  assertEquals(
    replies.map((reply) => reply.startsWith(connection.subscribed.slice(0, -1))),
    [true, true],
  );
  connection.answers(replies[0], "{}");
  assertEquals(await stored[0], true);
  connection.answers(replies[0], "{}"); // a second answer says nothing new
  connection.callback(new Error("of the subscription"), undefined as never);
  all.pass(5000); // the other one is sent again
  assertEquals(connection.published.slice(2).map(({ id, reply }) => [id, reply]), [
    ["id2", replies[1]],
  ]);
  connection.answers(replies[1], "{}");
  assertEquals(await stored[1], true);
  assertEquals(time.next(), false);
});

Deno.test("Publisher.publish() sends a message again after 5 s, or soon if the server refuses it", async () => {
  using all = played();
  const { connection, publisher } = all;
  const stored = publisher.publish("to", "id", payload, () => true);
  const [{ reply }] = connection.published;
  all.pass(4900);
  assertEquals(connection.published.length, 1);
  all.pass(100);
  assertEquals(connection.published.length, 2);
  connection.answers(reply!, `{"error":{"code":503}}`);
  all.pass(100);
  assertEquals(connection.published.length, 3);
  all.pass(50);
  connection.answers(reply!, "", { headers: { code: 503 } as never });
  all.pass(50); // not a tenth of a second has passed
  assertEquals(connection.published.length, 3);
  all.pass(100);
  assertEquals(connection.published.length, 4);
  all.pass(4900);
  assertEquals(connection.published.length, 4);
  connection.answers(reply!, "{}", { headers: { code: 0 } as never });
  assertEquals(await stored, true);
  all.pass(10_000);
  assertEquals(connection.published.length, 4);
});

Deno.test("Publisher.publish() resolves to false when the message is not wanted any more", async () => {
  using all = played();
  const { connection, publisher, time } = all;
  const stored = publisher.publish("to", "id", payload, () => false);
  all.pass(5000);
  assertEquals([await stored, connection.published.length], [false, 1]);
  assertEquals(time.next(), false);
});

Deno.test("Publisher.publish() rejects when the connection is closed, before and after it was sent", async () => {
  using all = played();
  const { connection, publisher, time } = all;
  const stored = publisher.publish("to", "id", payload, () => true);
  publisher.close();
  await assertRejects(() => stored, ClosedError, "Cannot send to cluster");
  const second = publisher.publish("to", "id", payload, () => true);
  connection.isClosed_ = true;
  all.pass(5000);
  await assertRejects(() => second, ClosedError);
  await assertRejects(() => publisher.publish("to", "id", payload, () => true), ClosedError);
  assertEquals(connection.published.length, 2);
  assertEquals(time.next(), false);
});

/** A node that asks for chunks. */
function asking(makeConsumer: () => Promise<void> = () => Promise.resolve()) {
  const connection = new Played();
  const received: Delivery[] = [];
  let expired = 0;
  const access = { connection: connection.connection, outbox: connection.outbox, makeConsumer };
  const deliveries = new Deliveries({ ...access, stream: "mp_x_tasks", consumer: "nodes" }, {
    received: (delivery) => received.push(delivery),
    expired: () => expired++,
  });
  return { connection, deliveries, received, expired: () => expired };
}

Deno.test("Deliveries.ask() counts what was asked for, until it comes or the request ends", async () => {
  const { connection, deliveries, received, expired } = asking();
  deliveries.ask(0);
  deliveries.ask(-1);
  assertEquals([connection.published, deliveries.asked], [[], 0]);
  deliveries.ask(3);
  deliveries.ask(2);
  const [{ subject, data, reply }] = connection.published;
  assertEquals(subject, "$JS.API.CONSUMER.MSG.NEXT.mp_x_tasks.nodes");
  assertEquals(JSON.parse(data), { batch: 3, expires: 5e9 });
  assertEquals([reply, deliveries.asked], [connection.subscribed, 5]);
  connection.answers("task", "chunk", { reply: "$JS.ACK.s.c.2.7.7.0.0" });
  connection.callback(new Error("of the subscription"), undefined as never);
  assertEquals([received.length, deliveries.asked, expired()], [1, 4, 0]);
  const pending = (count: string) => ({ code: 408, get: () => count }) as never;
  connection.answers("task", "", { headers: pending("3") });
  assertEquals([received.length, deliveries.asked, expired()], [1, 1, 1]);
  connection.answers("task", "", { headers: pending("3") }); // more than are left
  assertEquals([deliveries.asked, expired()], [0, 2]);
  deliveries.ask(4);
  await connection.changes("disconnect");
  assertEquals([deliveries.asked, expired()], [4, 2]);
  await connection.changes("reconnect");
  assertEquals([deliveries.asked, expired()], [0, 3]);
  deliveries.stop();
  assertEquals(connection.unsubscribed, 1);
  await connection.changes(undefined);
});

Deno.test("Deliveries makes its consumer a tenth of a second after a request was refused", async () => {
  using time = new FakeTime();
  let made = 0;
  const outcomes = [() => Promise.resolve(), () => Promise.reject(new Error("no"))];
  const { connection, deliveries, received, expired } = asking(() => outcomes[made++]());
  for (const times of [1, 2]) {
    deliveries.ask(3);
    const noConsumer = { code: 404, get: () => "" } as never;
    connection.answers("task", "", { headers: noConsumer }); // drops all that was asked for
    assertEquals([deliveries.asked, made, expired()], [0, times - 1, times - 1]);
    time.tick(99);
    assertEquals(made, times - 1);
    time.tick(1);
    await settled();
    assertEquals([made, expired()], [times, times]); // also if it could not be made
  }
  connection.answers("task", "", { headers: { code: 409, get: () => "1" } as never });
  deliveries.stop();
  time.tick(100);
  await settled();
  assertEquals([made, expired(), received, time.next()], [2, 2, [], false]);
});

Deno.test("Deliveries asks again when its consumer has been made", async () => {
  using time = new FakeTime();
  const made = Promise.withResolvers<void>();
  const { connection, deliveries, expired } = asking(() => made.promise);
  deliveries.ask(1);
  connection.answers("task", "", { headers: { code: 404, get: () => "" } as never });
  time.tick(100);
  await settled();
  assertEquals(expired(), 0);
  made.resolve();
  await settled();
  assertEquals(expired(), 1);
  deliveries.stop();
});

Deno.test("Deliveries asks again when a server says nothing for seven seconds", async () => {
  using time = new FakeTime();
  let now = 0;
  using _clock = stub(performance, "now", () => now);
  const { connection, deliveries, expired } = asking();
  const pass = async (ms: number) => {
    for (const end = now + ms; now < end; now += 1000) {
      time.tick(1000);
      await settled();
    }
  };
  await pass(20_000);
  assertEquals(expired(), 0); // nothing was asked for
  deliveries.ask(3);
  await pass(6000);
  assertEquals([deliveries.asked, expired()], [3, 0]);
  connection.answers("task", "chunk", { reply: "$JS.ACK.s.c.1.7.7.0.0" });
  await pass(7000);
  assertEquals([deliveries.asked, expired()], [2, 0]);
  await pass(2000);
  assertEquals([deliveries.asked, expired()], [0, 1]);
  deliveries.ask(2);
  deliveries.ask(1);
  await pass(6000);
  assertEquals([deliveries.asked, expired()], [3, 1]);
  deliveries.stop();
  await pass(20_000);
  assertEquals([expired(), time.next()], [1, false]);
});

Deno.test("Deliveries takes only what a stream has delivered, and asks nothing after stop()", async () => {
  const { connection, deliveries, received, expired } = asking();
  deliveries.ask(2);
  connection.answers("task", "of anybody", { reply: "an.inbox" });
  connection.answers("task", "of anybody");
  connection.answers("task", "of anybody", { reply: "an.inbox.of.one.0" });
  assertEquals([received, deliveries.asked], [[], 2]);
  deliveries.stop();
  await connection.changes("reconnect");
  assertEquals([deliveries.asked, expired()], [0, 0]);
  await connection.changes(undefined);
});

Deno.test("a Delivery tells the server what becomes of it", () => {
  const connection = new Played();
  const of = (reply: string) =>
    new Delivery(
      connection.outbox,
      { subject: "mp.x.task.me.1.0", data: new Uint8Array([1]), reply } as Msg,
    );
  const delivery = of("$JS.ACK.stream.consumer.2.7.7.0.0");
  assertEquals([delivery.subject, delivery.data], ["mp.x.task.me.1.0", new Uint8Array([1])]);
  assertEquals(delivery.deliveryCount, 2);
  assertEquals(of("$JS.ACK.domain.account.stream.consumer.3.7.7.0.0.token").deliveryCount, 3);
  delivery.ack();
  delivery.working();
  delivery.nak();
  delivery.nak(20);
  delivery.term();
  assertEquals(
    connection.published.map(({ subject, data }) => [subject, data]),
    ["+ACK", "+WPI", '-NAK {"delay":0}', '-NAK {"delay":20000000}', "+TERM"]
      .map((data) => ["$JS.ACK.stream.consumer.2.7.7.0.0", data]),
  );
});
