/**
 * What an event promises.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Event } from "@sauropod/multiprocessing";
import { type Body, canDie, waiters } from "./parties.ts";
import { ABORTED } from "./party.ts";

/** The bodies. */
export const event: readonly Body[] = [
  {
    name: "Event.wait() of a clear event is false, at once or when the time is up",
    async run(world) {
      const [event, [first]] = [new Event(), world.parties(1)];
      assertEquals(event.isSet(), false);
      for (const timeoutMs of [-1000, 0, 0.5, 30]) {
        assertEquals(await first.do(event, "wait", { timeoutMs }), false);
        assert(first.ms >= timeoutMs - 1.5, `${first.ms} ms`); // timers round
      }
      assertEquals(waiters(event), 0);
    },
  },
  {
    name: "Event.wait() of a set event is true at once",
    async run(world) {
      const [event, [first, second]] = [new Event(), world.parties(2)];
      await first.do(event, "set");
      assertEquals(await second.do(event, "isSet"), true);
      assertEquals(await second.do(event, "wait"), true);
      assertEquals(await second.do(event, "wait", { timeoutMs: 0 }), true);
    },
  },
  {
    name: "Event.set() wakes all who wait, also after clear()",
    async run(world) {
      const [event, [first, ...others]] = [new Event(), world.parties(5)];
      for (let turn = 0; turn < 3; turn++) {
        const waiting = [];
        for (const party of others) waiting.push(await party.begin(event, "wait"));
        await first.do(event, "set");
        for (const { result } of waiting) assertEquals(await result, true);
        await others[0].do(event, "clear");
        assertEquals(await first.do(event, "wait", { timeoutMs: 0 }), false);
      }
    },
  },
  {
    name: "Event.set() followed at once by clear() wakes all who wait",
    async run(world) {
      const [event, [first, ...others]] = [new Event(), world.parties(4)];
      const waiting = [];
      for (const party of others) waiting.push(await party.begin(event, "wait"));
      await Promise.all([first.do(event, "set"), first.do(event, "clear")]);
      for (const { result } of waiting) assertEquals(await result, true);
      assertEquals(event.isSet(), false);
    },
  },
  {
    name: "Event.wait() ends with the reason of a signal",
    where: (world) => !world.setting.blocksAs(0),
    async run(world) {
      const [event, abortedBy, [first]] = [new Event(), new Event(), world.parties(1)];
      const { result } = await first.begin(event, "wait", { abortedBy });
      abortedBy.set();
      assertEquals(await result.catch((reason) => reason), ABORTED);
      assertEquals(waiters(event), 0);
    },
  },
  {
    name: "Event.wait() of one that dies hinders nobody",
    where: canDie,
    async run(world) {
      const [event, [first, second, third]] = [new Event(), world.parties(3)];
      await second.begin(event, "wait");
      const { result } = await third.begin(event, "wait");
      await second.die("terminate");
      await first.do(event, "set");
      assertEquals(await result, true);
    },
  },
];
