import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./scenario.ts";
import {
  addressOfShared,
  assertEmptyQueue,
  finds,
  nameChannel,
  proves,
  repeat,
  terminates,
} from "./prove.ts";
import { i32 } from "./stand_ins.ts";
import type { Connection } from "../../lib/channels/connection.ts";

/** Makes a pipe. `holders` are the isolates that have each of its ends. */
function makePipe(world: World, duplex: boolean, holders: [number[], number[]]) {
  const { sharedObject, pipe } = world.isolates[0];
  const ends = pipe.Pipe<number>({ duplex });
  const at = i32[addressOfShared(world, ends[0]) + 2];
  for (const channel of [at + 2, at + 2 + 56]) nameChannel(world, channel);
  const handles = ends.map((end, i) =>
    holders[i].map((holder) =>
      world.isolates[holder].sharedObject.handleFor(sharedObject.addressOf(end)!) as Connection<
        number
      >
    )
  );
  ends.forEach((end, i) => holders[i].includes(0) || end.close());
  return {
    handles,
    /** Closes an end in an isolate, as far as other isolates can see. */
    close: (isolate: number, i: number) =>
      world.isolates[isolate].sharedObject.notifyUnreachable(sharedObject.addressOf(ends[i])!),
    atEnd() {
      assertEmptyQueue(at + 2 + 34);
      assertEmptyQueue(at + 2 + 56 + 34);
    },
  };
}

const uses: Scenario["uses"] = ["pipe", "lifecycle"];

/** For a segment of each direction. */
const spareWords = 40;

/** Receives a message; the name of the error if there is none. */
function recv(end: Connection<number>): number | string {
  try {
    return end.recvSync();
  } catch (error) {
    return (error as Error).name;
  }
}

/** Sends a message; returns the name of the error if that fails. */
function send(end: Connection<number>, message: number): true | string {
  try {
    end.sendSync(message);
    return true;
  } catch (error) {
    return (error as Error).name;
  }
}

/** The sender is terminated at any moment: what it sent is received, and then an `EOFError`. */
const senderIsTerminated: Scenario = {
  name: "Pipe: the sender is terminated",
  isolates: 3,
  mortal: 1,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { handles: [[receiver], [sender]], atEnd } = makePipe(world, false, [[2], [1]]);
    return {
      programs: [
        [terminates(world, 1)],
        [() => send(sender, 7)],
        [
          () => recv(receiver),
          (first) => [first, recv(receiver)],
        ],
      ],
      atEnd([, sent, [first, second]]) {
        assertEquals([first, second], [first === 7 ? 7 : "EOFError", "EOFError"]);
        assert(sent !== true || first === 7, "a message is lost");
        atEnd();
      },
    };
  },
};

proves(senderIsTerminated);

/** The only receiver is terminated: afterwards sending fails. */
const receiverIsTerminated: Scenario = {
  name: "Pipe: the receiver is terminated",
  isolates: 3,
  mortal: 1,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { handles: [[receiver], [sender]], atEnd } = makePipe(world, false, [[1], [2]]);
    const gone = world.word("gone");
    return {
      programs: [
        [terminates(world, 1), () => void (i32[gone] = 1)],
        [() => recv(receiver)],
        [() => {
          const isGone = i32[gone] === 1;
          const sent = send(sender, 7);
          assert(!isGone || sent === "BrokenPipeError", "sent although there is no receiver");
          return sent;
        }],
      ],
      atEnd([, got, sent]) {
        assert(got !== 7 || sent === true, "received a message that was not sent");
        atEnd();
      },
    };
  },
};

proves(receiverIsTerminated);

/** Once an end has received an `EOFError`, it cannot send either. */
const closed: Scenario = {
  name: "Pipe: one side closes, the other sees it and then sends",
  isolates: 2,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { handles: [, [other]], close, atEnd } = makePipe(world, true, [[0], [1]]);
    return {
      programs: [
        [() => close(0, 0)],
        [() => assertEquals(recv(other), "EOFError"), () => send(other, 1)],
      ],
      atEnd([, sent]) {
        assertEquals(sent, "BrokenPipeError");
        atEnd();
      },
    };
  },
};

proves(closed);

/** Two isolates have the same end, and both close it: the receiver gets an `EOFError` after both have. */
const bothClose: Scenario = {
  name: "Pipe: two isolates close the end that both have",
  isolates: 3,
  forgetful: true,
  uses,
  spareWords,
  setUp(world) {
    const { handles: [[receiver], [first, second]], close, atEnd } = makePipe(world, false, [
      [0],
      [1, 2],
    ]);
    return {
      programs: [
        repeat(3, [(got: unknown[] | null) => [...got ?? [], recv(receiver)]]),
        [() => first.sendSync(1), () => close(1, 1)],
        [() => second.sendSync(2), () => close(2, 1)],
      ],
      atEnd([got]) {
        assertEquals(got.toSorted(), [1, 2, "EOFError"]);
        assertEquals(got[2], "EOFError");
        atEnd();
      },
    };
  },
};

proves(bothClose);

const CONNECTION = "lib/channels/connection.ts";

finds("a connection that sees EOF before the other direction is closed sends without a receiver", {
  file: CONNECTION,
  from: "        closeChannel(incoming(end), Closed.RECEIVERS_GONE);\n" +
    "        closeChannel(outgoing(end), Closed.SENDERS_GONE);",
  to: "        closeChannel(outgoing(end), Closed.SENDERS_GONE);\n" +
    "        closeChannel(incoming(end), Closed.RECEIVERS_GONE);",
}, closed);

finds("two users that are counted down in two steps leave the receiver asleep", {
  file: CONNECTION,
  from: "        if (Atomics.sub(i32, end + USERS, 1) > 1) return;",
  to:
    "        const users = i32[end + USERS];\n        i32[end + USERS] = users - 1;\n        if (users > 1) return;",
}, bothClose);

finds("a connection that the first of two users closes loses what the other sends", {
  file: CONNECTION,
  from: "        if (Atomics.sub(i32, end + USERS, 1) > 1) return;\n",
  to: "",
}, bothClose);

finds(
  "an isolate that ends without marking its pipes unreachable leaves the other side asleep",
  {
    file: "lib/runtime/lifecycle.ts",
    from: "  markAllHeldUnreachable(record);",
    to: "",
  },
  senderIsTerminated,
);
