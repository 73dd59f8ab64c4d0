/**
 * The connection that pools share: when it is opened and closed.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Link } from "../../lib/cluster/link.ts";
import { SharedLink } from "../../lib/cluster/shared_link.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

/** A shared connection whose openings the test plays. */
function played() {
  const time = new FakeTime();
  const log: string[] = [];
  let opened = 0;
  let fails: Error | undefined;
  let ends = Promise.resolve();
  const shared = new SharedLink(async () => {
    const number = ++opened;
    log.push(`open ${number}`);
    await turnsOfAnyClock();
    if (fails !== undefined) throw fails;
    const close = async () => {
      log.push(`close ${number}`);
      await ends;
      log.push(`closed ${number}`);
    };
    return { number, close } as unknown as Link;
  });
  return {
    shared,
    log,
    time,
    failWith: (error: Error | undefined) => fails = error,
    endWhen: (promise: Promise<void>) => ends = promise,
    async pass(ms: number) {
      await settled();
      time.tick(ms);
      await settled();
    },
    [Symbol.dispose]: () => time[Symbol.dispose](),
  };
}

const settled = () => turnsOfAnyClock(4);

const numberOf = (link: unknown) => (link as { number: number }).number;

Deno.test("SharedLink.use() opens one connection, which is closed a second after its last use", async () => {
  using all = played();
  const { shared, log, pass, time } = all;
  assertEquals(log, []);
  const uses = await Promise.all([shared.use(numberOf), shared.use(numberOf)]);
  assertEquals([uses, log.splice(0)], [[1, 1], ["open 1"]]);
  await pass(999);
  assertEquals(await shared.use(numberOf), 1); // the second begins anew
  await pass(999);
  assertEquals(log, []);
  await pass(1);
  assertEquals(log.splice(0), ["close 1", "closed 1"]);
  assertEquals(time.next(), false); // nothing keeps the program alive
  assertEquals(await shared.use(numberOf), 2);
  await shared.close();
  assertEquals([log.splice(0), time.next()], [["open 2", "close 2", "closed 2"], false]);
});

Deno.test("SharedLink stays open while somebody uses it", async () => {
  using all = played();
  const { shared, log, pass, time } = all;
  await shared.acquire();
  await shared.acquire();
  shared.release();
  await pass(2000);
  await shared.close();
  assertEquals(log.splice(0), ["open 1"]);
  shared.release();
  await pass(500);
  await shared.acquire();
  await pass(2000);
  assertEquals(log, []);
  shared.release();
  await shared.close();
  assertEquals([log, time.next()], [["close 1", "closed 1"], false]);
});

Deno.test("SharedLink.use() releases the connection if the function fails", async () => {
  using all = played();
  const { shared, log } = all;
  const fails = () => {
    throw new RangeError("no");
  };
  await assertRejects(() => shared.use(fails), RangeError, "no");
  await assertRejects(() => shared.useWithin({}, () => Promise.reject(new RangeError("no"))));
  await shared.close();
  assertEquals(log, ["open 1", "close 1", "closed 1"]);
});

Deno.test("SharedLink that cannot connect the first time throws, and tries again when it is next used", async () => {
  using all = played();
  const { shared, log, failWith, pass, time } = all;
  failWith(new RangeError("no server"));
  await assertRejects(() => shared.use(numberOf), RangeError, "no server");
  await assertRejects(() => shared.use(numberOf), RangeError, "no server");
  await pass(1000);
  assertEquals([log.splice(0), time.next()], [["open 1", "open 2"], false]);
  failWith(undefined);
  assertEquals(await shared.use(numberOf), 3);
  await shared.close();
});

Deno.test("SharedLink that was open tries every half second to connect, until nobody waits", async () => {
  using all = played();
  const { shared, log, failWith, pass } = all;
  await shared.use(numberOf);
  await shared.close();
  log.length = 0;
  failWith(new RangeError("no server"));
  const using_ = shared.use(numberOf);
  await pass(499);
  assertEquals(log, ["open 2"]);
  await pass(1);
  assertEquals(log, ["open 2", "open 3"]);
  failWith(undefined);
  await pass(500);
  assertEquals(await using_, 4);
  await shared.close();
  failWith(new RangeError("no server"));
  const acquired = assertRejects(() => shared.acquire(), RangeError, "no server");
  await settled();
  shared.release();
  await pass(500);
  await acquired;
  await shared.close();
});

Deno.test("SharedLink opens the next connection when the one before is closed", async () => {
  using all = played();
  const { shared, log, endWhen } = all;
  const end = Promise.withResolvers<void>();
  await shared.use(numberOf);
  endWhen(end.promise);
  let isClosed = false;
  const closing = shared.close().then(() => isClosed = true);
  const again = shared.use(numberOf);
  await settled();
  assertEquals([log, isClosed], [["open 1", "close 1"], false]);
  end.resolve();
  assertEquals(await again, 2);
  await closing;
  assertEquals(log, ["open 1", "close 1", "closed 1", "open 2"]);
  await shared.close();
});

Deno.test("SharedLink.useWithin() waits for the connection as long as its options say", async () => {
  const link = { close: () => Promise.resolve() } as Link;
  const shared = new SharedLink(() => Promise.resolve(link));
  assertEquals(await shared.useWithin({}, (found) => Promise.resolve(found === link)), true);
  await shared.close();
  const never = new SharedLink(() => new Promise(() => {}));
  const found = await never.useWithin({ timeoutMs: 0 }, (found) => Promise.resolve(found));
  assertEquals(found, undefined);
  const signal = AbortSignal.abort(new SyntaxError("enough"));
  const use = () => never.useWithin({ signal }, () => Promise.resolve());
  await assertRejects(use, SyntaxError, "enough");
  void never.close(); // no timer is left
});
