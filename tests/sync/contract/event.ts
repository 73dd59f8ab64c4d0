/**
 * The contract of an event.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Event } from "@sauropod/multiprocessing";
import { canDie, type Clause } from "./contract.ts";
import { ABORTED } from "./party.ts";
import { waiters } from "./waiters.ts";

/** The clauses for an `Event`. */
export const event: readonly Clause[] = [
  {
    name: "Event.wait() returns false when the event is not set in time",
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
    name: "Event.wait() returns true at once when the event is set",
    async run(world) {
      const [event, [first, second]] = [new Event(), world.parties(2)];
      await first.do(event, "set");
      assertEquals(await second.do(event, "isSet"), true);
      assertEquals(await second.do(event, "wait"), true);
      assertEquals(await second.do(event, "wait", { timeoutMs: 0 }), true);
    },
  },
  {
    name: "Event.set() wakes all waiters, also after clear()",
    async run(world) {
      const [event, [first, ...others]] = [new Event(), world.parties(5)];
      for (let times = 0; times < 3; times++) {
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
    name: "Event.set() wakes all waiters when clear() follows at once",
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
    name: "Event.wait() throws the reason of its signal",
    where: ({ blocksAs }) => !blocksAs(0),
    async run(world) {
      const [event, abortedBy, [first]] = [new Event(), new Event(), world.parties(1)];
      const { result } = await first.begin(event, "wait", { abortedBy });
      abortedBy.set();
      assertEquals(await result.catch((reason) => reason), ABORTED);
      assertEquals(waiters(event), 0);
    },
  },
  {
    name: "Event.set() wakes the other waiters when one has died",
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
