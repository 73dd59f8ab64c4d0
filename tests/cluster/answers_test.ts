/**
 * Asking servers that may not answer.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { answerOf, inParallel } from "../../lib/cluster/answers.ts";
import {
  errors,
  JetStreamApiError,
  JetStreamError,
  type NatsConnection,
} from "../../lib/cluster/nats.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

const connection = (isClosed = false) => ({ isClosed: () => isClosed }) as NatsConnection;

const api = (code: number) =>
  new JetStreamApiError({ code, err_code: 1, description: `status ${code}` });
const refused = new errors.PermissionViolationError("no", "publish", "a.subject");

/** Errors that say that no server has answered. */
const unanswered: Record<string, Error> = {
  "a server that is not ready": api(503),
  "nobody for JetStream": new JetStreamError("no", { cause: new errors.NoRespondersError("a") }),
  "no responders": new errors.NoRespondersError("a.subject"),
  "a timeout": new errors.TimeoutError(),
  "a request": new errors.RequestError("no", { cause: new errors.NoRespondersError("a.subject") }),
};
for (const [what, error] of Object.entries(unanswered)) {
  Deno.test(`answerOf() asks again a tenth of a second after ${what}`, async () => {
    using time = new FakeTime();
    let asked = 0;
    const answer = answerOf(
      connection(),
      () => ++asked < 3 ? Promise.reject(error) : Promise.resolve("answer"),
    );
    for (const expected of [1, 2]) {
      await turnsOfAnyClock();
      assertEquals(asked, expected);
      time.tick(99);
      await turnsOfAnyClock();
      assertEquals(asked, expected);
      time.tick(1);
    }
    assertEquals([await answer, asked], ["answer", 3]);
  });

  Deno.test(`answerOf() throws the error of ${what} if the connection is closed`, async () => {
    let asked = 0;
    const fails = () => Promise.reject(asked++ === 0 ? error : new Error("asked again"));
    assertStrictEquals(await assertRejects(() => answerOf(connection(true), fails)), error);
  });
}

/** Errors that are answers. */
const answers: Record<string, Error> = {
  "a status": api(404),
  "the user may not": new errors.RequestError("no", { cause: refused }),
  "JetStream": new JetStreamError("no", { cause: new RangeError("odd") }),
  "any other": new RangeError("no"),
};
for (const [what, error] of Object.entries(answers)) {
  Deno.test(`answerOf() throws an error that is an answer: ${what}`, async () => {
    let asked = 0;
    const fails = () => Promise.reject(asked++ === 0 ? error : new Error("asked again"));
    assertStrictEquals(await assertRejects(() => answerOf(connection(), fails)), error);
  });
}

Deno.test("inParallel() calls the function with each item, so many at a time", async () => {
  let [running, most] = [0, 0];
  const seen: number[] = [];
  await inParallel(3, [0, 1, 2, 3, 4, 5, 6], async (item) => {
    most = Math.max(most, ++running);
    await turnsOfAnyClock();
    seen.push(item);
    running--;
  });
  assertEquals([seen, most, running], [[0, 1, 2, 3, 4, 5, 6], 3, 0]);
  await inParallel(3, [], () => Promise.reject(new Error("there is none")));
});

Deno.test("inParallel() throws the first error, and begins no other item", async () => {
  const begun: number[] = [];
  const failure = new RangeError("no");
  const running = inParallel(2, [0, 1, 2, 3, 4], async (item) => {
    begun.push(item);
    if (item === 1) throw failure;
    for (let turns = 0; turns < 3; turns++) await turnsOfAnyClock();
  });
  assertStrictEquals(await assertRejects(() => running), failure);
  for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
  assertEquals(begun, [0, 1]);
});
